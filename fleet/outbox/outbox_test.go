package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/ledger"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// entry is one that is known again by its number.
func entry(n uint64) ledger.Entry {
	return ledger.Entry{
		At: time.Unix(1_700_000_000, int64(n)), Rig: fmt.Sprint("bm1q.rig", n%7), Address: "10.0.0.1", Agent: "test", Kind: ledger.Accepted,
		Effective: 1000, Network: 1e9, Work: n, Owner: fmt.Sprint("bm1q", n%3),
	}
}

// kept are the batches of an outbox, in the order in which they are to be booked.
func kept(t testing.TB, o *Outbox) (all []*fleet.Batch) {
	t.Helper()
	for _, e := range o.index.epochs {
		for n := e.oldest; n < e.next(); n++ {
			b, err := o.batch(e.id, n)
			must(t, err)
			all = append(all, b)
		}
	}
	return all
}

// numbers are those of the entries of batches.
func numbers(all []*fleet.Batch) (n []uint64) {
	for _, b := range all {
		for _, e := range b.Entries {
			n = append(n, e.Work)
		}
	}
	return n
}

func upTo(n uint64) (all []uint64) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// running opens an outbox and has it run until the test ends.
func running(t *testing.T, cfg Config) *Outbox {
	t.Helper()
	o, err := Open(cfg)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- o.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		must(t, o.Close())
	})
	return o
}

// TestWhoeverIsToldCanRelyOnIt adds from several sides. Each is told in the order in which it was
// added, when the entry is in the file and no lock is held, and many are written at once.
func TestWhoeverIsToldCanRelyOnIt(t *testing.T) {
	o := running(t, Config{Path: filepath.Join(t.TempDir(), "deep", "outbox.db"), Pause: 5 * time.Millisecond})
	var order, told []uint64
	var mu, adding sync.Mutex
	var all sync.WaitGroup
	for side := range uint64(4) {
		all.Go(func() {
			for i := range uint64(200) {
				n := side*1000 + i
				done := make(chan struct{})
				adding.Lock()
				order = append(order, n)
				o.Add(entry(n), func(err error) {
					if err != nil {
						t.Error(err)
					}
					_ = o.Status()
					mu.Lock()
					told = append(told, n)
					mu.Unlock()
					close(done)
				})
				adding.Unlock()
				if i%10 == 9 {
					<-done
				}
			}
		})
	}
	all.Wait()
	batches := kept(t, o)
	if !slices.Equal(told, order) || !slices.Equal(numbers(batches), order) {
		t.Errorf("%d were told and %d are kept, expected %d in the same order", len(told), len(numbers(batches)), len(order))
	}
	if s := o.Status(); s.Entries != 800 || s.Batches != len(batches) || s.Batches > 400 || s.Waiting != 0 || s.Bytes > 800*100 {
		t.Errorf("%+v", s)
	}
	if got := batches[0].Entries[0]; !got.At.Equal(entry(order[0]).At) || got.Rig != entry(order[0]).Rig || got.Owner != entry(order[0]).Owner {
		t.Errorf("%+v, expected %+v", got, entry(order[0]))
	}
	for i, b := range batches {
		if b.Epoch != o.Epoch() || b.Number != uint64(i+1) {
			t.Fatalf("batch %d is %d of %d", i, b.Number, b.Epoch)
		}
	}
}

