package node

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

const (
	// sendAgainEvery is the time between two looks at found blocks that no node has answered for.
	sendAgainEvery = 5 * time.Second
	// silentFate is how long nodes may say nothing of a block until they are asked. By themselves
	// they speak of it each minute until its reward can be spent, by the engine, which can be away.
	silentFate = 150 * time.Second
	// unansweredFate is the time until a block is asked for again that no node answered for.
	unansweredFate = 30 * time.Second
)

// sendAgain brings blocks to the nodes that none has answered for, those of an earlier run too, until ctx ends.
func (f *Front) sendAgain(ctx context.Context) error {
	return each(ctx, sendAgainEvery, func() {
		if err := f.submitter.Replay(ctx); err != nil && ctx.Err() == nil {
			f.log.Error("found blocks were not submitted again", "error", err)
		}
	})
}

// askAgain asks the nodes for blocks of which nothing was heard for long, until ctx ends: beside sendAgain, as each may
// take as long as nodes are waited for.
func (f *Front) askAgain(ctx context.Context) error {
	return each(ctx, sendAgainEvery, func() { f.askFates(ctx) })
}

// each does something at once and again and again, until ctx ends, and returns its error.
func each(ctx context.Context, every time.Duration, do func()) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		do()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// askFates asks the nodes for blocks that they took, of which the first says nothing: those of an earlier run before
// all others. The first node books the shares, and has to know of each; it may have been away when another took one, or
// have lost it with its disk. Where none answers the rest wait for the next time, and have their turn then.
func (f *Front) askFates(ctx context.Context) {
	all := f.openBlocks()
	maps.DeleteFunc(f.asked, func(id bc.Hash, _ time.Time) bool {
		return !slices.ContainsFunc(all, func(b openBlock) bool { return b.id == id })
	})
	slices.SortStableFunc(all, func(a, b openBlock) int { return f.asked[a.id].Compare(f.asked[b.id]) }) // So that each has its turn.
	for _, b := range all {
		if time.Since(f.asked[b.id]) < silentFate || time.Since(f.chain.HeardFirst(b.id)) < silentFate {
			continue
		}
		log := f.log.With("height", b.height, "hash", b.id.String())
		block, err := b.read()
		if err != nil {
			log.Debug("a found block can't be read, so that nobody is asked where it stands", "error", err)
			continue
		}
		if err := f.chain.Ask(ctx, block, b.by); err != nil {
			log.Debug("it is not known where a found block stands", "error", err)
			f.asked[b.id] = time.Now().Add(unansweredFate - silentFate)
			return
		}
		f.asked[b.id] = time.Now()
	}
}

// openBlock is a block that a node took, and whose reward can't be spent yet.
type openBlock struct {
	id     bc.Hash
	height uint64
	by     mining.Finder
	read   func() (*types.Block, error)
}

// openBlocks are those that the journal has, and then those that it could not take which the first node may not have.
func (f *Front) openBlocks() (all []openBlock) {
	if f.journal != nil {
		for _, fate := range f.journal.Open() {
			if fate.Resolved() || fate.Standing(f.journal.Has) != mining.StandingPending {
				all = append(all, openBlock{fate.ID, fate.Height, fate.By, func() (*types.Block, error) { return f.journal.Block(fate.ID) }})
			}
		}
	}
	for _, o := range f.chain.Owed() {
		b := openBlock{o.Block.Hash(), o.Block.Height, o.By, func() (*types.Block, error) { return o.Block, nil }}
		if f.keeps(b.id) || f.chain.Place(b.id, b.height).Best >= b.height+mining.MaturedAt {
			f.chain.Forgive(b.id)
			continue
		}
		all = append(all, b)
	}
	return all
}

// keeps reports whether the journal has a block: then openBlocks has it, for as long as it matters.
func (f *Front) keeps(id bc.Hash) bool { return f.journal != nil && f.journal.Has(id) }

// watchFates notes in the journal what becomes of found blocks, by what nodes say.
func (f *Front) watchFates(ctx context.Context) error {
	if f.journal == nil {
		return nil
	}
	return f.fates.Run(ctx)
}
