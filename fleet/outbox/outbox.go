// Package outbox keeps what a front's rigs did on the front's disk until the node's ledger has it
// on its own, and sends it there.
package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/ledger"
)

// Config says where an outbox is kept, and how much of it.
type Config struct {
	// Path is the bbolt file; one process at a time can have it open.
	Path string
	// Network is the chain_id that its shares are of; empty claims none.
	Network string
	// Pause is the least time between two writes: what comes meanwhile is written at once. 0
	// takes 100 ms.
	Pause time.Duration
	// Most is how many bytes of batches are kept for the node; 0 takes 1 GiB. The file is
	// somewhat larger, and does not shrink.
	Most int64
	// Log receives what goes wrong; nil discards it.
	Log *slog.Logger
}

// Why an entry is not taken.
var (
	// ErrFull means that the node has taken nothing for so long, or the disk, that no more is
	// kept.
	ErrFull = errors.New("too many shares wait for the node")
	// ErrClosed means that the outbox was closed before the entry was on the disk.
	ErrClosed = errors.New("the outbox is closed")
)

// Outbox keeps entries in numbered batches until they are booked: a stratum.Book. Run writes what
// was added, Sender sends it. All methods are safe for concurrent use.
//
// Who is told that an entry is safe can rely on it: it is on the disk. A disk that can't be
// written makes everybody wait, which is logged once, and is tried again. What was added and never
// said to be safe may be kept or not.
//
// Each opening has an epoch of its own, whose batches count from 1. So an outbox that was put back
// from a copy gives no number twice that the ledger knows already.
type Outbox struct {
	cfg  Config
	log  *slog.Logger
	file *file
	wake chan struct{} // something is to be written
	news chan struct{} // something is to be sent, or was booked

	disk sync.Mutex // one write at a time; taken before mu

	mu      sync.Mutex // guards what follows
	waiting []waiting  // not on the disk, in the order in which they came
	safe    []waiting  // on the disk, and to be told so
	telling bool       // somebody does that
	size    int64      // theirs, at most
	index   index      // what is on the disk
	closed  bool
	failing error // the last write
	ledger  ledgerSight
}

// waiting is an entry that is not on the disk, and who is to be told when it is.
type waiting struct {
	entry ledger.Entry
	then  func(error)
}

// sizeOf is what an entry takes in a batch, at most.
func sizeOf(e *ledger.Entry) int64 {
	return int64(100 + len(e.Rig) + len(e.Address) + len(e.Agent) + len(e.Owner) + len(e.Block) + len(e.Solved))
}

// mostWaiting is how many bytes of entries may wait for the disk.
const mostWaiting = 32 << 20

// Open opens an outbox, and creates the file if there is none. A damaged file is set aside, under
// a name with the time in it, and a new one begun, which is logged.
func Open(cfg Config) (*Outbox, error) {
	cfg.Pause = cmp.Or(cfg.Pause, 100*time.Millisecond)
	cfg.Most = cmp.Or(cfg.Most, 1<<30)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	o := &Outbox{cfg: cfg, log: cfg.Log, wake: make(chan struct{}, 1), news: make(chan struct{}, 1)}
	if err := o.open(); err != nil {
		return nil, err
	}
	return o, nil
}

// Epoch is that of this opening.
func (o *Outbox) Epoch() uint64 { return o.index.current.id }

// Login records that a rig has connected. Where no more is kept it is forgotten.
func (o *Outbox) Login(at time.Time, rig, address, agent string) {
	o.Add(ledger.Entry{Kind: ledger.LoggedIn, At: at, Rig: rig, Address: address, Agent: agent}, nil)
}

// Add takes an entry, and calls then, if it is not nil, once that is on the disk. Entries get there
// in the order in which they were added, and their then are called in that order, by one
// goroutine, which should not be held up. An error says that the entry is not kept, and is of kind
// ErrFull, for which then is called before Add returns, or ErrClosed.
func (o *Outbox) Add(e ledger.Entry, then func(error)) {
	if err := o.add(e, then); err != nil {
		if then != nil {
			then(err)
		}
		return
	}
	signal(o.wake)
}

func (o *Outbox) add(e ledger.Entry, then func(error)) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	size := sizeOf(&e)
	switch {
	case o.closed:
		return ErrClosed
	case o.size+size > mostWaiting:
		return fmt.Errorf("%w: %d entries wait for the disk", ErrFull, len(o.waiting))
	case o.index.bytes+o.size+size > o.cfg.Most:
		return fmt.Errorf("%w: %d bytes are kept for it, %d at most", ErrFull, o.index.bytes, o.cfg.Most)
	}
	o.waiting = append(o.waiting, waiting{e, then})
	o.size += size
	return nil
}

