package mining

import (
	"errors"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"
)

// recorded is how record went.
type recorded struct {
	at             time.Time
	written, isNew bool         // isNew is false of a block that the journal has of before
	late           <-chan error // what becomes of a write that nobody waits for any longer; nil if there is none
}

// record writes a found block down. A journal that fails, or whose disk hangs, costs the block nothing
// but its insurance; Run makes up for it.
func (s *Submitter) record(block *types.Block, by Finder, found time.Time) recorded {
	start := time.Now()
	var late <-chan error
	err := errNoJournal
	if s.cfg.Journal != nil {
		late, err = s.recordInTime(block, by, found)
	}
	switch {
	case errors.Is(err, errLateJournal):
		s.cfg.Log.Warn("found block is submitted before it is written down: the journal's disk takes long", "height", block.Height, "hash", new(block.Hash()).String())
	case err != nil && !errors.Is(err, errDuplicateEntry):
		s.cfg.Log.Error("found block not written down; it is submitted all the same", "height", block.Height, "error", err)
	}
	s.cfg.Observe(StageJournal, time.Since(start))
	return recorded{at: time.Now(), written: err == nil, isNew: !errors.Is(err, errDuplicateEntry), late: late}
}

var (
	errNoJournal   = errors.New("there is no journal")
	errLateJournal = errors.New("the journal has not answered in time")
)

// patience is how long a found block waits for the journal's disk, and then for the chain, a hundred times
// what they mostly take and more. Each second loses a block to a rival in one of 150 cases, where blocks come
// each 150 seconds; what the journal insures against, the end of the process in that very second, is rarer
// by far.
const patience = time.Second

// recordInTime has the journal record a block, for as long as a block may wait for that. A write that goes
// on tells late.
func (s *Submitter) recordInTime(block *types.Block, by Finder, found time.Time) (late <-chan error, err error) {
	if s.late.Load() > 0 {
		return nil, errLateJournal // Run writes it.
	}
	written := make(chan error, 1)
	if !s.inTime(func() { written <- s.cfg.Journal.Record(block, found, by) }) {
		return written, errLateJournal
	}
	return nil, <-written
}

// inTime calls what waits for the journal's disk, and reports whether it ended within patience. If not it
// goes on, and found blocks don't wait behind it.
func (s *Submitter) inTime(write func()) bool {
	done := make(chan struct{})
	go func() { write(); close(done) }()
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case <-done:
		return true
	case <-wait.C:
		s.late.Add(1)
		go func() { <-done; s.lateEnded() }()
		return false
	}
}

// lateEnded has what waits be written, if no other write is late.
func (s *Submitter) lateEnded() {
	if s.late.Add(-1) == 0 {
		s.wake()
	}
}

// recordKnown writes a front's block down that the chain has, and the journal has not: the process that
// took it had no room on its disk, or a disk that hung, and ended before that was over. Without, nobody would be
// paid for it. A front brings its blocks until they are settled; an older one is none of those.
func (s *Submitter) recordKnown(block *types.Block, by Finder, found time.Time, p Place) {
	id := block.Hash()
	if s.cfg.Journal == nil || p.Best >= block.Height+MaturedAt || s.outstanding.has(id) || s.cfg.Journal.Has(id) {
		return
	}
	r := s.record(block, by, found)
	v := Verdict{Outcome: s.outcomeNow(block)}
	switch {
	case r.written:
		s.cfg.Log.Info("found block that the chain has is written down, later", "height", block.Height, "hash", id.String(), "by", by.String())
		s.resolve(block, v, nil, Event{State: StateJournaled, At: r.at}, Event{State: StateSubmitted, At: found})
	case r.isNew:
		s.keep(foundBlock{block: block, by: by, found: found, answered: true, verdict: v})
	}
}
