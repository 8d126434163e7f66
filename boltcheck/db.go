package boltcheck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// DB is a file that bbolt has open, without the ways in which bbolt gives one up. Its methods are
// safe for concurrent use; a transaction must not begin another.
//
//   - bbolt panics, or reads beyond the file's end, where a page is not what it should be, as it may
//     be by what happened after the check. That is an error of kind ErrDamaged here, and from then
//     on nothing is done any more: bbolt may hold locks that nobody gives back.
//   - bbolt refuses all transactions for ever once it could not map the file into memory, as without
//     room on the disk on Windows, where a map makes the file as large, or at a limit of the address
//     space. Here the next transaction opens the file again.
type DB struct {
	path    string
	options Options
	file    os.FileInfo // of what was opened
	db      atomic.Pointer[bolt.DB]
	closed  atomic.Bool
	damage  sync.Once
	damaged chan struct{} // closed by the first damage

	mu     sync.Mutex // held by who opens the file again, or closes it
	failed time.Time  // when it could last not be opened again
	why    error
}

// Options are how a file is opened. Its zero value is a file for writing.
type Options struct {
	bolt.Options
	// CheckTime bounds how long the file is looked through before it is opened; 0 is 20 s.
	CheckTime time.Duration
	// AllocSize is by how much the file grows at a time, in bytes; 0 is bbolt's own 16 MiB.
	AllocSize int
}

// Open checks the file at a path, as Check does, and opens it; for writing, one that there is
// none of is created. It waits a second for another process that has it open, at each of the two.
func Open(path string, o Options) (*DB, error) {
	if o.Timeout == 0 {
		o.Timeout = lockWait
	}
	if o.CheckTime == 0 {
		o.CheckTime = 20 * time.Second
	}
	d := &DB{path: path, options: o, damaged: make(chan struct{})}
	if err := d.open(d.opener()); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.file = info
	return d, nil
}

// opener is what bbolt opens files by.
type opener func(path string, flags int, mode os.FileMode) (*os.File, error)

func (d *DB) opener() opener {
	if d.options.OpenFile != nil {
		return d.options.OpenFile
	}
	return os.OpenFile
}

// open checks the file and opens it.
func (d *DB) open(by opener) error {
	ctx, cancel := context.WithTimeout(context.Background(), d.options.CheckTime)
	defer cancel()
	if err := Check(ctx, d.path); err != nil {
		return err
	}
	o := d.options.Options
	o.OpenFile = by
	return d.guarded(func() error {
		db, err := bolt.Open(d.path, 0o600, &o)
		if err != nil {
			return ofFirstPages(err)
		}
		if d.options.AllocSize > 0 {
			db.AllocSize = d.options.AllocSize
		}
		d.db.Store(db)
		return nil
	})
}

// guarded does something with bbolt, and makes an error of its panic, the last one.
func (d *DB) guarded(do func() error) error {
	if d.isDamaged() {
		return ErrDamaged
	}
	returned := false
	err := guarded(func() error {
		err := do()
		returned = true
		return err
	})
	if !returned {
		d.damage.Do(func() { close(d.damaged) })
	}
	return err
}

func (d *DB) isDamaged() bool {
	select {
	case <-d.damaged:
		return true
	default:
		return false
	}
}

// Path is the file's.
func (d *DB) Path() string { return d.path }

// Bolt is the file as bbolt has it, without what is added here. It may be another one at the next
// call.
func (d *DB) Bolt() *bolt.DB { return d.db.Load() }

// View reads the file as it is at one moment.
func (d *DB) View(do func(*bolt.Tx) error) error { return d.run((*bolt.DB).View, do) }

// Update changes the file: all that do does is on the disk when it returns nil, and nothing of
// it is there otherwise.
func (d *DB) Update(do func(*bolt.Tx) error) error { return d.run((*bolt.DB).Update, do) }

// mostAttempts is how often a transaction has the file opened again: it may be given up once more by
// another one in between.
const mostAttempts = 4

// run has bbolt do a transaction, of which do was called once at the most.
func (d *DB) run(kind func(*bolt.DB, func(*bolt.Tx) error) error, do func(*bolt.Tx) error) error {
	for attempt := 1; ; attempt++ {
		db, called := d.db.Load(), false
		err := d.guarded(func() error {
			return kind(db, func(tx *bolt.Tx) error { called = true; return do(tx) })
		})
		switch {
		case called || d.closed.Load():
			return err
		case !errors.Is(err, berrors.ErrInvalidMapping) && !errors.Is(err, berrors.ErrDatabaseNotOpen):
			return err
		case attempt == mostAttempts:
			return fmt.Errorf("bbolt could not map the file into memory, again and again: %w", err)
		}
		if err := d.reopen(db); err != nil {
			return fmt.Errorf("bbolt could not map the file into memory and gave it up; opened again: %w", err)
		}
	}
}

// reopen opens the file again that bbolt has given up, unless another has done so already. Who comes
// within a second after that failed fails too, and does not wait.
func (d *DB) reopen(given *bolt.DB) error {
	if d.db.Load() != given {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed.Load():
		return berrors.ErrDatabaseNotOpen
	case d.db.Load() != given:
		return nil
	case time.Since(d.failed) < lockWait:
		return d.why
	}
	// The file's lock goes with it. What else it may say is of no use: the file is as the last
	// transaction left it. One that is closed already says nothing.
	_ = d.shut(given)
	if d.why = d.openSame(); d.why != nil {
		d.failed = time.Now()
	}
	return d.why
}

// openSame opens the file that was open, and creates none.
func (d *DB) openSame() error {
	return d.open(func(path string, flags int, mode os.FileMode) (*os.File, error) {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, err
		case !os.SameFile(info, d.file):
			return nil, fmt.Errorf("%s is another file than the one that was opened: put that back, or start again", path)
		case info.Size() == 0:
			return nil, fmt.Errorf("%w: it was emptied", ErrDamaged)
		}
		return d.opener()(path, flags&^os.O_CREATE, mode)
	})
}

// Close closes the file. A damaged one is left: bbolt would wait for locks that nobody gives back.
func (d *DB) Close() error {
	d.closed.Store(true)
	if d.isDamaged() {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shut(d.db.Load())
}

// shut closes what bbolt has open, and waits for its transactions, but for no locks of a damaged file.
func (d *DB) shut(db *bolt.DB) error {
	closed := make(chan error, 1)
	go func() { closed <- d.guarded(db.Close) }()
	select {
	case err := <-closed:
		if !d.isDamaged() {
			return err
		}
	case <-d.damaged:
	}
	return nil
}
