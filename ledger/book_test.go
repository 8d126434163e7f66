package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// batchTest is a ledger to which fronts send what a second one counts by itself.
type batchTest struct {
	t      *testing.T
	random *rand.Rand
	path   string
	booked *Ledger
	own    *Ledger
	kept   map[string][]sentBatch // what each front has not been told is booked
	number map[string]uint64
}

type sentBatch struct {
	number  uint64
	entries []Entry
}

func bookTest(t *testing.T, seed uint64) *batchTest {
	b := &batchTest{
		t: t, random: rand.New(rand.NewPCG(seed, 1)), path: filepath.Join(t.TempDir(), "booked.db"),
		own: Open(Config{Path: filepath.Join(t.TempDir(), "own.db")}), kept: make(map[string][]sentBatch), number: make(map[string]uint64),
	}
	b.booked = Open(Config{Path: b.path})
	return b
}

// entries are some of random rigs.
func (b *batchTest) entries() []Entry {
	all := make([]Entry, 1+b.random.IntN(20))
	for i := range all {
		e := Entry{
			At: time.Unix(1_700_000_000+int64(b.random.IntN(20000)), 0), Rig: fmt.Sprint("rig", b.random.IntN(9)), Address: "10.0.0.1", Agent: "a",
			Kind: Kind(b.random.IntN(6)), Effective: float64(1 + b.random.IntN(9)), Network: 1024, // So that sums are exact, in whatever order.
			Difficulty: b.random.Float64(), Work: b.random.Uint64N(99), Owner: []string{"", "ada", "bob"}[b.random.IntN(3)],
		}
		if e.Kind == Accepted && b.random.IntN(20) == 0 {
			e.Block, e.Height = fmt.Sprint("block", b.random.Uint32()), 7
			e.Solved = e.Block
		}
		all[i] = e
	}
	return all
}

// work has a front's rigs do something, which is counted here at once.
func (b *batchTest) work(front string) {
	entries := b.entries()
	b.number[front]++
	b.kept[front] = append(b.kept[front], sentBatch{b.number[front], entries})
	b.deliver(front) // In this order, so that the ledgers can be compared.
	for _, e := range entries {
		if e.Kind == LoggedIn {
			b.own.Login(e.At, e.Rig, e.Address, e.Agent)
			continue
		}
		b.own.Add(e)
	}
}

// deliver brings all that a front keeps, and more: again, and out of order.
func (b *batchTest) deliver(front string) {
	kept := b.kept[front]
	book := func(s sentBatch) error {
		_, err := b.booked.Book(BatchID{Front: front, Epoch: 5, Number: s.number, Oldest: kept[0].number}, s.entries)
		return err
	}
	for _, i := range b.random.Perm(len(kept)) {
		if err := book(kept[i]); err != nil && !errors.Is(err, ErrGap) {
			b.t.Fatal(err)
		}
	}
	for _, s := range kept {
		if err := book(s); err != nil {
			b.t.Fatal(err)
		}
	}
	if b.random.IntN(3) == 0 {
		if err := book(kept[b.random.IntN(len(kept))]); err != nil {
			b.t.Fatal(err)
		}
	}
}

// acknowledge has a front forget what is on the disk.
func (b *batchTest) acknowledge(front string) {
	done := b.booked.BookedOnDisk(front, 5)
	for len(b.kept[front]) > 0 && b.kept[front][0].number <= done {
		b.kept[front] = b.kept[front][1:]
	}
}

// kill has the booking process end, and come back. What it had not written is sent again.
func (b *batchTest) kill(order []string) {
	if err := b.booked.file.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.booked = Open(Config{Path: b.path})
	for _, front := range order {
		if len(b.kept[front]) > 0 {
			b.deliver(front)
		}
	}
}

// TestBatchesAreBookedOnce has fronts send batches again and again, in any order, to a ledger that
// is killed in between. In the end it has what one has that counted each share once, row by row.
func TestBatchesAreBookedOnce(t *testing.T) {
	for seed := range uint64(8) {
		b := bookTest(t, seed)
		front := "a"
		for range 150 {
			switch b.random.IntN(12) {
			case 0:
				if err := b.booked.Flush(); err != nil {
					t.Fatal(err)
				}
				b.acknowledge(front)
			case 1:
				b.kill([]string{front})
			case 2: // Another front: what this one keeps must be on the disk, for the order's sake.
				if err := b.booked.Flush(); err != nil {
					t.Fatal(err)
				}
				b.acknowledge(front)
				front = []string{"a", "b", "c"}[b.random.IntN(3)]
			default:
				b.work(front)
			}
		}
		b.compare()
	}
}

