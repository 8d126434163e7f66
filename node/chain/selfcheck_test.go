package chain_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection"
)

// TestASubmitGivesTheReasonOfTheProposal solves each faulty block and submits it.
func TestASubmitGivesTheReasonOfTheProposal(t *testing.T) {
	c := newCheckTest(t)
	for _, test := range c.faults(t) {
		if test.want == mining.ErrBadParent || test.name == "hollow transaction" {
			continue // A submit may be for another block than the tip; and what is hollow has no hash.
		}
		t.Run(test.name, func(t *testing.T) {
			block := test.block
			if test.want != mining.ErrMalformed && test.want != mining.ErrNonceRange {
				c.Work(t, block)
			}
			if test.want == mining.ErrCoinbaseMultiple {
				// The chain knows a coinbase by its place in memory: the very same one twice
				// is something that no peer can send.
				block = overTheWire(t, block)
			}
			if _, err := c.Chain.Process(t.Context(), block, mining.Finder{}); !errors.Is(err, test.want) {
				t.Errorf("error %v, expected %s", err, test.want)
			}
		})
	}
	if best := c.Chain.Tip(); best.Hash != c.good.PreviousBlockHash {
		t.Errorf("the tip moved to height %d", best.Height)
	}
	c.Process(t, c.good)
}

// TestARefusedBlockIsADuplicateThatIsInvalid submits blocks twice whose inputs are at
// fault: the chain indexes them before it looks at those.
func TestARefusedBlockIsADuplicateThatIsInvalid(t *testing.T) {
	c := newCheckTest(t)
	submit := func(b *types.Block) mining.Verdict {
		t.Helper()
		v, err := c.Submitter.SubmitBlock(t.Context(), b, mining.Finder{})
		if err != nil || v.Outcome != mining.Duplicate || v.Main {
			t.Errorf("again: %+v, %v, expected a duplicate", v, err)
		}
		return v
	}
	var refused []*types.Block
	for _, test := range c.faults(t) {
		if test.want != mining.ErrBadInput {
			continue
		}
		c.Work(t, test.block)
		if _, err := c.Submitter.SubmitBlock(t.Context(), test.block, mining.Finder{}); !errors.Is(err, mining.ErrBadInput) {
			t.Errorf("%s: error %v, expected %s", test.name, err, mining.ErrBadInput)
		}
		if id := test.block.Hash(); !c.Chain.BlockExist(&id) {
			t.Fatalf("%s: the chain has not kept it", test.name)
		}
		refused = append(refused, test.block)
		for _, remembered := range []bool{true, false} {
			if !remembered {
				c.Chain.ForgetRefused() // As another run would have it.
			}
			if v := submit(test.block); !errors.Is(v.Invalid, mining.ErrBadInput) {
				t.Errorf("%s: remembered %v: invalid for %v, expected %s", test.name, remembered, v.Invalid, mining.ErrBadInput)
			}
		}
	}
	if len(refused) < 5 {
		t.Fatalf("%d blocks were refused for their inputs", len(refused))
	}
	again := refused[0]
	c.Chain.SetRefused(again.Hash(), mining.ErrBadInput)
	c.Process(t, c.good)
	if v := submit(again); !errors.Is(v.Invalid, mining.ErrBadInput) {
		t.Errorf("under another tip: invalid for %v, expected %s", v.Invalid, mining.ErrBadInput)
	}
	if v := submit(refused[1]); v.Invalid != nil {
		t.Errorf("under another tip, in another run: invalid for %v, which nobody can know", v.Invalid)
	}
	if v, err := c.Submitter.SubmitBlock(t.Context(), c.good, mining.Finder{}); err != nil || v.Outcome != mining.Duplicate || !v.Main || v.Invalid != nil {
		t.Errorf("the best block again: %+v, %v", v, err)
	}
}

// TestCheckGivesTheReason holds the check to each fault's reason, and to which
// transaction is at fault.
func TestCheckGivesTheReason(t *testing.T) {
	c := newCheckTest(t)
	for _, test := range c.faults(t) {
		t.Run(test.name, func(t *testing.T) {
			err := c.Chain.Check(t.Context(), test.block)
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("error %v, expected %s with %q", err, test.want, test.text)
			}
			var fault *mining.TxError
			if errors.As(err, &fault) != (test.tx != -1) {
				t.Fatalf("error %v: a transaction's fault: %v", err, fault != nil)
			}
			if test.tx >= 0 && (fault.Index != test.tx || fault.ID != test.block.Transactions[test.tx].ID) {
				t.Errorf("at fault is %d, %s, expected %d", fault.Index, fault.ID.String(), test.tx)
			}
		})
	}
	c.expectUntouched(t)
}

