// Package history keeps what a node and its rigs did as series over time, so that they
// survive a restart: totals at 10 s for an hour (in memory alone), at a minute for a day,
// at five minutes for a week and at an hour for 400 days; each rig at five minutes for a
// week; the blocks that were found, with the work that each took. It knows what luck is.
package history

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// Totals are counters of a process, which only ever grow, and the present difficulty.
type Totals struct {
	// Hashes are those that this machine's devices computed, Wasted those of them that no
	// block could come of any more when they were done. Wasted may lag behind.
	Hashes, Wasted float64
	// Shares are the rigs' accepted ones, Work the hashes that they took on average, and
	// Expected the blocks that the work was to find on average.
	Shares         uint64
	Work, Expected float64
	// Difficulty is how many hashes a block takes on average at present; 0 if not known.
	Difficulty float64
}

// RigTotals are a rig's counters, which only ever grow, or begin anew at 0.
type RigTotals struct {
	Name string
	// Work is the hashes that its accepted shares took on average; Accepted counts these,
	// Rejected all others.
	Work               float64
	Accepted, Rejected uint64
	// Online tells whether it is connected: a slot in which it is and does nothing has a
	// zero, one in which it is not has a gap.
	Online bool
}

// Config is what a History is of, and where it is kept.
type Config struct {
	// Path is the bbolt file; one process at a time can have it open. Empty keeps the
	// history in memory.
	Path string
	// Totals is called each second and for each found block, Rigs every ten seconds. Both
	// must return at once. Nil is nothing.
	Totals func() Totals
	Rigs   func() []RigTotals
	// MostRigs is how many rigs a slot can tell apart, four times as many the week; 0 takes
	// 1,000. What others do is added up under OtherRigs.
	MostRigs int
	// Now is the clock, and Elapsed how long the process runs whatever is done to the
	// clock; nil takes the machine's.
	Now     func() time.Time
	Elapsed func() time.Duration
	// Log takes what goes wrong; nil discards it.
	Log *slog.Logger
}

// OtherRigs is the name under which the rigs beyond Config.MostRigs are added up.
const OtherRigs = "(others)"

const (
	// tickEvery is the time between two readings of the totals, rigsEvery of the rigs.
	tickEvery = time.Second
	rigsEvery = 10 * time.Second
	// longestTick is as much time as a reading can speak for. Where more has passed, the
	// machine was asleep or the process stopped, which is a gap.
	longestTick = 10 * time.Second
	// mostWaiting is how many found blocks wait to be counted.
	mostWaiting = 1024
)

// History is what was counted so far. Found and all that reads take memory alone, but for
// the rigs' series, which are read from the disk; Run reads the counters and writes, once
// a minute, so that a kill loses at most that much. A file that can't be read or written
// stops nothing: it is logged once, and the totals go on in memory. All methods are safe
// for concurrent use.
type History struct {
	cfg   Config
	log   *slog.Logger
	found chan Block
	due   chan struct{} // has an entry when a minute is full
	lost  atomic.Uint64 // found blocks for which there was no room
	saved atomic.Bool   // the latest write got to the disk

	disk   sync.Mutex // one write at a time; taken before mu
	fileMu sync.RWMutex
	file   *boltcheck.DB // guarded by fileMu; nil without one
	aside  time.Time     // when a file was last set aside; guarded by disk

	mu      sync.Mutex // guards what follows
	started bool       // a reading was taken in this run
	last    Totals     // the latest reading
	lastAt  time.Duration
	debt    float64 // wasted hashes that were counted as useful, below 0
	fresh   bool    // this run's start is not marked yet
	tiers   [4]*tier
	rigs    *rigTier
	blocks  blockList
	began   time.Time // when the history did
	seen    time.Time // when the file was last written before this run
}

// Open opens a history, and makes the file if there is none. A damaged one is set aside,
// under a name with the time in it, and a new one begun. Where no file can be used the
// history is in memory alone. Both are logged.
func Open(cfg Config) *History {
	h := newHistory(cfg)
	if cfg.Path == "" {
		return h
	}
	err := h.open()
	if errors.Is(err, boltcheck.ErrDamaged) {
		if to, failed := h.setAside(); failed != nil {
			err = errors.Join(err, failed)
		} else {
			h.log.Warn("the history was damaged: it is set aside, and a new one begun", "set_aside", to, "error", err)
			err = h.open()
		}
	}
	if err != nil {
		h.log.Error("the history is in memory alone, and begins anew at each start", "file", cfg.Path, "error", err)
	}
	h.saved.Store(err == nil)
	return h
}

func newHistory(cfg Config) *History {
	if cfg.Totals == nil {
		cfg.Totals = func() Totals { return Totals{} }
	}
	if cfg.Rigs == nil {
		cfg.Rigs = func() []RigTotals { return nil }
	}
	if cfg.MostRigs <= 0 {
		cfg.MostRigs = 1000
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Elapsed == nil {
		start := time.Now()
		cfg.Elapsed = func() time.Duration { return time.Since(start) }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	h := &History{cfg: cfg, log: cfg.Log, found: make(chan Block, mostWaiting), due: make(chan struct{}, 1)}
	h.clear()
	return h
}

// clear forgets everything.
func (h *History) clear() {
	for i, span := range spans {
		h.tiers[i] = newTier(span)
	}
	h.rigs = newRigTier(h.cfg.MostRigs)
	h.blocks = blockList{since: h.cfg.Now()}
	h.began, h.seen, h.fresh = h.blocks.since, time.Time{}, true
}

// Claim makes the history one of a network, or says that it is another's: see
// boltcheck.DB.Claim. One in memory is anybody's.
func (h *History) Claim(network string) error {
	h.fileMu.RLock()
	defer h.fileMu.RUnlock()
	if h.file == nil {
		return nil
	}
	return h.file.Claim(network)
}

// Saved tells whether what is counted gets to the disk.
func (h *History) Saved() bool { return h.saved.Load() }

// Lost is how many found blocks came too fast to be counted.
func (h *History) Lost() uint64 { return h.lost.Load() }

// Found counts a block that was found. It never waits.
func (h *History) Found(b Block) {
	select {
	case h.found <- b:
	default:
		h.lost.Add(1)
	}
}

// Run reads the counters and writes to the disk until ctx ends.
func (h *History) Run(ctx context.Context) error {
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return h.read(ctx) })
	parts.Go(func() error { return h.write(ctx) })
	return parts.Wait()
}

