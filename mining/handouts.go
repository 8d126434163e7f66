package mining

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/bytom/bytom/protocol/bc"
)

// Handout is a piece of work that was given to a client.
type Handout struct {
	// By names the server that handed it out, Key identifies the work there.
	By, Key string
	// Template and Extranonce are of the job that is worked on.
	Template   *Template
	Extranonce uint64
	// Note is what else it takes to reconstruct what was hashed. It is stored as JSON; nil
	// stores nothing.
	Note any
}

// HandoutsConfig is what Handouts need.
type HandoutsConfig struct {
	// Path is the file, Network the network's name, which a file must be of.
	Path, Network string
	Source        Source
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

const (
	// mostHandouts bounds the file, in bytes: a block's transactions take up to 20 MB of
	// it, and a piece of work some 150 bytes. What is handed out past that is not kept.
	mostHandouts = 64 << 20
	// mostPending bounds what waits to be written where the disk is slow.
	mostPending = 1 << 17
	// handoutPause is how long works are collected: meanwhile they are on their way to who
	// asked for them, and no processor is taken from that. Ten thousand rigs have theirs by then.
	// It is also how much a kill loses.
	handoutPause = 100 * time.Millisecond
)

// Handouts store the work on the present tip that clients were given, so that a solution
// of theirs is a block after a restart of the node as well. Work is written to a file in
// the background, a moment after it was handed out; work on a former tip is dropped.
//
// Each line of the file is a JSON object (see handoutLine): what the file is, then
// transactions, selections of them, templates and works, each numbered by its place among
// its kind and written once. Nothing is fsynced: it outlives the process, however that
// ends, and need not outlive the machine, which takes longer to start than a tip lasts.
//
// All methods are safe for concurrent use, and those of nil do nothing.
type Handouts struct {
	cfg  HandoutsConfig
	wake chan struct{}

	mu           sync.Mutex // guards what follows
	pending      []Handout
	dropped      bool                    // something did not fit into pending
	restored     map[string]RestoredWork // of the last run, by server and key
	restoredTips int                     // how many tips ago

	writing sync.Mutex      // guards what follows
	file    *os.File        // nil before the first write
	encoder handoutsEncoder // what the file has
	closed  bool
}

// RestoredWork is work that the last run of the node handed out, read back from the file.
type RestoredWork struct {
	// Template is what it was cut from, Extranonce its coinbase's.
	Template   *Template
	Extranonce uint64
	// Note is the Handout's, as JSON.
	Note json.RawMessage
}

// Job is the work as it was handed out.
func (f RestoredWork) Job() *Job { return NewJob(f.Template, f.Extranonce) }

// OpenHandouts reads the file of the last run. One that is damaged, of another network or
// of work on no block of the chain is logged, and is no error.
func OpenHandouts(cfg HandoutsConfig) *Handouts {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handouts{cfg: cfg, wake: make(chan struct{}, 1)}
	read, err := readHandouts(cfg)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil && len(read.works) == 0:
		cfg.Log.Warn("work that the last run handed out is not known", "file", cfg.Path, "error", err)
	case err != nil:
		cfg.Log.Warn("some work that the last run handed out is not known", "file", cfg.Path, "known", len(read.works), "error", err)
	}
	h.restored, h.encoder = read.works, read.handoutsEncoder
	if len(h.restored) > 0 {
		cfg.Log.Debug("work of the last run is still good", "works", len(h.restored), "tip", h.encoder.tip.String())
	}
	return h
}

func handoutKey(by, key string) string { return by + " " + key }

// Keep queues work to be written. It does not wait for the disk.
func (h *Handouts) Keep(works ...Handout) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.pending)+len(works) > mostPending {
		h.dropped = true
		return
	}
	h.pending = append(h.pending, works...)
	mark(h.wake)
}

