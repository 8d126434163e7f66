package payout

import (
	"math"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// spender is the transaction of the main chain that spends an input of a batch.
type spender struct {
	tx     *types.Tx
	block  bc.Hash
	height uint64
}

// scanner looks in the blocks of the main chain for what spends the inputs of batches. It
// starts anew where the chain was reorganised: see stale.
type scanner struct {
	spends map[bc.Hash]spender // by input
	inputs map[bc.Hash]bool    // that are looked for
	known  map[bc.Hash]bool    // batches whose inputs these are
	// next is the height of the next block to look into; top is the one before it.
	next uint64
	top  bc.Hash
}

// stale reports whether blocks that were looked at left the main chain.
func (s *scanner) stale(chain Chain) bool {
	if s.next == 0 {
		return false
	}
	hash, ok := chain.MainHash(s.next - 1)
	return !ok || hash != s.top
}

// run looks into the blocks that are new, or that are new to a batch. A reorganisation in
// between is noticed by the next pass, since the top is on the main chain no more.
func (s *scanner) run(chain Chain, batches []Batch) error {
	best, _ := chain.Best()
	from := s.next
	if s.spends == nil {
		*s = scanner{spends: make(map[bc.Hash]spender), inputs: make(map[bc.Hash]bool), known: make(map[bc.Hash]bool)}
		from = best // Whatever is open looks further down.
	}
	for _, b := range batches {
		if s.known[b.ID] {
			continue
		}
		s.known[b.ID] = true
		for _, input := range b.Inputs {
			s.inputs[input] = true
		}
		// It may be mined below the height at which it was stored, after a reorganisation.
		from = min(from, b.Height-min(b.Height, finalDepth))
	}
	return s.look(chain, from)
}

// deeper looks into all blocks from a height on once more.
func (s *scanner) deeper(chain Chain, from uint64) error { return s.look(chain, from) }

func (s *scanner) look(chain Chain, from uint64) error {
	for height := from; height < math.MaxUint64; height++ {
		hash, ok := chain.MainHash(height)
		if !ok {
			return nil
		}
		if len(s.inputs) > 0 {
			block, err := chain.Block(hash)
			if err != nil {
				return err
			}
			for _, tx := range block.Transactions {
				for _, input := range tx.SpentOutputIDs {
					if s.inputs[input] {
						s.spends[input] = spender{tx, hash, height}
					}
				}
			}
		}
		s.next, s.top = height+1, hash
	}
	return nil
}

// spent is what spends a batch's inputs, as far as it was seen.
func (s *scanner) spent(b Batch) (own *spender, others map[bc.Hash]spender) {
	others = make(map[bc.Hash]spender)
	for _, input := range b.Inputs {
		by, ok := s.spends[input]
		switch {
		case ok && by.tx.ID == b.ID:
			own = &by
		case ok:
			others[input] = by
		}
	}
	return own, others
}
