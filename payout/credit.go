package payout

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
)

func sortCredits(all []Credit) {
	slices.SortFunc(all, func(a, b Credit) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), cmp.Compare(a.Manifest, b.Manifest))
	})
}

// Follow brings credits and funds to where the chain has their blocks: what is deep enough
// becomes payable, what left the main chain is reversed, however deep it was, and what came
// back is, too. Each step is a change of its own, so that it can be called again at any time.
func (b *Books) Follow(chain Chain) error {
	credits, err := b.Credits()
	if err != nil {
		return err
	}
	best, _ := chain.Best()
	// The highest first: what they pay for may depend on what is below.
	for i, c := range slices.Backward(credits) {
		hash, ok := chain.MainHash(c.Height)
		if on := ok && hash == c.Block; !on && c.State != CreditReversed {
			if err := b.update("reverse block "+c.Block.String(), func(w *writer) error { return w.reverse(c) }); err != nil {
				return err
			}
			credits[i].State = CreditReversed // It may be back before it is looked at below.
			b.log.Warn("a block that was split left the main chain: what it pays is reversed", "height", c.Height, "hash", c.Block.String())
		}
	}
	for _, c := range credits {
		hash, ok := chain.MainHash(c.Height)
		if !ok || hash != c.Block {
			continue
		}
		if c.State == CreditReversed {
			if err := b.update("block "+c.Block.String()+" is back", func(w *writer) error { return w.back(&c) }); err != nil {
				return err
			}
			b.log.Info("a block that was split is back on the main chain", "height", c.Height, "hash", c.Block.String())
		}
		if c.State == CreditProvisional && best >= PayableFrom(c.Height) {
			if err := b.update("mature block "+c.Block.String(), func(w *writer) error { return w.mature(c) }); err != nil {
				return err
			}
		}
	}
	return b.followFunds(chain)
}

// PayableFrom is the chain's height from which on what the block of a height pays is payable:
// the block above it may spend that.
func PayableFrom(height uint64) uint64 { return height + consensus.CoinbasePendingBlockNumber - 1 }

// followFunds looks whether funds that no batch spends were spent by hand, and whether that
// still holds.
func (b *Books) followFunds(chain Chain) error {
	funds, err := b.Funds()
	if err != nil {
		return err
	}
	for _, f := range funds {
		if f.State != FundReady && f.State != FundTaken {
			continue
		}
		unspent, err := chain.Unspent(f.Output)
		if err != nil {
			return fmt.Errorf("payouts: is %s spent? %w", f.Output.String(), err)
		}
		if unspent == (f.State == FundReady) || !b.onMain(chain, f) {
			continue // The next pass reverses its block.
		}
		taken := false
		err = b.update("fund "+f.Output.String(), func(w *writer) (err error) {
			if unspent {
				return w.untake(f.Output, FundReady)
			}
			if taken, err = w.take(f.Output); err != nil || !taken {
				return err
			}
			return w.stopOnce(fmt.Sprintf(spentElsewhere, f.Output.String(), BTM(int64(f.Amount))))
		})
		if err != nil {
			return err
		}
		if taken {
			b.log.Warn("an output that payouts had was spent by another transaction: it counts as the operator's withdrawal", "output", f.Output.String(), "neu", f.Amount)
		}
	}
	return nil
}

// spentElsewhere is why payouts stop at an output that something else has spent: books from a
// backup see the payments of the time since as just that, and would make them again.
const spentElsewhere = "output %s of %s was spent by a transaction that these books don't have: if they are an older copy, put the " +
	"latest in their place, as owners were paid by it; if you have spent it yourself, resume"

// onMain reports whether what a fund is of is on the main chain now.
func (b *Books) onMain(chain Chain, f Fund) bool {
	if f.Block == nil {
		batch, err := b.Batch(*f.Batch)
		if err != nil || batch.Block == nil {
			return false
		}
		f.Block, f.Height = batch.Block, batch.MinedAt
	}
	hash, ok := chain.MainHash(f.Height)
	return ok && hash == *f.Block
}

// setCredit moves a credit on.
func (w *writer) setCredit(c *Credit, state CreditState) error {
	c.State, c.Since = state, w.now
	return putJSON(w.tx.Bucket(creditsBucket), c.Block.Bytes(), c)
}

// manifestOf is a credit's manifest, which is there.
func (w *writer) manifestOf(block bc.Hash) (*Manifest, error) {
	m, err := readManifest(w.tx, block)
	if err == nil && m == nil {
		err = fmt.Errorf("block %s has no manifest", block.String())
	}
	return m, err
}

// mature makes what a block pays payable, and its coinbase a fund.
func (w *writer) mature(c Credit) error {
	m, err := w.manifestOf(c.Block)
	if err != nil {
		return err
	}
	fund := m.Coinbase
	fund.Block, fund.Height = &m.Block, m.Height
	if old, err := w.fund(fund.Output); err == nil {
		fund = old // It was payable before.
	} else if !errors.Is(err, errNoFund) {
		return err
	}
	return errors.Join(
		w.setCredit(&c, CreditPayable),
		w.post(KindMatured, c.Block.String(), m.matures()),
		w.restore(fund),
	)
}

// reverse takes back what a block pays. A batch that spent its coinbase is on no chain then
// either.
func (w *writer) reverse(c Credit) error {
	m, err := w.manifestOf(c.Block)
	if err != nil {
		return err
	}
	undone := m.credited()
	if c.State == CreditPayable {
		if err := w.lose(m.Coinbase.Output); err != nil {
			return err
		}
		for account, amount := range m.matures() {
			undone.add(account, amount)
		}
	}
	return errors.Join(
		w.setCredit(&c, CreditReversed),
		w.post(KindReversed, c.Block.String(), undone.negated()),
	)
}

// back is what a block pays once more; what was payable is so by its depth alone.
func (w *writer) back(c *Credit) error {
	m, err := w.manifestOf(c.Block)
	if err != nil {
		return err
	}
	return errors.Join(
		w.setCredit(c, CreditProvisional),
		w.post(KindBack, c.Block.String(), m.credited()),
	)
}
