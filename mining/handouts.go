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

// Handed is a piece of work that was handed out.
type Handed struct {
	// By names who handed it out, Key is what that one finds it by.
	By, Key string
	// Job is what is worked on.
	Job *Job
	// Note is what else it takes to find out what was hashed, to be kept as JSON; nil is
	// nothing.
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
	// asked for them, and no processor is taken from that. A thousand rigs have theirs by then.
	handoutPause = 50 * time.Millisecond
)

// Handouts keep the work on the present tip that others were given, so that what they
// find is a block after a restart as well. Work is written down in the background, a
// moment after it was handed out, and what stands on a former tip is dropped.
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

	mu      sync.Mutex // guards what follows
	pending []Handed
	dropped bool              // something did not fit into pending
	left    map[string]Former // of the last run, by owner and key
	leftOn  int               // how many tips ago

	writing sync.Mutex // guards what follows
	file    *os.File   // nil before the first write
	book    book       // what the file has
	closed  bool
}

// Former is work that the last run of the node handed out.
type Former struct {
	// Template is what it was cut from, Extranonce its coinbase's.
	Template   *Template
	Extranonce uint64
	// Note is what was kept of Handed's.
	Note json.RawMessage
}

// Job is the work as it was handed out.
func (f Former) Job() *Job { return NewJob(f.Template, f.Extranonce) }

// OpenHandouts reads what the last run has left. A file that is damaged, of another
// network or of work on no block of the chain costs a line in the log and no more.
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
	h.left, h.book = read.works, read.book
	if len(h.left) > 0 {
		cfg.Log.Debug("work of the last run is still good", "works", len(h.left), "tip", h.book.tip.String())
	}
	return h
}

func handoutKey(by, key string) string { return by + " " + key }

// Keep has work written down. It does not wait for that.
func (h *Handouts) Keep(w Handed) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.pending) >= mostPending {
		h.dropped = true
		return
	}
	h.pending = append(h.pending, w)
	mark(h.wake)
}

// Find is work that the last run handed out.
func (h *Handouts) Find(by, key string) (Former, bool) {
	if h == nil {
		return Former{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	f, ok := h.left[handoutKey(by, key)]
	return f, ok
}

// Keys are those of the work that an owner handed out in the last run.
func (h *Handouts) Keys(by string) []string {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []string
	for key := range h.left {
		if own, ok := strings.CutPrefix(key, handoutKey(by, "")); ok {
			list = append(list, own)
		}
	}
	return list
}

// Extranonces are those of the work that the last run handed out.
func (h *Handouts) Extranonces() []uint64 {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]uint64, 0, len(h.left))
	for _, f := range h.left {
		list = append(list, f.Extranonce)
	}
	return list
}

// Run writes down what is handed out until ctx ends, then returns its error.
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

// Close writes down what is left, and closes the file.
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
		if works[i].Job.Template.Tip.Hash != tip {
			continue
		}
		if !started && h.book.tip != tip {
			h.turn(tip)
		}
		started = true
		h.book.add(&works[i], h.cfg.Network)
	}
	if !started || h.book.failed {
		return
	}
	if err := h.write(); err != nil {
		h.fail(err)
	}
}

// turn begins a file for a new tip. The caller holds writing.
func (h *Handouts) turn(tip bc.Hash) {
	h.book = book{tip: tip}
	h.mu.Lock()
	defer h.mu.Unlock()
	// The works of the tip before the last are told stale for a while, then unknown.
	if h.leftOn++; h.leftOn > 1 {
		h.left = nil
	}
}

// fail gives up keeping work of this tip, with a line in the log.
func (h *Handouts) fail(err error) {
	if !h.book.failed {
		h.cfg.Log.Warn("work handed out is not written down: until the next block, a restart would lose what is found of it",
			"file", h.cfg.Path, "error", err)
	}
	h.book.failed = true
}

// write appends what the book has not written.
func (h *Handouts) write() error {
	if h.book.err != nil {
		return h.book.err
	}
	if h.book.size+int64(len(h.book.text)) > mostHandouts {
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
	if err := h.file.Truncate(h.book.size); err != nil {
		return err
	}
	n, err := h.file.WriteAt(h.book.text, h.book.size)
	h.book.size += int64(n)
	h.book.text = nil
	return err
}
