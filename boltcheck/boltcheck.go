// Package boltcheck finds out whether a bbolt file is whole, before bbolt itself follows it, and keeps
// it usable while it is open.
//
// bbolt has checksums for its two first pages alone. Where another page was changed, by
// a disk or by a copy that was cut off, it may go in circles for ever, end the process
// by a stack that grows without limit, or read memory that is not the file's. Its own
// check, Tx.Check, has the same weakness. The one here reads every page once, trusts no
// offset, and so comes to its end on any file.
package boltcheck

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// ErrDamaged is the kind of error that a damaged file gives.
var ErrDamaged = errors.New("the file is damaged")

// lockWait is how long another process may hold the file.
const lockWait = time.Second

// Check is nil if bbolt can use the file at a path without harm: its tree is one, of
// pages that belong to nobody else, with keys in order and all entries within their
// pages. What the values mean is for their owner to see. The error is of kind ErrDamaged
// and names the page, or it says why the file could not be looked at: it is open
// elsewhere for writing, or ctx has ended. No file passes, and an empty one: bbolt will
// create it.
//
// It reads the whole file.
func Check(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file (%s): move it away, and put the file's last copy in its place, or let a new one be begun", path, info.Mode())
	}
	var db *bolt.DB
	// Opened for reading, it takes the lock and looks at the first two pages alone.
	err = guarded(func() (err error) {
		db, err = bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: lockWait})
		return err
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return fmt.Errorf("%w: %s has %s open", err, Holder(path), path)
	}
	if err = ofFirstPages(err); errors.Is(err, ErrDamaged) {
		return err
	}
	if err != nil {
		return OfAnotherUser(err)
	}
	defer db.Close()
	var pages, txid int
	if err := db.View(func(tx *bolt.Tx) error { pages, txid = int(tx.Size()/int64(db.Info().PageSize)), tx.ID(); return nil }); err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return newChecker(ctx, file, db.Info().PageSize, pages).all(uint64(txid))
}

// ofFirstPages makes a damage of what bbolt says where it does not understand a file's first two pages.
func ofFirstPages(err error) error {
	// One that is too short for two pages has no kind.
	if errors.Is(err, berrors.ErrInvalid) || errors.Is(err, berrors.ErrChecksum) || err != nil && strings.Contains(err.Error(), "file size too small") {
		return fmt.Errorf("%w: its first two pages: %w", ErrDamaged, err)
	}
	return err
}

// guarded turns a panic into an error, and an access beyond the file's end too.
func guarded(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	return do()
}

// checker reads a file. What it finds wrong it panics with, as a damage.
type checker struct {
	ctx   context.Context
	file  *os.File
	size  int    // of a page
	pages uint64 // as many are in use
	used  []bool // those that have an owner
}

type damage struct{ error }

func newChecker(ctx context.Context, file *os.File, size, pages int) *checker {
	return &checker{ctx: ctx, file: file, size: size, pages: uint64(pages)}
}

// expect panics with a damage unless something holds.
func expect(holds bool, format string, args ...any) {
	if !holds {
		panic(damage{fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)})
	}
}

// all checks the tree and the list of free pages.
func (c *checker) all(txid uint64) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case damage:
			err = r.error
		default:
			panic(r)
		}
	}()
	info, err := c.file.Stat()
	if err != nil {
		return err
	}
	expect(info.Size() >= int64(c.pages)*int64(c.size), "it has %d bytes, expected %d pages of %d", info.Size(), c.pages, c.size)
	c.used = make([]bool, max(2, c.pages))
	c.used[0], c.used[1] = true, true
	root, free := c.meta(txid)
	c.tree(root, nil, nil)
	c.freelist(free)
	return nil
}

var order = binary.NativeEndian // bbolt writes its structs as they lie in memory.

const (
	headerSize  = 16 // id, flags, count, overflow
	elementSize = 16
	bucketSize  = 16 // root, sequence

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	noFreelist = ^uint64(0)
)

// meta is the root page and the list of free pages, by the first page that is of the
// last transaction. bbolt has held it against its checksum.
func (c *checker) meta(txid uint64) (root, free uint64) {
	for id := range uint64(2) {
		m := c.read(id, 1)[headerSize:]
		if order.Uint64(m[48:]) == txid {
			return order.Uint64(m[16:]), order.Uint64(m[32:])
		}
	}
	expect(false, "neither of its first two pages is of transaction %d", txid)
	return 0, 0
}

// read reads pages, which must be of those in use.
func (c *checker) read(id, count uint64) []byte {
	if err := c.ctx.Err(); err != nil {
		panic(damage{fmt.Errorf("not checked to the end: %w", err)})
	}
	expect(id < c.pages && count <= c.pages-id, "page %d of %d, expected it within %d", id, count, c.pages)
	b := make([]byte, count*uint64(c.size))
	if _, err := c.file.ReadAt(b, int64(id)*int64(c.size)); err != nil {
		panic(damage{fmt.Errorf("page %d: %w", id, err)})
	}
	return b
}

