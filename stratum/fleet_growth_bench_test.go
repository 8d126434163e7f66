//go:build unix

package stratum

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/fleet/natsengine"
	"github.com/bytom-solo/bytom-solo/fleet/outbox"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/stratum/client"
)

const (
	// growthHash is what a hash takes where the growth with fronts is measured, whatever the
	// processors do, growthFor how long it is measured, and growthRigs how many rigs each front
	// has, of which each always has a share on its way.
	growthHash = 20 * time.Millisecond
	growthFor  = 4 * time.Second
	growthRigs = 16
)

// BenchmarkGrowth is how many shares a second 1, 2 and 4 fronts verify, each of which computes one
// hash at a time, in 20 ms, and how much of a front's each brings. They have outboxes on the disk
// and an engine of NATS; the ledger that all is booked in must be the same as one node's that is
// given the same shares, row by row. Run it with -benchtime 1x or more, which is 15 s each.
func BenchmarkGrowth(b *testing.B) {
	rates := make(map[int]float64)
	for b.Loop() {
		for _, fronts := range []int{1, 2, 4} {
			rates[fronts] += growth(b, fronts)
		}
	}
	for _, fronts := range []int{1, 2, 4} {
		b.ReportMetric(rates[fronts]/float64(b.N), fmt.Sprintf("shares/s-%d", fronts))
		b.ReportMetric(rates[fronts]/rates[1]/float64(fronts), fmt.Sprintf("each-of-%d", fronts))
	}
	b.ReportMetric(0, "ns/op")
}

// growth is how many shares a second so many fronts verify.
func growth(b *testing.B, fronts int) float64 {
	n := openFarNode(b)
	node := tcpFront(b, nil)
	defer node.close()
	books := &recordingBooks{Ledger: ledger.Open(ledger.Config{Path: filepath.Join(b.TempDir(), "rigs.db")})}
	defer books.Close()
	let := make(map[fleet.PublicKey]string)
	var all []*growingFront
	for i := range fronts {
		g := &growingFront{name: fmt.Sprintf("front%d", i)}
		var key fleet.PublicKey
		g.cfg, key = n.front(b, node.payeeProgram(), growthRigs)
		let[key] = g.name
		all = append(all, g)
	}
	defer n.serve(b, node.generator, books, let)()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var starting sync.WaitGroup
	for _, g := range all {
		starting.Go(func() { g.start(b, ctx) })
	}
	if starting.Wait(); b.Failed() {
		b.FailNow()
	}
	time.Sleep(500 * time.Millisecond) // All have what they can do at a time.
	count := func() (sum int64) {
		for _, g := range all {
			sum += g.answered.Load()
		}
		return sum
	}
	before, began := count(), time.Now()
	time.Sleep(growthFor)
	rate := float64(count()-before) / time.Since(began).Seconds()
	cancel()
	for _, g := range all {
		g.finish(b)
	}
	checkBooks(b, books, all)
	return rate
}

// payeeProgram is whom the front's templates pay.
func (f *front) payeeProgram() []byte {
	t, err := f.generator.Current()
	for ; err != nil; t, err = f.generator.Current() {
		time.Sleep(time.Millisecond)
	}
	return slices.Clone(t.Payee.Program)
}

// growingFront is a front with its rigs, in this process.
type growingFront struct {
	name     string
	cfg      farFrontConfig
	front    *farFront
	stop     func() error
	close    func() error // the engine's
	rigs     sync.WaitGroup
	answered atomic.Int64

	mu    sync.Mutex
	added []ledger.Entry // in their order
}

// recordingBook remembers what is added to a Book.
type recordingBook struct {
	Book
	of *growingFront
}

func (r recordingBook) Login(at time.Time, rig, address, agent string) {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.of.added = append(r.of.added, ledger.Entry{Kind: ledger.LoggedIn, At: at, Rig: rig, Address: address, Agent: agent})
	r.Book.Login(at, rig, address, agent)
}

func (r recordingBook) Add(e ledger.Entry, then func(error)) {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.of.added = append(r.of.added, e)
	r.Book.Add(e, then)
}