// read reads the counters. It waits for no disk.
func (h *History) read(ctx context.Context) error {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	rigsRead := h.cfg.Elapsed()
	h.readTotals()
	h.readRigs()
	for {
		select {
		case b := <-h.found:
			h.readTotals()
			h.count(b)
		case <-tick.C:
			h.readTotals()
			if now := h.cfg.Elapsed(); now-rigsRead >= rigsEvery {
				rigsRead = now
				h.readRigs()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// write brings to the disk what is new, once a minute.
func (h *History) write(ctx context.Context) error {
	failing := false
	for {
		select {
		case <-h.due:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := h.Flush()
		if err != nil && !failing {
			h.log.Error("the history can't be written; it is kept in memory, and tried again", "error", err)
		}
		if err == nil && failing {
			h.log.Info("the history is written again")
		}
		failing = err != nil
	}
}

// Close counts and writes what is left, and closes the file. Run must have ended.
func (h *History) Close() error {
	h.drain()
	err := h.Flush()
	h.disk.Lock()
	defer h.disk.Unlock()
	h.fileMu.Lock()
	defer h.fileMu.Unlock()
	if h.file == nil {
		return nil
	}
	err = errors.Join(err, h.file.Close())
	h.file = nil
	return err
}

// drain counts what was not counted yet.
func (h *History) drain() {
	h.mu.Lock()
	ran := h.started
	h.mu.Unlock()
	if ran {
		h.readTotals()
		h.readRigs()
	}
	for {
		select {
		case b := <-h.found:
			h.count(b)
		default:
			return
		}
	}
}

// readTotals takes a reading of the totals, and counts what has come since the last.
func (h *History) readTotals() {
	now, at, t := h.cfg.Now(), h.cfg.Elapsed(), h.cfg.Totals()
	h.mu.Lock()
	defer h.mu.Unlock()
	var s Sample
	if h.started {
		s = h.since(t)
		s.Covered = min(max(0, at-h.lastAt), longestTick).Seconds()
	}
	h.started, h.last, h.lastAt = true, t, at
	if h.fresh {
		h.fresh, s.Starts = false, 1
	}
	s.Difficulty = t.Difficulty
	h.blocks.effort += s.Expected
	h.add(now, s)
}

// add adds to the slots of a time. h.mu must be held.
func (h *History) add(now time.Time, s Sample) {
	for i, t := range h.tiers {
		if t.add(now, s) && spans[i] == Day {
			select {
			case h.due <- struct{}{}:
			default:
			}
		}
	}
	h.rigs.cover(now, s.Covered)
}

// since is what came since the last reading. h.mu must be held.
func (h *History) since(now Totals) Sample {
	old := h.last
	s := Sample{
		Hashes: grown(old.Hashes, now.Hashes), Work: grown(old.Work, now.Work), Shares: grown(old.Shares, now.Shares),
		Expected: grown(old.Expected, now.Expected),
	}
	difficulty := now.Difficulty
	if difficulty <= 0 {
		difficulty = old.Difficulty // There is no work at present, and there was.
	}
	useful := h.debt + s.Hashes - grown(old.Wasted, now.Wasted)
	h.debt = min(0, useful)
	if difficulty > 0 {
		s.Expected += max(0, useful) / difficulty
	}
	return s
}

// grown is by how much a counter has grown, which may have begun anew.
func grown[N uint64 | float64](old, now N) N {
	if now < old {
		return max(0, now)
	}
	return now - old
}

// readRigs takes a reading of the rigs' counters.
func (h *History) readRigs() {
	now, all := h.cfg.Now(), h.cfg.Rigs()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rigs.add(now, all)
}

// count counts a found block at the work that was done so far.
func (h *History) count(b Block) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.blocks.has(b.Hash) {
		return
	}
	h.blocks.add(b)
	s := Sample{Blocks: 1}
	if b.Measured {
		s.Measured = 1
	}
	h.add(b.At, s)
}

// CatchUp counts those of some blocks, oldest first, that were found in the last run after
// its last write, as a kill leaves them: by the time, and those behind the latest that is here, as the
// clock may have been set back since that write. It is called before Run.
func (h *History) CatchUp(found []Block) {
	h.mu.Lock()
	seen, known := h.seen, make(map[string]bool)
	for _, e := range h.blocks.all {
		known[e.Hash] = true
	}
	h.mu.Unlock()
	if seen.IsZero() {
		return // What came before there was a history is not in it.
	}
	latest := len(found) // of those that are here
	for i, b := range found {
		if known[b.Hash] {
			latest = i
		}
	}
	for i, b := range found {
		if b.At.After(seen.Add(-time.Minute)) || i > latest {
			h.count(b)
		}
	}
}

// setAside moves the file out of the way, to where its name tells what it is.
func (h *History) setAside() (to string, err error) {
	return boltcheck.SetAside(h.cfg.Path, h.cfg.Now())
}
