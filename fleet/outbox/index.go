package outbox

// index is what is known in memory of the batches on the disk.
type index struct {
	epochs  []*epoch // those that the file has something of, oldest first
	current *epoch   // this opening's; among epochs once it has a batch

	batches, entries int
	bytes            int64
}

// epoch is an opening of the outbox, as far as its batches are kept.
type epoch struct {
	place  uint64 // orders epochs in the file
	id     uint64
	oldest uint64 // the lowest number that is kept, or the next to come
	kept   []batchSize
	booked uint64 // batches up to it are to be deleted from the file; 0 where none are
}

type batchSize struct{ bytes, entries int32 }

// next is the number of the batch that comes.
func (e *epoch) next() uint64 { return e.oldest + uint64(len(e.kept)) }

// nextPlace is the place of the epoch that comes: behind all that have batches. One without is about to be deleted,
// and has no say: what its place is may be damage.
func (x *index) nextPlace() (place uint64) {
	used := make(map[uint64]bool)
	for _, e := range x.epochs {
		used[e.place] = true
		if len(e.kept) > 0 {
			place = e.place + 1
		}
	}
	for used[place] {
		place++
	}
	return place
}

// head is what is to be booked next.
type head struct{ epoch, oldest, newest uint64 }

func (x *index) head() (h head, ok bool) {
	for _, e := range x.epochs {
		if len(e.kept) > 0 {
			return head{e.id, e.oldest, e.next() - 1}, true
		}
	}
	return head{}, false
}

// add notes that a batch is on the disk.
func (x *index) add(e *epoch, s batchSize) {
	if len(x.epochs) == 0 || x.epochs[len(x.epochs)-1] != e {
		x.epochs = append(x.epochs, e)
	}
	e.kept = append(e.kept, s)
	x.batches++
	x.entries += int(s.entries)
	x.bytes += int64(s.bytes)
}

// book notes that batches up to a number are booked. It reports whether any was kept.
func (x *index) book(id, number uint64) bool {
	e := x.byID(id)
	if e == nil || number < e.oldest || len(e.kept) == 0 {
		return false
	}
	n := int(min(number-e.oldest+1, uint64(len(e.kept))))
	for _, s := range e.kept[:n] {
		x.batches--
		x.entries -= int(s.entries)
		x.bytes -= int64(s.bytes)
	}
	e.kept = e.kept[n:]
	e.oldest += uint64(n)
	e.booked = e.oldest - 1
	return true
}

func (x *index) byID(id uint64) *epoch {
	for _, e := range x.epochs {
		if e.id == id {
			return e
		}
	}
	return nil
}

// deletion says what of an epoch is to be deleted from the file: its batches up to a number, and
// all that is known of it where it is over.
type deletion struct {
	place, upTo uint64
	over        bool
}

// deletions are what is booked and still in the file.
func (x *index) deletions() (all []deletion) {
	for _, e := range x.epochs {
		if e.booked > 0 {
			all = append(all, deletion{e.place, e.booked, x.over(e)})
		}
	}
	return all
}

// over reports whether an epoch has no batch, and will have none.
func (x *index) over(e *epoch) bool { return len(e.kept) == 0 && e != x.current }

// deleted notes that deletions are on the disk.
func (x *index) deleted(all []deletion) {
	for _, d := range all {
		for i, e := range x.epochs {
			if e.place != d.place {
				continue
			}
			if e.booked == d.upTo {
				e.booked = 0
			}
			if d.over {
				x.epochs = append(x.epochs[:i:i], x.epochs[i+1:]...)
			}
			break
		}
	}
}
