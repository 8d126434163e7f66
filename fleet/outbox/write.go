package outbox

import (
	"fmt"
	"strings"
	"unicode/utf8"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/ledger"
)

const (
	// mostEntries and mostBytes bound a batch: engines limit a message to 1 MiB by default.
	mostEntries = 2000
	mostBytes   = 384 << 10
	// mostBatches is how many batches a write takes at most.
	mostBatches = 16
)

// writing is what one write brings to the disk.
type writing struct {
	epoch   *epoch
	first   uint64 // number of the first batch
	batches [][]byte
	sizes   []batchSize
	taken   []waiting
	size    int64 // as Outbox.size
	gone    []deletion
	ledger  *fleet.LedgerState
}

func (w *writing) empty() bool { return len(w.batches)+len(w.gone) == 0 && w.ledger == nil }

// write brings what waits to the disk, and then tells who waits. If it fails, all of it waits on.
func (o *Outbox) write() error {
	for {
		more, err := o.writeSome()
		if err != nil || !more {
			return err
		}
	}
}

// writeSome is one transaction of write, with what follows. more tells whether something is left.
func (o *Outbox) writeSome() (more bool, err error) {
	more, err = o.transact()
	o.tell()
	return more, err
}

// tell tells who waits for what is on the disk now: without a lock, and in order, as there is one
// who does it.
func (o *Outbox) tell() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.telling {
		return
	}
	o.telling = true
	for len(o.safe) > 0 {
		safe := o.safe
		o.safe = nil
		o.mu.Unlock()
		for _, each := range safe {
			if each.then != nil {
				each.then(nil)
			}
		}
		o.mu.Lock()
	}
	o.telling = false
}

func (o *Outbox) transact() (more bool, err error) {
	o.disk.Lock()
	defer o.disk.Unlock()
	if err := o.tidy(); err != nil {
		return false, o.failed(err)
	}
	w, more, err := o.take()
	if err == nil && !w.empty() {
		err = o.file.Update(w.write)
	}
	if err != nil {
		o.putBack(w)
		return false, o.failed(err)
	}
	o.written(w)
	return more, nil
}

// tidy deletes what is booked by itself after a write has failed: a full disk may have room for
// that alone, and then for more.
func (o *Outbox) tidy() error {
	o.mu.Lock()
	w := &writing{gone: o.index.deletions()}
	failing := o.failing != nil
	o.mu.Unlock()
	if !failing || w.empty() {
		return nil
	}
	if err := o.file.Update(w.write); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.index.deleted(w.gone)
	return nil
}

// take makes batches of what waits.
func (o *Outbox) take() (w *writing, more bool, err error) {
	o.mu.Lock()
	w = &writing{epoch: o.index.current, first: o.index.current.next(), gone: o.index.deletions()}
	if o.ledger.fresh {
		newest := o.ledger.newest
		w.ledger = &newest
	}
	n := 0
	var cuts []int
	for len(cuts) < mostBatches && n < len(o.waiting) {
		size := int64(0)
		from := n
		for n < len(o.waiting) && n-from < mostEntries && (size == 0 || size+sizeOf(&o.waiting[n].entry) <= mostBytes) {
			size += sizeOf(&o.waiting[n].entry)
			n++
		}
		w.size += size
		cuts = append(cuts, n)
	}
	w.taken = o.waiting[:n:n]
	if o.waiting = o.waiting[n:]; len(o.waiting) == 0 {
		o.waiting = nil // What it was cut from goes with the last.
	}
	more = len(o.waiting) > 0
	o.mu.Unlock() // What was taken counts as waiting until it is written.
	from := 0
	for _, to := range cuts {
		if err := w.add(w.taken[from:to]); err != nil {
			return w, more, err
		}
		from = to
	}
	return w, more, nil
}

// add encodes a batch of entries.
func (w *writing) add(entries []waiting) error {
	b := &fleet.Batch{Epoch: w.epoch.id, Number: w.first + uint64(len(w.batches)), Entries: make([]ledger.Entry, 0, len(entries))}
	for i := range entries {
		e := entries[i].entry
		for _, text := range []*string{&e.Rig, &e.Address, &e.Agent, &e.Owner, &e.Block, &e.Solved} {
			if !utf8.ValidString(*text) {
				*text = strings.ToValidUTF8(*text, "\uFFFD") // No decoder takes it otherwise.
			}
		}
		b.Entries = append(b.Entries, e)
	}
	raw, err := encode(b)
	if err != nil {
		return fmt.Errorf("encode batch %d: %w", b.Number, err)
	}
	w.batches = append(w.batches, raw)
	w.sizes = append(w.sizes, batchSize{int32(len(raw)), int32(len(entries))})
	return nil
}

// putBack is take's reverse.
func (o *Outbox) putBack(w *writing) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = append(w.taken, o.waiting...)
}

// written notes that a write is on the disk.
func (o *Outbox) written(w *writing) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range w.sizes {
		o.index.add(w.epoch, s)
	}
	o.safe = append(o.safe, w.taken...)
	o.size -= w.size
	o.index.deleted(w.gone)
	if w.ledger != nil && *w.ledger == o.ledger.newest {
		o.ledger.fresh = false
	}
	if o.failing != nil {
		o.failing = nil
		o.log.Info("what rigs do is written again", "file", o.cfg.Path)
	}
	if len(w.sizes) > 0 {
		signal(o.news)
	}
}

// failed notes that a write failed, and logs the first of several.
func (o *Outbox) failed(err error) error {
	err = fmt.Errorf("write the outbox %s: %w", o.cfg.Path, err)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failing == nil {
		o.log.Error("what rigs do can't be written: they wait for their answers, and it is tried again", "error", err)
	}
	o.failing = err
	return err
}

// write is the transaction.
func (w *writing) write(tx *bolt.Tx) error {
	for _, d := range w.gone {
		if err := d.write(tx); err != nil {
			return fmt.Errorf("delete what is booked: %w", err)
		}
	}
	if w.ledger != nil {
		if err := putLedger(tx, *w.ledger); err != nil {
			return fmt.Errorf("the newest ledger: %w", err)
		}
	}
	if len(w.batches) == 0 {
		return nil
	}
	if err := putEpoch(tx, w.epoch); err != nil {
		return fmt.Errorf("epoch %d: %w", w.epoch.id, err)
	}
	b := tx.Bucket(batchesBucket)
	b.FillPercent = 1 // Keys only ever grow.
	for i, raw := range w.batches {
		if err := b.Put(batchKey(w.epoch.place, w.first+uint64(i)), raw); err != nil {
			return fmt.Errorf("batch %d: %w", w.first+uint64(i), err)
		}
	}
	return nil
}
