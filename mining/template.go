package mining

import (
	"fmt"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// Reason says why a template replaced the one before it. It is for people and
// metrics: whether work is stale follows from the template's Tip alone.
type Reason string

// The reasons for a new template.
const (
	NewParent Reason = "newparent"
	NewTxs    Reason = "newtxns"
	NewPayee  Reason = "newpayee"
	// Forced is for the age of the one before, or because somebody asked.
	Forced Reason = "forced"
)

// Template is a block in the making: everything but the extranonce, the nonce
// and, within limits, the timestamp. It is never changed after it is published;
// all fields are read-only.
type Template struct {
	// Tip is what the block builds on.
	Tip Tip
	// Height is the block's.
	Height uint64
	// Timestamp is the proposed one, in Unix seconds: the clock, but above the
	// median of the last 11 blocks.
	Timestamp uint64
	// Target is what the proof of work must not exceed.
	Target Target
	// Txs are the transactions behind the coinbase.
	Txs []*types.Tx
	// Fees is what they pay; Value is what the coinbase pays, fees and subsidy,
	// in the smallest unit of BTM.
	Fees, Value uint64
	// Gas is what they use of the block's 10,000,000.
	Gas uint64
	// Payee is whom the coinbase pays.
	Payee Payee
	// StatusRoot is the transaction status root. It does not depend on the
	// extranonce.
	StatusRoot bc.Hash
	// Reason says what the template was built for.
	Reason Reason
	// Built is when its build began, by the wall clock.
	Built time.Time

	published time.Time
	coinbase  *coinbase
	branch    [][32]byte
}

// newTemplate assembles a template of the chosen transactions. now is the clock
// of the chain that the block is for.
func newTemplate(tip Tip, chosen []Candidate, payee Payee, tag []byte, now time.Time, reason Reason) (*Template, error) {
	t := &Template{
		Tip:       tip,
		Height:    tip.Height + 1,
		Timestamp: max(uint64(now.Unix()), tip.MedianTime+1),
		Target:    TargetFromBits(tip.Bits),
		Payee:     payee,
		Reason:    reason,
		Built:     time.Now(),
	}
	status := bc.NewTransactionStatus()
	if err := status.SetStatus(0, false); err != nil {
		return nil, fmt.Errorf("transaction status of the coinbase: %w", err)
	}
	ids := make([][32]byte, 0, len(chosen))
	for i, c := range chosen {
		if err := status.SetStatus(i+1, c.GasOnly); err != nil {
			return nil, fmt.Errorf("transaction status of %s: %w", c.Tx.ID.String(), err)
		}
		t.Txs = append(t.Txs, c.Tx)
		t.Fees += c.Fee
		t.Gas += c.Gas
		ids = append(ids, c.Tx.ID.Byte32())
	}
	root, err := types.TxStatusMerkleRoot(status.VerifyStatus)
	if err != nil {
		return nil, fmt.Errorf("transaction status root: %w", err)
	}
	t.StatusRoot = root
	t.Value = consensus.BlockSubsidy(t.Height) + t.Fees
	t.coinbase, err = newCoinbase(t.Height, t.Value, payee, tag)
	if err != nil {
		return nil, err
	}
	t.branch = merkleBranch(ids)
	return t, nil
}

// block is the block that the template stands for, without a proof of work.
func (t *Template) block() (*types.Block, error) { return NewJob(t, 0).Block(t.Timestamp, 0) }

// root is the transactions merkle root for an extranonce. It allocates nothing.
func (t *Template) root(extranonce uint64) [32]byte {
	return climb(t.coinbase.id(extranonce), t.branch)
}
