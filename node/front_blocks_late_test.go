package node

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/mining"
)

// noNode is a courier to a node that is not there.
func noNode(context.Context, []byte) (fleet.Verdict, error) {
	return fleet.Verdict{}, errors.New("connection refused")
}

// early is a courier to a node whose clock is behind.
func early(_ context.Context, sealed []byte) (fleet.Verdict, error) {
	block, err := broughtBlock(sealed)
	if err != nil {
		return fleet.Verdict{}, err
	}
	return fleet.NewVerdict(block.Hash(), mining.Verdict{}, 6, mining.ErrTimeTooNew), nil
}

// refuses is a courier to a node on another branch.
func refuses(_ context.Context, sealed []byte) (fleet.Verdict, error) {
	block, err := broughtBlock(sealed)
	if err != nil {
		return fleet.Verdict{}, err
	}
	return fleet.NewVerdict(block.Hash(), mining.Verdict{}, 6, mining.ErrBadBits), nil
}

// TestARefusalIsNotTheLastWordAfterARestart: the second node has a block, which the first refuses, and the front's journal has it on
// the best chain. The front starts again while the second is away for a moment.
func TestARefusalIsNotTheLastWordAfterARestart(t *testing.T) {
	block, best, away := blockOf(7), uint64(7), false
	second := func(ctx context.Context, sealed []byte) (fleet.Verdict, error) {
		if away {
			return noNode(ctx, sealed)
		}
		return takes(&best)(ctx, sealed)
	}
	f := frontOf(t, refuses, second)
	if err := f.journal.Record(block, time.Now(), mining.Finder{Kind: mining.FoundByRig, Owner: "ada", Work: 5}); err != nil {
		t.Fatal(err)
	}
	if err := f.submitter.Replay(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := frontOf(t, refuses, second) // The next run, with the journal of this one.
	again.journal = f.journal
	again.submitter = mining.NewSubmitter(mining.SubmitterConfig{Sink: again.chain, Source: again.chain, Journal: f.journal})
	away = true
	if err := again.submitter.Replay(t.Context()); err != nil {
		t.Fatal(err)
	}
	fate, _, err := f.journal.Fate(block.Hash())
	if at := fate.Standing(f.journal.Has); err != nil || fate.Settled || at != mining.StateMain || len(again.openBlocks()) != 1 {
		t.Errorf("the block is %v, settled %v, and %d are looked after: %v", at, fate.Settled, len(again.openBlocks()), err)
	}
}

// TestOneWrongClockLosesNoBlock: the node whose work it is starts again as a rig finds a block, and the other one's clock is behind.
func TestOneWrongClockLosesNoBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block, best, away := blockOf(7), uint64(7), true
		f := frontOf(t, func(ctx context.Context, sealed []byte) (fleet.Verdict, error) {
			if away {
				return noNode(ctx, sealed)
			}
			return takes(&best)(ctx, sealed)
		}, early)
		if err := f.journal.Record(block, time.Now(), mining.Finder{Kind: mining.FoundByRig, Owner: "ada", Work: 5}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := f.submitter.Replay(t.Context()); err != nil {
				t.Fatal(err)
			}
			away = false
		}
		if fate, _, err := f.journal.Fate(block.Hash()); err != nil || fate.Standing(f.journal.Has) != mining.StateMain {
			t.Errorf("%+v, %v, expected it on the best chain", fate, err)
		}
	})
}

// TestWrongClocksOfAllNodesLoseNoBlock: the farm's only node has come back from a loss of power, and its clock is not set yet as the front
// brings a block that a rig has found. It is brought again until the clock is right, and in the next run of the front too.
func TestWrongClocksOfAllNodesLoseNoBlock(t *testing.T) {
	for _, restart := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			block, best, wrong := blockOf(7), uint64(7), true
			node := func(ctx context.Context, sealed []byte) (fleet.Verdict, error) {
				if wrong {
					return early(ctx, sealed)
				}
				return takes(&best)(ctx, sealed)
			}
			f := frontOf(t, node)
			if err := f.journal.Record(block, time.Now(), mining.Finder{Kind: mining.FoundByRig, Owner: "ada", Work: 5}); err != nil {
				t.Fatal(err)
			}
			if err := f.submitter.Replay(t.Context()); err != nil {
				t.Fatal(err)
			}
			if wrong = false; restart {
				next := frontOf(t, node)
				next.journal = f.journal
				next.submitter = mining.NewSubmitter(mining.SubmitterConfig{Sink: next.chain, Source: next.chain, Journal: f.journal})
				if err := next.submitter.Replay(t.Context()); err != nil {
					t.Fatal(err)
				}
			} else {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				_ = f.submitter.Run(ctx, ctx)
			}
			if fate, _, err := f.journal.Fate(block.Hash()); err != nil || fate.Standing(f.journal.Has) != mining.StateMain || fate.Settled {
				t.Errorf("restart %v: %+v, %v, expected it on the best chain", restart, fate, err)
			}
		})
	}
}

// TestSickBlocksHoldUpNoOther: of blocks that the first node has to hear of it says nothing decided of the lower ones, as of some that
// its chain can't take. Who asks for all of them again and again gets to the last.
func TestSickBlocksHoldUpNoOther(t *testing.T) {
	for _, ill := range []uint64{1, 7} {
		synctest.Test(t, func(t *testing.T) {
			brought := make(map[uint64]int)
			last, sick := 7+ill, false
			f := frontOf(t, func(ctx context.Context, sealed []byte) (fleet.Verdict, error) {
				block, err := broughtBlock(sealed)
				if err != nil {
					return fleet.Verdict{}, err
				}
				if brought[block.Height]++; sick && block.Height < last {
					return fleet.NewVerdict(block.Hash(), mining.Verdict{}, 8, mining.ErrChainFailed), nil
				}
				return takes(&last)(ctx, sealed)
			})
			for height := uint64(7); height <= last; height++ {
				if err := f.journal.Record(blockOf(height), time.Now(), mining.Finder{Kind: mining.FoundByRig, Owner: "ada", Work: 5}); err != nil {
					t.Fatal(err)
				}
			}
			if err := f.submitter.Replay(t.Context()); err != nil {
				t.Fatal(err)
			}
			sick = true
			clear(brought)
			tick := time.NewTicker(sendAgainEvery)
			defer tick.Stop()
			for range time.Hour / sendAgainEvery { // Without a word of any.
				<-tick.C
				f.askFates(t.Context())
			}
			if brought[7] < 50 || brought[last] < 15 {
				t.Errorf("in an hour the blocks were brought so many times, by height: %v", brought)
			}
		})
	}
}

// TestJournaledBlocksTakeNoPlace: one block that the journal could not take is owed to the first node, which is away, while more are
// taken than may be owed, all of which the journal has.
func TestJournaledBlocksTakeNoPlace(t *testing.T) {
	best := uint64(7)
	f := frontOf(t, noNode, takes(&best))
	by := mining.Finder{Kind: mining.FoundByRig, Owner: "ada"}
	for height := uint64(7); height < 7+100; height++ {
		block := blockOf(height)
		if height > 7 {
			if err := f.journal.Record(block, time.Now(), by); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := f.chain.Process(t.Context(), block, by); err != nil {
			t.Fatal(err)
		}
	}
	if all := f.chain.Owed(); len(all) != 1 || all[0].Block.Height != 7 {
		t.Errorf("%d blocks are owed, expected the one that is in no journal", len(all))
	}
}
