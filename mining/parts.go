package mining

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// Parts are what the jobs of a template are cut from. With them a server that has no chain cuts
// jobs of its own; it takes the transactions for a found block alone.
type Parts struct {
	Tip Tip
	// Timestamp is the proposed one, in Unix seconds; Fees is what the transactions pay, in the
	// smallest unit of BTM, and Gas what they use.
	Timestamp, Fees, Gas uint64
	Payee                Payee
	// Tag is the operator's, of at most MaxTag bytes.
	Tag []byte
	// StatusRoot is the transaction status root, in the byte order that the chain prints.
	StatusRoot [32]byte
	// Branch is what turns the coinbase's leaf into the root, lowest first.
	Branch [][32]byte
	// Count is how many transactions are behind the coinbase.
	Count    int
	Sequence uint64
	Reason   Reason
}

// Parts are those of the template. They share its memory, and are read-only.
func (t *Template) Parts() Parts {
	return Parts{
		Tip: t.Tip, Timestamp: t.Timestamp, Fees: t.Fees, Gas: t.Gas, Payee: t.Payee, Tag: t.coinbase.tag(t.Height),
		StatusRoot: t.StatusRoot.Byte32(), Branch: t.branch, Count: t.count, Sequence: t.Sequence, Reason: t.Reason,
	}
}

// NewTemplateOf makes a template of its parts. txs returns the transactions behind the coinbase,
// in order; it is asked for each block that is found, may be called by several goroutines at a
// time, and may wait. The coinbase is built here, so that it pays the payee of the parts and
// nobody else; the error is of kind ErrNoPayee where that can't be paid. Txs, Chosen and what
// the stages took stay empty.
func NewTemplateOf(p Parts, txs func() ([]*types.Tx, error)) (*Template, error) {
	if p.Count < 0 || len(p.Branch) != depth(p.Count) {
		return nil, fmt.Errorf("branch of %d hashes, expected %d for %d transactions", len(p.Branch), depth(p.Count), p.Count)
	}
	t := &Template{
		Tip: p.Tip, Height: p.Tip.Height + 1, Timestamp: p.Timestamp, Target: TargetFromBits(p.Tip.Bits),
		Fees: p.Fees, Gas: p.Gas, Payee: p.Payee, StatusRoot: bc.NewHash(p.StatusRoot), Reason: p.Reason, Sequence: p.Sequence,
		Built: time.Now(), branch: p.Branch, count: p.Count, later: txs,
	}
	t.Value = consensus.BlockSubsidy(t.Height) + t.Fees
	var err error
	if t.coinbase, err = newCoinbase(t.Height, t.Value, p.Payee, p.Tag); err != nil {
		return nil, err
	}
	if err := t.prove(p.Payee.Program); err != nil {
		return nil, err
	}
	return t, nil
}

// depth is the length of the branch beside the first leaf of a tree with so many others.
func depth(others int) int { return bits.Len(uint(others)) }

// errOtherTxs means that transactions are not those that jobs were cut for.
var errOtherTxs = errors.New("the transactions are not those of the template")

// transactions are those behind the coinbase.
func (t *Template) transactions() ([]*types.Tx, error) {
	if t.later == nil {
		return t.Txs, nil
	}
	txs, err := t.later()
	if err != nil {
		return nil, fmt.Errorf("transactions of the template on block %d: %w", t.Tip.Height, err)
	}
	if len(txs) != t.count {
		return nil, fmt.Errorf("%w: %d, expected %d", errOtherTxs, len(txs), t.count)
	}
	ids := make([][32]byte, len(txs))
	for i, tx := range txs {
		ids[i] = tx.ID.Byte32()
	}
	if !slices.Equal(merkleBranch(ids), t.branch) {
		return nil, fmt.Errorf("%w: another merkle branch", errOtherTxs)
	}
	return txs, nil
}
