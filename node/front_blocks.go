package node

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

const (
	// sendAgainEvery is the time between two looks at found blocks that no node has answered for.
	sendAgainEvery = 5 * time.Second
	// silentFate is how long nodes may say nothing of a block until they are asked. By themselves
	// they speak of it each minute until its reward can be spent, by the engine, which can be away.
	silentFate = 150 * time.Second
)

// sendAgain brings blocks to the nodes that none has answered for, those of an earlier run too, and
// asks for those of which nothing was heard for long, until ctx ends.
func (f *Front) sendAgain(ctx context.Context) error {
	each := time.NewTicker(sendAgainEvery)
	defer each.Stop()
	for {
		if err := f.submitter.Replay(ctx); err != nil && ctx.Err() == nil {
			f.log.Error("found blocks were not submitted again", "error", err)
		}
		f.askFates(ctx)
		select {
		case <-each.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// askFates asks the nodes for blocks that they took, and say nothing of: those of an earlier run
// first of all. The first node, which books the shares, may have been away when another took one, and has to know of it.
// Where none answers, the rest wait for the next time.
func (f *Front) askFates(ctx context.Context) {
	if f.journal == nil {
		return
	}
	open := f.journal.Open()
	maps.DeleteFunc(f.asked, func(id bc.Hash, _ time.Time) bool {
		return !slices.ContainsFunc(open, func(fate mining.Fate) bool { return fate.ID == id })
	})
	for _, fate := range open {
		since := f.asked[fate.ID]
		if f.chain.FirstKnows(fate.ID) {
			since = f.chain.Heard(fate.ID)
		}
		if !fate.Resolved() || time.Since(since) < silentFate {
			continue
		}
		log := f.log.With("height", fate.Height, "hash", fate.ID.String())
		block, err := f.journal.Block(fate.ID)
		if err != nil {
			log.Debug("a found block can't be read, so that nobody is asked where it stands", "error", err)
			continue
		}
		if err := f.chain.Ask(ctx, block, fate.By); err != nil {
			log.Debug("it is not known where a found block stands", "error", err)
			return
		}
		f.asked[fate.ID] = time.Now()
	}
}

// watchFates notes in the journal what becomes of found blocks, by what nodes say.
func (f *Front) watchFates(ctx context.Context) error {
	if f.journal == nil {
		return nil
	}
	return f.fates.Run(ctx)
}
