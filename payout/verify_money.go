package payout

import (
	"fmt"

	"github.com/bytom/bytom/protocol/bc"
)

// money holds what the books say is there to the chain: coinbases that can't be spent yet, and
// funds. What a mined batch moved counts as moved.
func (v *verifier) money() error {
	immature, spendable := int64(0), int64(0)
	young := make(map[bc.Hash]bool)
	credits, err := readCredits(v.tx)
	if err != nil {
		return err
	}
	for _, c := range credits {
		hash, ok := v.chain.MainHash(c.Height)
		if on := ok && hash == c.Block; on == (c.State == CreditReversed) {
			v.report.wrong("block %s at height %d is %s, and on the main chain: %v", c.Block.String(), c.Height, c.State, on)
		}
		v.reversed[c.Block] = c.State == CreditReversed
		if c.State != CreditProvisional {
			continue
		}
		m, err := readManifest(v.tx, c.Block)
		if err != nil {
			return err
		}
		immature += int64(m.Reward)
		young[m.Coinbase.Output] = true
		if err := v.shown(m.Coinbase, true); err != nil {
			return err
		}
	}
	funds, err := readFunds(v.tx)
	if err != nil {
		return err
	}
	for _, f := range funds {
		mined, err := v.mined(f.UsedBy)
		if err != nil {
			return err
		}
		again, err := v.mined(f.Batch)
		if err != nil {
			return err
		}
		here := f.State == FundReady || f.State == FundStaged
		if here {
			spendable += int64(f.Amount)
		}
		if f.State == FundAbsent && (again || young[f.Output]) {
			continue // It is on the chain again, and not deep.
		}
		if err := v.shown(f, here && !mined); err != nil {
			return err
		}
	}
	for account, there := range map[string]int64{Immature: immature, Spendable: spendable} {
		balance, err := readBalance(v.tx.Bucket(balancesBucket), account)
		if err != nil {
			return err
		}
		if balance != there {
			v.report.wrong("%s is %d neu, and its outputs have %d", account, balance, there)
		}
	}
	return nil
}

// mined reports whether a batch, if there is one, is on the main chain by the books.
func (v *verifier) mined(id *bc.Hash) (bool, error) {
	if id == nil {
		return false, nil
	}
	batch, _, err := v.batch(*id)
	return batch.State == BatchMined || batch.State == BatchPaid, err
}

// shown holds whether the chain has an output unspent to what it should.
func (v *verifier) shown(f Fund, want bool) error {
	unspent, err := v.chain.Unspent(f.Output)
	if err != nil {
		return fmt.Errorf("is output %s spent? %w", f.Output.String(), err)
	}
	if unspent != want {
		v.report.wrong("output %s of %d neu, which is %s, is unspent on the chain: %v, expected %v", f.Output.String(), f.Amount, f.State, unspent, want)
	}
	return nil
}
