package mining

import (
	"fmt"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc/types"
)

// CheckShape refuses blocks that Bytom's own code would panic on. Mapping the block
// is the part of its work that can; here a panic is an error.
func CheckShape(block *types.Block) (err error) {
	switch {
	case block == nil:
		return fmt.Errorf("%w: no block", ErrMalformed)
	case len(block.Transactions) == 0:
		return fmt.Errorf("%w: no transactions, expected a coinbase at least", ErrMalformed)
	case block.Nonce > MaxNonce:
		return fmt.Errorf("%w: nonce %#x is above %#x", ErrNonceRange, block.Nonce, uint64(MaxNonce))
	}
	for i, tx := range block.Transactions {
		if tx == nil || tx.Tx == nil {
			return fmt.Errorf("%w: transaction %d is missing", ErrMalformed, i)
		}
		if n := coinbaseInputs(tx); n > 1 {
			return &TxError{Index: i, ID: tx.ID, Err: fmt.Errorf("%w: %d coinbase inputs, expected one", ErrCoinbaseMultiple, n)}
		}
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrMalformed, p)
		}
	}()
	types.MapBlock(block)
	return nil
}

// coinbaseInputs counts them. Bytom's mapping completes the last alone: the others
// make its validation read what is not there.
func coinbaseInputs(tx *types.Tx) (n int) {
	for _, in := range tx.Inputs {
		if _, ok := in.TypedInput.(*types.CoinbaseInput); ok {
			n++
		}
	}
	return n
}

// CheckHeader applies the rules for a block on parent that cost nothing, and says
// which one is broken; Bytom's own errors are unexported. now is the chain's clock.
func CheckHeader(h *types.BlockHeader, parent Tip, now time.Time) error {
	limit := uint64(now.Unix()) + consensus.MaxTimeOffsetSeconds
	switch {
	case h.Version != 1:
		return fmt.Errorf("%w: version %d, expected 1", ErrBadVersion, h.Version)
	case h.Height != parent.Height+1:
		return fmt.Errorf("%w: height %d, expected %d", ErrBadHeight, h.Height, parent.Height+1)
	case h.PreviousBlockHash != parent.Hash:
		return fmt.Errorf("%w: previous block %s, expected %s", ErrBadParent, h.PreviousBlockHash.String(), parent.Hash.String())
	case h.Bits != parent.Bits:
		return fmt.Errorf("%w: bits %d, expected %d", ErrBadBits, h.Bits, parent.Bits)
	case h.Timestamp <= parent.MedianTime:
		return fmt.Errorf("%w: timestamp %d is not above the median %d of the last 11 blocks", ErrTimeTooOld, h.Timestamp, parent.MedianTime)
	case h.Timestamp > limit:
		return tooNew(h.Timestamp, uint64(now.Unix()))
	}
	return nil
}

// tooNew is the error for a timestamp that the clock is too far behind, whichever is wrong.
func tooNew(timestamp, now uint64) error {
	ahead := time.Duration(min(timestamp-now, 1<<33)) * time.Second
	return fmt.Errorf("%w: timestamp %d is %v ahead of this node's clock, expected an hour at most; if the clock is wrong, set it by NTP",
		ErrTimeTooNew, timestamp, ahead)
}

// CheckProof is nil if a Tensority result meets a target, else an error of kind
// ErrHighHash with both numbers.
func CheckProof(result [32]byte, target Target) error {
	if target.Met(result) {
		return nil
	}
	var number Target // the result as a big-endian number
	for i, b := range result {
		number[31-i] = b
	}
	return fmt.Errorf("%w: proof of work %s is above the target %s", ErrHighHash, number, target)
}