// Find returns the work that a server handed out under a key in the last run.
func (h *Handouts) Find(by, key string) (RestoredWork, bool) {
	if h == nil {
		return RestoredWork{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	f, ok := h.restored[handoutKey(by, key)]
	return f, ok
}

// Keys are those of the work that a server handed out in the last run, in no order.
func (h *Handouts) Keys(by string) []string {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []string
	for key := range h.restored {
		if own, ok := strings.CutPrefix(key, handoutKey(by, "")); ok {
			list = append(list, own)
		}
	}
	return list
}

// Extranonces are those of all work that the last run handed out.
func (h *Handouts) Extranonces() []uint64 {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]uint64, 0, len(h.restored))
	for _, f := range h.restored {
		list = append(list, f.Extranonce)
	}
	return list
}

// Run writes work to the file until ctx ends, then returns ctx's error.
func (h *Handouts) Run(ctx context.Context) error {
	for {
		select {
		case <-h.wake:
			sleep(ctx, handoutPause)
			h.flush()
		case <-ctx.Done():
			h.flush()
			return ctx.Err()
		}
	}
}

// Close writes what is still queued, and closes the file.
func (h *Handouts) Close() error {
	if h == nil {
		return nil
	}
	h.flush()
	h.writing.Lock()
	defer h.writing.Unlock()
	h.closed = true
	if h.file == nil {
		return nil
	}
	if err := h.file.Close(); err != nil {
		return fmt.Errorf("close the file of works: %w", err)
	}
	return nil
}

// flush writes what is pending.
func (h *Handouts) flush() {
	h.mu.Lock()
	works, dropped := h.pending, h.dropped
	h.pending, h.dropped = nil, false
	h.mu.Unlock()
	h.writing.Lock()
	defer h.writing.Unlock()
	if h.closed {
		return
	}
	if dropped {
		h.fail(errors.New("work is handed out faster than the disk takes it"))
	}
	// What was handed out just before the tip moved may come after what followed.
	tip := h.cfg.Source.Tip().Hash
	started := false
	for i := range works {
		if works[i].Template.Tip.Hash != tip {
			continue
		}
		if !started && h.encoder.tip != tip {
			h.turn(tip)
		}
		started = true
		h.encoder.add(&works[i], h.cfg.Network)
	}
	if !started || h.encoder.failed {
		return
	}
	if err := h.write(); err != nil {
		h.fail(err)
	}
}

// turn begins a file for a new tip. The caller holds writing.
func (h *Handouts) turn(tip bc.Hash) {
	h.encoder = handoutsEncoder{tip: tip}
	h.mu.Lock()
	defer h.mu.Unlock()
	// Restored work is reported as stale during the next tip, then as unknown.
	if h.restoredTips++; h.restoredTips > 1 {
		h.restored = nil
	}
}

// fail gives up storing work of this tip, and logs that once.
func (h *Handouts) fail(err error) {
	if !h.encoder.failed {
		h.cfg.Log.Warn("work handed out is not written down: until the next block, a restart would lose what is found of it",
			"file", h.cfg.Path, "error", err)
	}
	h.encoder.failed = true
}

// write appends what the encoder holds to the file.
func (h *Handouts) write() error {
	if h.encoder.err != nil {
		return h.encoder.err
	}
	if h.encoder.size+int64(len(h.encoder.text)) > mostHandouts {
		return fmt.Errorf("there are more than %d bytes of it", mostHandouts)
	}
	if h.file == nil {
		if err := os.MkdirAll(filepath.Dir(h.cfg.Path), 0o700); err != nil {
			return err
		}
		var err error
		if h.file, err = os.OpenFile(h.cfg.Path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
			return err
		}
	}
	// Whatever is behind belongs to a former tip, or was cut off by the end of the last run.
	if err := h.file.Truncate(h.encoder.size); err != nil {
		return err
	}
	n, err := h.file.WriteAt(h.encoder.text, h.encoder.size)
	h.encoder.size += int64(n)
	h.encoder.text = nil
	return err
}