// page is a page with those that it overflows into, which then have their owner.
func (c *checker) page(id uint64) (p []byte, flags, count int) {
	p = c.read(id, 1)
	overflow := uint64(order.Uint32(p[12:]))
	expect(order.Uint64(p) == id, "page %d says that it is %d", id, order.Uint64(p))
	if overflow > 0 {
		p = c.read(id, 1+overflow)
	}
	for i := id; i <= id+overflow; i++ {
		expect(!c.used[i], "page %d is used twice", i)
		c.used[i] = true
	}
	return p, int(order.Uint16(p[8:])), int(order.Uint16(p[10:]))
}

// tree checks a page and all below it, whose first key must be least, and all of whose keys
// below most; nil is any. It is the depth of the leaves, which is the same for all.
func (c *checker) tree(id uint64, least, most []byte) int {
	p, flags, count := c.page(id)
	expect(flags == branchPage || flags == leafPage, "page %d has flags %#x, expected those of a branch or a leaf", id, flags)
	all := entries(id, p, count, flags)
	// bbolt finds a page's place in its parent by the first key.
	expect(least == nil || count > 0 && bytes.Equal(least, all[0].key), "page %d does not begin with the key that it is found by", id)
	expect(most == nil || bytes.Compare(all[count-1].key, most) < 0, "page %d ends with a key that belongs behind it", id)
	if flags == leafPage {
		for _, e := range all {
			c.value(id, e)
		}
		return 0
	}
	expect(count > 0, "page %d is a branch of nothing", id)
	depth := 0
	for i, e := range all {
		end := most
		if i+1 < count {
			end = all[i+1].key
		}
		below := c.tree(e.child, e.key, end)
		expect(i == 0 || below == depth, "page %d: its leaves are at the depths %d and %d", id, depth, below)
		depth = below
	}
	return depth + 1
}

// entry is one of a branch, with its child, or of a leaf, with flags and value.
type entry struct {
	child      uint64
	flags      uint32
	key, value []byte
}

// entries are those of a page. Behind their heads, their keys and values lie one behind
// the other, as bbolt writes them.
func entries(id uint64, p []byte, count, flags int) []entry {
	at := uint64(headerSize + count*elementSize)
	expect(at <= uint64(len(p)), "page %d: %d entries are more than fit", id, count)
	next := func(i int, size uint32) []byte {
		expect(at+uint64(size) <= uint64(len(p)), "page %d: entry %d reaches beyond its end", id, i)
		part := p[at : at+uint64(size)]
		at += uint64(size)
		return part
	}
	all := make([]entry, count)
	for i := range all {
		e, place := &all[i], uint64(headerSize+i*elementSize)
		head := p[place:]
		if flags == leafPage {
			e.flags, head = order.Uint32(head), head[4:]
		} else {
			e.child = order.Uint64(head[8:])
		}
		expect(place+uint64(order.Uint32(head)) == at, "page %d: entry %d is at %d, expected %d", id, i, place+uint64(order.Uint32(head)), at)
		e.key = next(i, order.Uint32(head[4:]))
		if flags == leafPage {
			e.value = next(i, order.Uint32(head[8:]))
		}
		expect(len(e.key) > 0, "page %d: entry %d has no key", id, i)
		expect(i == 0 || bytes.Compare(all[i-1].key, e.key) < 0, "page %d: key %d is out of order", id, i)
	}
	return all
}

// value checks an entry of a leaf, and what is below it if it is a bucket.
func (c *checker) value(id uint64, e entry) {
	expect(e.flags <= 1, "page %d: the entry %x has flags %#x, expected 0 or 1", id, e.key, e.flags)
	if e.flags == 0 {
		return
	}
	expect(len(e.value) >= bucketSize, "page %d: the bucket %x has %d bytes", id, e.key, len(e.value))
	if root := order.Uint64(e.value); root != 0 {
		c.tree(root, nil, nil)
		return
	}
	checkInline(id, e.value[bucketSize:])
}

// checkInline checks a bucket that lies in its parent's page.
func checkInline(id uint64, p []byte) {
	expect(len(p) >= headerSize, "page %d: a bucket in it has %d bytes", id, len(p))
	flags, count := int(order.Uint16(p[8:])), int(order.Uint16(p[10:]))
	expect(flags == leafPage, "page %d: a bucket in it has flags %#x, expected those of a leaf", id, flags)
	// With a number of its own, bbolt would free the page that has that.
	expect(order.Uint64(p) == 0 && order.Uint32(p[12:]) == 0, "page %d: a bucket in it has a page's number", id)
	for _, e := range entries(id, p, count, flags) {
		expect(e.flags == 0, "page %d: a bucket in it has another one in it", id)
	}
}

// freelist checks the list of free pages: bbolt writes to them.
func (c *checker) freelist(id uint64) {
	if id == noFreelist {
		return
	}
	p, flags, short := c.page(id)
	expect(flags == freelistPage, "page %d has flags %#x, expected those of a list of free pages", id, flags)
	list, count := p[headerSize:], uint64(short)
	if short == 0xffff { // The number does not fit its field, and comes first.
		count, list = order.Uint64(list), list[8:]
	}
	expect(count <= uint64(len(list)/8), "page %d lists %d free pages, and has room for %d", id, count, len(list)/8)
	for i := range count {
		free := order.Uint64(list[8*i:])
		expect(free >= 2 && free < c.pages, "page %d lists %d as free, expected 2 to %d", id, free, c.pages-1)
		expect(!c.used[free], "page %d lists %d as free, which is in use or listed twice", id, free)
		c.used[free] = true
	}
}