func (b *batchTest) compare() {
	b.t.Helper()
	for _, l := range []*Ledger{b.own, b.booked} {
		if err := l.Flush(); err != nil {
			b.t.Fatal(err)
		}
	}
	for what, read := range map[string]func(*Ledger) (any, error){
		"rows":   func(l *Ledger) (any, error) { return l.Rows(time.Time{}) },
		"blocks": func(l *Ledger) (any, error) { return l.Blocks() },
		"shares": func(l *Ledger) (any, error) {
			var all []Share
			err := l.SharesFrom(0, func(s Share) bool { all = append(all, s); return true })
			return all, err
		},
		"rigs": func(l *Ledger) (any, error) {
			rigs := l.Rigs(time.Now())
			for i := range rigs {
				// A ledger that was closed has the same moments in UTC.
				rigs[i].First, rigs[i].Seen = rigs[i].First.UTC(), rigs[i].Seen.UTC()
				if rigs[i].Last != nil {
					last := rigs[i].Last.UTC()
					rigs[i].Last = &last
				}
				rigs[i].Hashrate = Rates{}
			}
			return rigs, nil
		},
	} {
		want, err := read(b.own)
		if err != nil {
			b.t.Fatal(err)
		}
		got, err := read(b.booked)
		if err != nil {
			b.t.Fatal(err)
		}
		x, y := reflect.ValueOf(got), reflect.ValueOf(want)
		if x.Len() != y.Len() {
			b.t.Errorf("%d %s booked, expected %d", x.Len(), what, y.Len())
		}
		for i := range min(x.Len(), y.Len()) {
			if booked, counted := x.Index(i).Interface(), y.Index(i).Interface(); !reflect.DeepEqual(booked, counted) {
				b.t.Errorf("%s: booked %+v, counted %+v", what, booked, counted)
				break
			}
		}
	}
}

// TestWhatIsToldBookedIsOnTheDisk: a front forgets what it is told is booked.
func TestWhatIsToldBookedIsOnTheDisk(t *testing.T) {
	b := bookTest(t, 1)
	id := BatchID{Front: "a", Epoch: 1, Number: 1, Oldest: 1}
	if booked, err := b.booked.Book(id, b.entries()); !booked || err != nil {
		t.Fatal(booked, err)
	}
	if n := b.booked.BookedOnDisk("a", 1); n != 0 {
		t.Errorf("batch %d is told to be on the disk before it is written", n)
	}
	if err := b.booked.Flush(); err != nil {
		t.Fatal(err)
	}
	if n := b.booked.BookedOnDisk("a", 1); n != 1 {
		t.Errorf("batch %d is on the disk, expected 1", n)
	}
	b.kill(nil)
	if n := b.booked.BookedOnDisk("a", 1); n != 1 {
		t.Errorf("after a restart batch %d is on the disk, expected 1", n)
	}
	if booked, err := b.booked.Book(id, b.entries()); booked || err != nil {
		t.Errorf("batch 1 is booked again: %v, %v", booked, err)
	}
}

// TestALostLedgerGoesOn: a ledger that knows nothing of a front, whose earlier batches were booked
// in one that is lost, takes the next, and says once what it lacks.
func TestALostLedgerGoesOn(t *testing.T) {
	b := bookTest(t, 1)
	var log bytes.Buffer
	b.booked.log = slog.New(slog.NewTextHandler(&log, nil))
	if booked, err := b.booked.Book(BatchID{Front: "a", Epoch: 1, Number: 501, Oldest: 500}, nil); booked || !errors.Is(err, ErrGap) {
		t.Errorf("batch 501 before 500: %v, %v", booked, err)
	}
	for _, number := range []uint64{500, 501} {
		if booked, err := b.booked.Book(BatchID{Front: "a", Epoch: 1, Number: number, Oldest: 500}, b.entries()); !booked || err != nil {
			t.Errorf("batch %d: %v, %v", number, booked, err)
		}
	}
	if text := log.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, "from=1 to=499") {
		t.Errorf("the log: %s", text)
	}
}