// start starts the front, and its rigs, which send shares until ctx ends.
func (g *growingFront) start(b *testing.B, ctx context.Context) {
	engine, err := natsengine.Dial(natsengine.Config{URL: g.cfg.URL, Name: g.name})
	if err != nil {
		b.Error(err)
		return
	}
	g.close = engine.Close
	g.front, err = newFarFront(g.cfg, engine, &fakeBackend{took: growthHash}, func(c *Config, o *outbox.Outbox) {
		c.Book = recordingBook{o, g}
	})
	if err != nil {
		b.Error(err)
		return
	}
	if g.stop, err = g.front.start(b.Context()); err != nil {
		b.Error(err)
		return
	}
	for i := range growthRigs {
		g.rigs.Go(func() { g.rig(b, ctx, fmt.Sprintf("%s.%d", g.name, i)) })
	}
}

// rig sends one share after the other.
func (g *growingFront) rig(b *testing.B, ctx context.Context, login string) {
	c, err := client.Dial(b.Context(), client.Config{Address: g.front.listener.Addr().String(), Login: login, Password: "d=1"})
	if err != nil {
		b.Error(err)
		return
	}
	defer c.Close()
	job := <-c.Jobs()
	for nonce := job.Nonce; ctx.Err() == nil; nonce++ {
		if err := c.Submit(b.Context(), job, nonce); err != nil {
			b.Errorf("rig %s: %v", login, err)
			return
		}
		g.answered.Add(1)
	}
}

// finish ends the front once all of it is booked.
func (g *growingFront) finish(b *testing.B) {
	g.rigs.Wait()
	late := time.After(time.Minute)
	for s := g.front.outbox.Status(); s.Entries+s.Waiting > 0; s = g.front.outbox.Status() {
		select {
		case <-late:
			b.Fatalf("%s: a minute later %+v", g.name, s)
		case <-time.After(10 * time.Millisecond):
		}
	}
	if err := g.stop(); err != nil {
		b.Error(err)
	}
	_ = g.close()
}

// recordingBooks are a ledger that remembers in what order it booked.
type recordingBooks struct {
	*ledger.Ledger
	booked []ledger.Entry
}

// Book is called by one goroutine.
func (r *recordingBooks) Book(id ledger.BatchID, entries []ledger.Entry) (bool, error) {
	booked, err := r.Ledger.Book(id, entries)
	if booked {
		r.booked = append(r.booked, entries...)
	}
	return booked, err
}

// checkBooks holds the ledger to what each front's rigs did, and to one node's that is given the
// same in the order in which it was booked.
func checkBooks(b *testing.B, books *recordingBooks, fronts []*growingFront) {
	one := ledger.Open(ledger.Config{Path: filepath.Join(b.TempDir(), "one.db")})
	defer one.Close()
	next := make(map[string]int) // of each front's
	for _, e := range books.booked {
		i := slices.IndexFunc(fronts, func(g *growingFront) bool {
			at := next[g.name]
			return at < len(g.added) && same(g.added[at], e)
		})
		if i < 0 {
			b.Fatalf("%+v was booked, and is the next of no front", e)
		}
		next[fronts[i].name]++
		if e.Kind == ledger.LoggedIn {
			one.Login(e.At, e.Rig, e.Address, e.Agent)
			continue
		}
		one.Add(e)
	}
	for _, g := range fronts {
		if next[g.name] != len(g.added) || g.answered.Load() == 0 {
			b.Errorf("of the %d entries of %s %d were booked", len(g.added), g.name, next[g.name])
		}
	}
	for _, l := range []*ledger.Ledger{books.Ledger, one} {
		if err := l.Flush(); err != nil {
			b.Fatal(err)
		}
	}
	if got, want := contents(b, books.Ledger), contents(b, one); !reflect.DeepEqual(got, want) {
		b.Errorf("the ledger has %+.1000v, one node's %+.1000v", got, want)
	}
}

// same reports whether an entry is another after its way over the engine.
func same(a, b ledger.Entry) bool {
	ok := a.At.Equal(b.At)
	a.At, b.At = time.Time{}, time.Time{}
	return ok && a == b
}

// ledgerContents is all that a ledger keeps but hashrates, which go by when an entry came.
type ledgerContents struct {
	Rigs   []ledger.RigTotals
	Rows   []ledger.Row
	Shares []ledger.Share
}

func contents(b *testing.B, l *ledger.Ledger) (c ledgerContents) {
	c.Rigs = l.Rigs(time.Now())
	for i := range c.Rigs {
		c.Rigs[i].Hashrate = ledger.Rates{}
	}
	var err error
	if c.Rows, err = l.Rows(time.Time{}); err != nil {
		b.Fatal(err)
	}
	if err := l.SharesFrom(0, func(s ledger.Share) bool { c.Shares = append(c.Shares, s); return true }); err != nil {
		b.Fatal(err)
	}
	return c
}