// TestEachOpeningHasItsEpoch: batches of former ones are booked first, and what is booked is gone
// from the file too.
func TestEachOpeningHasItsEpoch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	seen := make(map[uint64]bool)
	next, first := uint64(0), uint64(0)
	for round := range 12 {
		o, err := Open(Config{Path: path, Network: "solonet"})
		must(t, err)
		if seen[o.Epoch()] || o.Epoch() == 0 {
			t.Fatalf("epoch %d again", o.Epoch())
		}
		seen[o.Epoch()] = true
		if got := numbers(kept(t, o)); !slices.Equal(got, upTo(next)[first:]) {
			t.Fatalf("round %d: %v are kept, expected %d to %d", round, got, first, next)
		}
		for range round % 4 {
			for range 3 {
				o.Add(entry(next), nil)
				next++
			}
			must(t, o.write())
		}
		for range []int{0, 2, 5}[round%3] {
			h, ok := o.head()
			if !ok {
				break
			}
			o.Booked(h.epoch, h.oldest)
			o.Booked(h.epoch, h.oldest-1) // Late, and nothing new.
			first += 3
		}
		must(t, o.Close())
	}
	o, err := Open(Config{Path: path, Network: "solonet"})
	must(t, err)
	for {
		h, ok := o.head()
		if !ok {
			break
		}
		o.Booked(h.epoch, h.newest+7)
	}
	must(t, o.write())
	if s := o.Status(); s.Batches != 0 || s.Entries != 0 || s.Bytes != 0 || len(o.index.epochs) != 0 {
		t.Errorf("%+v and %d epochs are left", s, len(o.index.epochs))
	}
	must(t, o.Close())
	if _, err := Open(Config{Path: path, Network: "mainnet"}); err == nil || !strings.Contains(err.Error(), "solonet") {
		t.Errorf("of another network: %v", err)
	}
}

// TestAnOutboxIsBounded: where nobody books, what is too much is refused, and taken again once
// there is room.
func TestAnOutboxIsBounded(t *testing.T) {
	o, err := Open(Config{Path: filepath.Join(t.TempDir(), "outbox.db"), Most: 20_000})
	must(t, err)
	told, refused := 0, 0
	add := func(n uint64) {
		o.Add(entry(n), func(err error) {
			if errors.Is(err, ErrFull) {
				refused++
			} else if err == nil {
				told++
			}
		})
	}
	for n := range uint64(1000) {
		add(n)
		if n%20 == 0 {
			must(t, o.write())
		}
	}
	must(t, o.write())
	if s := o.Status(); s.Bytes > 20_000 || s.Bytes < 15_000 || told+refused != 1000 || s.Entries != told || refused == 0 {
		t.Errorf("%d told, %d refused: %+v", told, refused, s)
	}
	h, _ := o.head()
	o.Booked(h.epoch, h.oldest+3)
	before := refused
	add(1000)
	if refused != before {
		t.Error("there is room again, and an entry is refused")
	}
	must(t, o.Close())
	o.Add(entry(1), func(err error) {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestLedgersOfFormerTermsAreRefused, also after a restart.
func TestLedgersOfFormerTermsAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	var log bytes.Buffer
	open := func() *Outbox {
		o, err := Open(Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
		must(t, err)
		return o
	}
	o := open()
	for _, c := range []struct {
		id             string
		term, instance uint64
		want           bool
	}{{"A", 5, 1, true}, {"A", 5, 1, true}, {"A", 4, 9, false}, {"A", 5, 2, true}, {"A", 5, 1, false}, {"B", 6, 0, true}, {"A", 5, 2, false}, {"B", 6, 0, true}} {
		if got := o.Ledger(fleet.LedgerState{ID: c.id, Term: c.term, Instance: c.instance}); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
		must(t, o.Close())
		o = open()
	}
	must(t, o.Close())
	if text := log.String(); !strings.Contains(text, "another ledger") || strings.Count(text, "not listened to") != 3 {
		t.Error(text)
	}
}

// TestNoTextIsTooOddForTheNode: what is no UTF-8 would be decoded by nobody.
func TestNoTextIsTooOddForTheNode(t *testing.T) {
	o, err := Open(Config{Path: filepath.Join(t.TempDir(), "outbox.db")})
	must(t, err)
	e := entry(1)
	e.Rig, e.Agent = "rig\xff", "\xc3\x28"
	o.Add(e, nil)
	must(t, o.write())
	if got := kept(t, o)[0].Entries; len(got) != 1 || got[0].Rig != "rig\uFFFD" || got[0].Agent != "\uFFFD(" {
		t.Errorf("%+v", got)
	}
	must(t, o.Close())
}
