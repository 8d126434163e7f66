package mining

import (
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// outcomeNow is the outcome of a block that the chain has, by where it stands.
func (s *Submitter) outcomeNow(block *types.Block) Outcome {
	switch p := s.settled(block.Hash(), block.Height); {
	case p.Main:
		return MainChain
	case p.There == (bc.Hash{}):
		return Duplicate
	}
	return SideChain
}

const (
	// settleEvery and mostSettling are how often, and how many times, it is looked whether a chain that has a
	// block has decided where that stands.
	settleEvery  = 5 * time.Millisecond
	mostSettling = 100
)

// settled is where a block stands. One that has come by two ways at once the chain has by the one, for the
// milliseconds that it takes, before it is on the best branch or another is there: that is no lost race.
func (s *Submitter) settled(id bc.Hash, height uint64) Place {
	for try := 0; ; try++ {
		p := s.cfg.Source.Place(id, height)
		if !p.Known || p.Main || p.There != (bc.Hash{}) || p.Invalid != nil || try == mostSettling {
			return p
		}
		time.Sleep(settleEvery)
	}
}

// Took reports whether the best chain has the block that a solution of a job makes.
func (s *Submitter) Took(j *Job, timestamp, nonce uint64) bool {
	p := s.cfg.Source.Place(bc.NewHash(j.HeaderHash(timestamp, nonce)), j.Template.Height)
	return p.Known && p.Main
}
