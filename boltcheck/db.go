package boltcheck

import (
	"context"
	"errors"
	"fmt"
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
	dead    atomic.Bool // by damage

	mu     sync.RWMutex // held for reading by transactions
	db     *bolt.DB     // nil: it was given up, and could not be opened again yet
	closed bool
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
	ctx, cancel := context.WithTimeout(context.Background(), o.CheckTime)
	defer cancel()
	if err := Check(ctx, path); err != nil {
		return nil, err
	}
	d := &DB{path: path, options: o}
	if err := d.open(); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *DB) open() error {
	return d.guarded(func() (err error) {
		if d.db, err = bolt.Open(d.path, 0o600, &d.options.Options); err != nil {
			d.db = nil
			return err
		}
		if d.options.AllocSize > 0 {
			d.db.AllocSize = d.options.AllocSize
		}
		return nil
	})
}

// guarded does something with bbolt, and makes an error of its panic, the last one.
func (d *DB) guarded(do func() error) error {
	if d.dead.Load() {
		return ErrDamaged
	}
	returned := false
	err := guarded(func() error {
		err := do()
		returned = true
		return err
	})
	if !returned {
		d.dead.Store(true)
	}
	return err
}

// Path is the file's.
func (d *DB) Path() string { return d.path }

// Bolt is the file as bbolt has it, without what is added here; nil if it is not open. It may be
// another one at the next call.
func (d *DB) Bolt() *bolt.DB {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.db
}

// View reads the file as it is at one moment.
func (d *DB) View(do func(*bolt.Tx) error) error { return d.run((*bolt.DB).View, do) }

// Update changes the file: all that do does is on the disk when it returns nil, and nothing of
// it is there otherwise.
func (d *DB) Update(do func(*bolt.Tx) error) error { return d.run((*bolt.DB).Update, do) }

// transaction is View or Update of bbolt.
type transaction func(*bolt.DB, func(*bolt.Tx) error) error

func (d *DB) run(kind transaction, do func(*bolt.Tx) error) error {
	db, err := d.attempt(kind, do)
	if !errors.Is(err, berrors.ErrInvalidMapping) { // bbolt has not called do then.
		return err
	}
	if err := d.reopen(db); err != nil {
		return fmt.Errorf("bbolt could not map the file into memory and gave it up; opened again: %w", err)
	}
	_, err = d.attempt(kind, do)
	return err
}

func (d *DB) attempt(kind transaction, do func(*bolt.Tx) error) (*bolt.DB, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	switch {
	case d.closed:
		return nil, berrors.ErrDatabaseNotOpen
	case d.db == nil:
		return nil, berrors.ErrInvalidMapping
	}
	return d.db, d.guarded(func() error { return kind(d.db, do) })
}

// reopen opens the file again that bbolt has given up, unless another has done so already.
func (d *DB) reopen(given *bolt.DB) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.db != given {
		return nil // The next attempt says what is.
	}
	if given != nil {
		d.db = nil
		// Its lock goes with it. What it may say is of no use: the file is as the last
		// transaction left it.
		_ = d.guarded(given.Close)
	}
	return d.open()
}

// Close closes the file. A damaged one is left: bbolt would wait for locks that nobody gives back.
func (d *DB) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.db == nil || d.dead.Load() {
		return nil
	}
	return d.guarded(d.db.Close)
}