// signal leaves a mark in a channel of capacity one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Failing is why nothing can be written now; nil where it can, or nothing was tried.
func (o *Outbox) Failing() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failing
}

// Status is what an outbox keeps.
type Status struct {
	// Batches, Entries and Bytes are on the disk and not booked, Waiting entries not on the disk.
	Batches, Entries int
	Bytes            int64
	Waiting          int
	// Most is the limit of Bytes.
	Most int64
}

// Status is what is kept now.
func (o *Outbox) Status() Status {
	o.mu.Lock()
	defer o.mu.Unlock()
	return Status{Batches: o.index.batches, Entries: o.index.entries, Bytes: o.index.bytes, Waiting: len(o.waiting), Most: o.cfg.Most}
}

// Booked takes that the ledger has an epoch's batches up to a number on its disk: they are kept no
// more.
func (o *Outbox) Booked(epoch, number uint64) {
	o.mu.Lock()
	freed := o.index.book(epoch, number)
	o.mu.Unlock()
	if freed {
		signal(o.news)
	}
}

// head says which batches are to be booked next: those of the oldest epoch that has some.
func (o *Outbox) head() (h head, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.index.head()
}

// errBooked is of a batch that is not kept any more.
var errBooked = errors.New("the batch is booked")

// batch is one that is kept. One that is damaged is an empty one, and the log says so. The error is
// of kind errBooked, or the file can't be read.
func (o *Outbox) batch(epoch, number uint64) (*fleet.Batch, error) {
	place, ok := o.placeOf(epoch, number)
	if !ok {
		return nil, errBooked
	}
	b, damaged, err := o.file.read(place, number)
	if err != nil {
		if _, ok := o.placeOf(epoch, number); !ok {
			return nil, errBooked // Meanwhile.
		}
		return nil, fmt.Errorf("read the outbox %s: %w", o.cfg.Path, err)
	}
	if damaged != nil {
		o.log.Error("a batch of shares is damaged: an empty one goes in its place", "file", o.cfg.Path, "epoch", epoch, "number", number, "error", damaged)
	}
	b.Epoch, b.Number = epoch, number
	return b, nil
}

// placeOf is where a batch's epoch lies in the file; ok is false where the batch is not kept.
func (o *Outbox) placeOf(epoch, number uint64) (place uint64, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.index.byID(epoch)
	if e == nil || number < e.oldest || number >= e.next() {
		return 0, false
	}
	return e.place, true
}

// Run writes what is added, and deletes what is booked, until ctx ends, and returns its error.
// Close writes what came since.
func (o *Outbox) Run(ctx context.Context) error {
	each := time.NewTicker(tidyEvery)
	defer each.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-o.wake:
		case <-each.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		wait := o.cfg.Pause
		if err := o.write(); err != nil {
			wait = max(wait, retryEvery)
			signal(o.wake)
		}
		pause.Reset(wait)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

const (
	// tidyEvery is how often booked batches are deleted where nothing is added.
	tidyEvery = time.Second
	// retryEvery is the least time between two attempts to write where the disk refuses.
	retryEvery = 500 * time.Millisecond
)

// Close writes what is left, and closes the file. Entries that can't be written get ErrClosed.
func (o *Outbox) Close() error {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return nil
	}
	o.closed = true
	o.mu.Unlock()
	err := o.write()
	o.mu.Lock()
	left := o.waiting
	o.waiting, o.size = nil, 0
	o.mu.Unlock()
	for _, w := range left {
		if w.then != nil {
			w.then(fmt.Errorf("%w: %w", ErrClosed, err))
		}
	}
	o.disk.Lock()
	defer o.disk.Unlock()
	return errors.Join(err, o.file.Close())
}

// ledgerSight is which ledger the node keeps shares in.
type ledgerSight struct {
	newest fleet.LedgerState
	fresh  bool // it is not on the disk
	former fleet.LedgerState
}

// Ledger takes which ledger a node says that it keeps shares in, and reports whether that is the
// newest that was ever heard of: others are of former writers, or of their copies.
func (o *Outbox) Ledger(s fleet.LedgerState) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := &o.ledger
	switch {
	case s.Before(l.newest):
		if l.former != s {
			l.former = s
			o.log.Warn("a node that keeps shares in a former ledger is not listened to", "ledger", s.ID, "term", s.Term, "newest_ledger", l.newest.ID, "newest_term", l.newest.Term)
		}
		return false
	case s == l.newest:
		return true
	case l.newest.ID != "" && l.newest.ID != s.ID:
		o.log.Warn("the node keeps shares in another ledger than before: what it has not booked goes there", "ledger", s.ID, "before", l.newest.ID)
	}
	l.newest, l.fresh = s, true
	return true
}
