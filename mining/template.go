package mining

import (
	"bytes"
	"fmt"
	"slices"
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
	// Txs are the transactions behind the coinbase, and Chosen what is known of each.
	Txs    []*types.Tx
	Chosen []Candidate
	// Fees is what they pay; Value is what the coinbase pays, fees and subsidy,
	// in the smallest unit of BTM.
	Fees, Value uint64
	// Gas is what they use of the block's 10,000,000.
	Gas uint64
	// Payee is the coinbase's.
	Payee Payee
	// StatusRoot is the transaction status root. It does not depend on the
	// extranonce.
	StatusRoot bc.Hash
	// Reason says what the template was built for.
	Reason Reason
	// Built is when its build began, by the wall clock; Selected, Assembled and Checked
	// are what its stages took.
	Built                        time.Time
	Selected, Assembled, Checked time.Duration
	// Sequence is another where work is: it stays where a template replaces one of the
	// same parent, payee and transactions.
	Sequence uint64

	published time.Time
	coinbase  *coinbase
	proven    *coinbase // a copy of what was decoded and found to pay right; nil before
	branch    [][32]byte
	count     int                         // of the transactions behind the coinbase
	later     func() ([]*types.Tx, error) // what they are, of a template that NewTemplateOf made
}

// newTemplate assembles a template of the chosen transactions. now is the clock
// of the chain that the block is for.
func newTemplate(tip Tip, chosen []Candidate, payee Payee, tag []byte, now time.Time, reason Reason) (*Template, error) {
	return newTemplateBy(newCoinbase, tip, chosen, payee, tag, now, reason)
}

// coinbaseBuilder is newCoinbase, or what a test puts in its place.
type coinbaseBuilder func(height, amount uint64, payee Payee, tag []byte) (*coinbase, error)

func newTemplateBy(build coinbaseBuilder, tip Tip, chosen []Candidate, payee Payee, tag []byte, now time.Time, reason Reason) (*Template, error) {
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
	t.Chosen = chosen
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
	t.coinbase, err = build(t.Height, t.Value, payee, tag)
	if err != nil {
		return nil, err
	}
	t.branch, t.count = merkleBranch(ids), len(ids)
	return t, nil
}

// For is the same template for another payee and operator's tag. The error is of kind
// ErrNoPayee where the payee can't be paid, and ErrPayeeMismatch where the coinbase does not
// pay it all the same.
func (t *Template) For(payee Payee, tag []byte) (*Template, error) {
	coinbase, err := newCoinbase(t.Height, t.Value, payee, tag)
	if err != nil {
		return nil, err
	}
	other := *t
	other.Payee, other.coinbase = payee, coinbase
	if err := other.prove(payee.Program); err != nil {
		return nil, err
	}
	return &other, nil
}

// SameWork reports whether another template asks for the same block, but for its
// timestamp.
func (t *Template) SameWork(other *Template) bool {
	return t.Tip.Hash == other.Tip.Hash && t.Fees == other.Fees && t.StatusRoot == other.StatusRoot && slices.Equal(t.branch, other.branch) && t.SamePayee(other)
}

// SamePayee reports whether another template of the same height pays the same payee, with
// the same operator's tag.
func (t *Template) SamePayee(other *Template) bool {
	return bytes.Equal(t.coinbase.arbitrary, other.coinbase.arbitrary) && bytes.Equal(t.coinbase.program, other.coinbase.program)
}

// block is the block that the template stands for, without a proof of work.
func (t *Template) block() (*types.Block, error) { return NewJob(t, 0).Block(t.Timestamp, 0) }
