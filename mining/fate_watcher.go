package mining

import (
	"context"
	"log/slog"
	"time"
)

// FateWatcherConfig is what a Watcher needs.
type FateWatcherConfig struct {
	Journal *Journal
	Source  Source
	// Stands, if any, is told at each look where a block is that nothing is settled of.
	Stands func(Fate, Place)
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// FateWatcher follows the blocks that were found here until their rewards can be spent,
// and records in the journal what becomes of them.
type FateWatcher struct {
	cfg FateWatcherConfig
	tip chan struct{}
}

// NewFateWatcher returns a FateWatcher; nothing is watched before Run.
func NewFateWatcher(cfg FateWatcherConfig) *FateWatcher {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &FateWatcher{cfg: cfg, tip: make(chan struct{}, 1)}
}

// TipChanged signals that the chain has a new tip. It never blocks.
func (w *FateWatcher) TipChanged() { mark(w.tip) }

// settle is how long a new tip is let be: on its way to the peers and the devices,
// nothing waits for the journal's disk.
const settle = 100 * time.Millisecond

// underWay is how long a block's own submission has to note the verdict.
const underWay = 10 * time.Second

// lookEvery is the time between two looks without a new tip, for Stands: who is told may not have
// heard.
const lookEvery = time.Minute

// Run follows the found blocks until ctx ends, then returns its error.
func (w *FateWatcher) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		w.look()
		select {
		case <-w.tip:
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		sleep(ctx, settle)
	}
}

// look updates every open fate.
func (w *FateWatcher) look() {
	for _, f := range w.cfg.Journal.Open() {
		// One of an earlier run may have been found later than now, by a clock that was ahead.
		if !f.Resolved() && time.Since(f.Found).Abs() < underWay {
			continue
		}
		place := w.cfg.Source.Place(f.ID, f.Height)
		if w.cfg.Stands != nil {
			w.cfg.Stands(f, place)
		}
		events, settled := f.next(place, time.Now())
		if len(events) == 0 && !settled {
			continue
		}
		if err := w.cfg.Journal.Append(f.ID, settled, events...); err != nil {
			w.cfg.Log.Error("the life of a found block is not written down", "height", f.Height, "hash", f.ID.String(), "error", err)
			continue
		}
		for _, e := range events {
			w.report(f, e)
		}
	}
}

// report logs what became of a block whose fate was f before.
func (w *FateWatcher) report(f Fate, e Event) {
	log := w.cfg.Log.With("height", f.Height, "hash", f.ID.String())
	if f.By != (Finder{}) {
		log = log.With("by", f.By.String())
	}
	switch e.State {
	case StateLost:
		if e.Winner != nil {
			log = log.With("winner", e.Winner.String())
		}
		if e.Winner != nil && w.cfg.Journal.Has(*e.Winner) {
			log.Info("own block made way for another of this node's, at the same height")
			return
		}
		if !f.wasMain() {
			log.Warn("own block lost the race")
			return
		}
		log.Warn("own block left the best chain")
	case StateMain:
		if !f.wasMain() {
			log.Info("own block is on the best chain")
			return
		}
		log.Info("own block is back on the best chain")
	default:
		log.Debug("own block", "state", e.State)
	}
}
