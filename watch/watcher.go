package watch

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Config is what New needs.
type Config struct {
	Sources []Source
	Chain   Chain
	// Changed is called with each alarm that is raised, and again when it is over. It must
	// not block. It may be nil.
	Changed func(a Alarm, over bool)
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

const (
	// lookEach is the time between two comparisons.
	lookEach = 2 * time.Second
	// settling is for how long after the start nobody is ahead: peers are not there yet.
	settling = 30 * time.Second
	// aheadByOne and aheadByMore are how long others must be ahead, with the gap getting no
	// smaller, by one block and by more. A block takes seconds to come.
	aheadByOne, aheadByMore = time.Minute, 30 * time.Second
	// forkByOne is how long two blocks of one height must stand beside each other: the next
	// one decides, and 2 % of them take longer. forkByMore is for branches of two blocks and
	// more.
	forkByOne, forkByMore = 10 * time.Minute, 30 * time.Second
	// forkBehind is by how many blocks a branch may be shorter than ours and still matter.
	forkBehind = 6
	// otherRules is for other bits or another seed, which no delay explains.
	otherRules = 15 * time.Second
	// forget is how long the last view of a source that is gone counts.
	forget = 10 * time.Minute
	// warnEach is how often at the most it is logged that a source can't be read.
	warnEach = time.Hour
)

// Watcher watches sources. It is safe for concurrent use.
type Watcher struct {
	chain   Chain
	changed func(Alarm, bool)
	log     *slog.Logger

	mu      sync.Mutex
	started time.Time
	sources []*watched
}

// watched is a source and what was seen of it; all but the Source and follow is guarded by
// the Watcher's mu.
type watched struct {
	Source
	follow func(context.Context, report) error // Source.follow, but in tests
	w      *Watcher

	up     bool
	heard  time.Time // when it last sent work
	view   *view     // nil where it has not, or long ago
	err    string    // why it is not up, or makes no sense
	warned time.Time // when that was last logged
	quiet  bool      // since then nothing was logged

	found      *finding // of view; nil where that makes no sense
	branch     branch
	least      int64 // the smallest gap since it is ahead
	conditions [kinds]condition
	what       [kinds]string // what raised each
}

// New returns a Watcher. Nothing is read before Run.
func New(cfg Config) *Watcher {
	w := &Watcher{chain: cfg.Chain, changed: cfg.Changed, log: cfg.Log}
	if w.changed == nil {
		w.changed = func(Alarm, bool) {}
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	for _, s := range cfg.Sources {
		w.sources = append(w.sources, &watched{Source: s, follow: s.follow, w: w})
	}
	return w
}

// Run reads and compares until ctx ends, and returns why that did.
func (w *Watcher) Run(ctx context.Context) error {
	var followers sync.WaitGroup
	defer followers.Wait()
	w.mu.Lock()
	w.started = time.Now()
	w.mu.Unlock()
	for _, s := range w.sources {
		followers.Go(func() { s.run(ctx) })
	}
	if len(w.sources) == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	next := time.NewTicker(lookEach)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			w.look(time.Now())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run reads from the source again and again.
func (s *watched) run(ctx context.Context) {
	var pause backoff
	for ctx.Err() == nil {
		start := time.Now()
		err := s.follow(ctx, s)
		if ctx.Err() != nil {
			return
		}
		s.lost(err)
		if time.Since(start) >= steady {
			pause = backoff{}
		}
		_ = pause.wait(ctx)
	}
}

// saw takes what the source works on.
func (s *watched) saw(v view) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	err := v.check()
	if err == nil {
		_, err = compare(s.w.chain, v)
	}
	if err != nil {
		s.view = nil
		s.fail(err)
		return
	}
	s.up, s.heard, s.view = true, time.Now(), &v
	if !s.quiet {
		s.quiet = true
		s.w.log.Info("others are watched", "source", s.Name, "height", v.height-1)
	}
}

// idle takes why a source that answers has no work.
func (s *watched) idle(err error) { s.lost(err) }

// lost takes why a source can't be read.
func (s *watched) lost(err error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if err == nil {
		err = errors.New("the connection ended")
	}
	s.fail(err)
}

// fail is lost for who holds mu.
func (s *watched) fail(err error) {
	now := time.Now()
	s.up, s.err = false, s.plain(err)
	if s.warned.IsZero() || now.Sub(s.warned) >= warnEach {
		s.warned, s.quiet = now, false
		s.w.log.Warn("a watched source can't be read, will try again", "source", s.Name, "error", s.err)
	}
}