// expectUntouched holds that all the checks changed nothing, cost no proof of work,
// and that the good block still passes, as does a pool's choice.
func (c checkTest) expectUntouched(t *testing.T) {
	t.Helper()
	hashes := c.Verifying.Hashes.Load()
	for range 2 {
		if err := c.Chain.Check(t.Context(), c.good); err != nil {
			t.Errorf("the good block: %v", err)
		}
	}
	if n := c.Verifying.Hashes.Load() - hashes; n != 0 {
		t.Errorf("%d hashes for a check", n)
	}
	if h, n := c.Bytom.BestBlockHeight(), len(c.Pool.GetTransactions()); h != 2 || n != 4 {
		t.Errorf("height %d and %d pooled transactions after checks, expected 2 and 4", h, n)
	}
	if id := c.good.Hash(); c.Chain.BlockExist(&id) {
		t.Error("the chain knows the checked block")
	}
	if err := c.Chain.Check(t.Context(), c.edit(func(*types.Block) {})); err != nil {
		t.Errorf("a copy of the good block: %v", err)
	}
}

// TestCheckUsesItsClock moves the clock instead of the block.
func TestCheckUsesItsClock(t *testing.T) {
	c := newCheckTest(t)
	c.Config.Now = func() time.Time { return time.Unix(int64(c.good.Timestamp)-3601, 0) }
	if err := chain.New(c.Config).Check(t.Context(), c.good); !errors.Is(err, mining.ErrTimeTooNew) {
		t.Errorf("error %v, expected %s", err, mining.ErrTimeTooNew)
	}
	c.Config.Now = func() time.Time { return time.Unix(int64(c.good.Timestamp)-3600, 0) }
	if err := chain.New(c.Config).Check(t.Context(), c.good); err != nil {
		t.Error(err)
	}
}

// TestCheckOfAnUnseenBlock has no template made before: nothing is known of its
// transactions.
func TestCheckOfAnUnseenBlock(t *testing.T) {
	c := newCheckTest(t)
	c.Config.Selector = selection.New(selection.Config{Chain: c.Bytom, Log: c.Config.Log})
	c.Chain = chain.New(c.Config)
	if err := c.Chain.Check(t.Context(), c.good); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Chain.Check(ctx, c.good); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
}

// TestCheckValidatesTheCoinbaseInItsPlace has the selector see a coinbase, which is
// invalid in a pool.
func TestCheckValidatesTheCoinbaseInItsPlace(t *testing.T) {
	c := newCheckTest(t)
	pool := []*protocol.TxDesc{{Tx: c.good.Transactions[0]}}
	if chosen, err := c.Selector.Choose(t.Context(), pool, c.good.Height); err != nil || len(chosen) != 0 {
		t.Fatalf("%d chosen, error %v", len(chosen), err)
	}
	if err := c.Chain.Check(t.Context(), c.good); err != nil {
		t.Error(err)
	}
}

// TestCheckBesideABusyChain checks templates while others choose and blocks connect:
// none may be found faulty but for a tip that moved.
func TestCheckBesideABusyChain(t *testing.T) {
	p := chaintest.NewPoisoned(t, rand.New(rand.NewPCG(1, 29)))
	p.Grow(t, 101)
	p.Spoil(t, 100)
	var current atomic.Pointer[types.Block]
	current.Store(chaintest.Unsolved(t, p.FullTemplate(t)))
	var passed, late atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	var sides sync.WaitGroup
	for range 2 {
		sides.Go(func() {
			for ctx.Err() == nil {
				switch err := p.Chain.Check(ctx, current.Load()); {
				case err == nil:
					passed.Add(1)
				case errors.Is(err, mining.ErrBadParent):
					late.Add(1)
				case ctx.Err() == nil:
					t.Errorf("a template's block: %v", err)
				}
			}
		})
		sides.Go(func() {
			for ctx.Err() == nil {
				if _, err := p.Chain.Select(ctx, p.Chain.Tip()); err != nil && !errors.Is(err, mining.ErrTipMoved) && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	for passed.Load() == 0 && !t.Failed() { // All are under way.
		time.Sleep(time.Millisecond)
	}
	for range 20 {
		p.Grow(t, 1)
		b := chaintest.Unsolved(t, p.FullTemplate(t))
		current.Store(b)
		solved := *b
		p.Process(t, &solved)
	}
	cancel()
	sides.Wait()
	t.Logf("%d checks passed, %d were late", passed.Load(), late.Load())
}