// TestNothingBookedIsDropped has a disk that can't be written to: batches are refused long before
// any that was taken would be dropped, however much this process's own rigs do.
func TestNothingBookedIsDropped(t *testing.T) {
	b := bookTest(t, 1)
	if err := b.booked.file.Close(); err != nil {
		t.Fatal(err)
	}
	many := make([]Entry, 1000)
	for i := range many {
		many[i] = Entry{At: time.Now(), Rig: "far", Effective: 1, Network: 1}
	}
	taken := uint64(0)
	for {
		_, err := b.booked.Book(BatchID{Front: "a", Epoch: 1, Number: taken + 1, Oldest: 1}, many)
		if errors.Is(err, ErrFull) {
			break
		}
		if err != nil || taken > 1000 {
			t.Fatal(taken, err)
		}
		taken++
	}
	for range 3 * mostPending {
		b.booked.Add(Entry{At: time.Now(), Rig: "near", Effective: 1, Network: 1})
	}
	if err := b.booked.Flush(); err == nil {
		t.Fatal("a closed file was written")
	}
	if n := b.booked.BookedOnDisk("a", 1); n != 0 {
		t.Errorf("batch %d is told to be on the disk", n)
	}
	reopened := Open(Config{Path: b.path})
	b.booked.file = reopened.file
	if err := b.booked.Flush(); err != nil {
		t.Fatal(err)
	}
	far := uint64(0)
	for _, r := range b.booked.Rigs(time.Now()) {
		if r.Rig == "far" {
			far = r.Accepted
		}
	}
	logged := uint64(0)
	if err := b.booked.SharesFrom(0, func(s Share) bool {
		if s.Rig == "far" {
			logged++
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if want := taken * uint64(len(many)); far != want || logged != want || b.booked.BookedOnDisk("a", 1) != taken {
		t.Errorf("%d shares counted, %d in the log, of batches up to %d; expected %d of %d", far, logged, b.booked.BookedOnDisk("a", 1), want, taken)
	}
}

// TestNothingBookedIsDroppedInAWriteThatFails has batches come while a write is under way that fails
// in the end, again and again: what that has taken counts as waiting, so that all stays bounded
// and the marks stay true.
func TestNothingBookedIsDroppedInAWriteThatFails(t *testing.T) {
	b := bookTest(t, 1)
	many := make([]Entry, 1000)
	for i := range many {
		many[i] = Entry{At: time.Now(), Rig: "far", Effective: 1, Network: 1}
	}
	taken := uint64(0)
	for range 20 {
		under := b.booked.take()
		for {
			_, err := b.booked.Book(BatchID{Front: "a", Epoch: 1, Number: taken + 1, Oldest: 1}, many)
			if errors.Is(err, ErrFull) {
				break
			}
			if err != nil || taken > 1000 {
				t.Fatal(taken, err)
			}
			taken++
		}
		b.booked.putBack(under)
	}
	if n := len(b.booked.pending); n != int(taken)*len(many) || n > mostBooked {
		t.Errorf("%d shares wait, of %d batches of %d; expected all, and %d at most", n, taken, len(many), mostBooked)
	}
	if err := b.booked.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.booked.Book(BatchID{Front: "a", Epoch: 1, Number: taken + 1, Oldest: 1}, many); err != nil {
		t.Errorf("once all is on the disk: %v", err)
	}
}

// TestTermsRise: each start for fronts has a later term than all before, whatever the clock is set
// to, and so has a ledger that takes the place of a lost one.
func TestTermsRise(t *testing.T) {
	b := bookTest(t, 1)
	now, before := time.UnixMilli(5000), uint64(0)
	raise := func() uint64 {
		t.Helper()
		b.booked.cfg.Now = func() time.Time { return now }
		term, err := b.booked.RaiseTerm()
		if err != nil || term <= before {
			t.Fatalf("term %d, %v, expected one above %d", term, err, before)
		}
		before = term
		b.kill(nil)
		return term
	}
	for _, want := range []struct{ clock, term int64 }{{5000, 5000}, {5000, 5001}, {-1, 5002}, {4000, 5003}, {6000, 6000}} {
		now = time.UnixMilli(want.clock)
		if term := raise(); term != uint64(want.term) {
			t.Errorf("at %d ms the term is %d, expected %d", want.clock, term, want.term)
		}
	}
	b.path = filepath.Join(t.TempDir(), "new.db")
	b.kill(nil)
	now = time.UnixMilli(6002)
	raise()
	if _, err := InMemory().RaiseTerm(); !errors.Is(err, ErrNotKept) {
		t.Errorf("a ledger without a file: %v, expected %v", err, ErrNotKept)
	}
}
