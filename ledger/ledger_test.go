package ledger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// ledgerModel is a ledger that is a list.
type ledgerModel struct {
	entries []Entry
	flushed int // how many of them a kill leaves
}

func (m *ledgerModel) rigs() map[string]Tally {
	all := make(map[string]Tally)
	for _, e := range m.entries {
		t := all[e.Rig]
		t.count(e)
		all[e.Rig] = t
	}
	return all
}

// rows are by rig, hour and round.
func (m *ledgerModel) rows(from time.Time) map[string]Tally {
	all := make(map[string]Tally)
	round := 0
	for _, e := range m.entries {
		if hour := e.At.Truncate(time.Hour); !hour.Before(from.Truncate(time.Hour)) {
			key := fmt.Sprint(e.Rig, hour.Unix(), round)
			t := all[key]
			t.count(e)
			all[key] = t
		}
		if e.Block != "" {
			round++
		}
	}
	return all
}

func (m *ledgerModel) rate(rig string, now time.Time, window, slot time.Duration, first time.Time) float64 {
	from := now.Truncate(slot).Add(-window)
	sum := 0.0
	for _, e := range m.entries {
		if e.Rig == rig && e.Kind == Accepted && !e.At.Before(from) {
			sum += e.Effective
		}
	}
	if from.Before(first) {
		from = first
	}
	return sum / max(now.Sub(from).Seconds(), youngest)
}

// ledgerTest is a ledger beside its model, on a simulated clock.
type ledgerTest struct {
	*ledgerModel
	t      *testing.T
	random *rand.Rand
	path   string
	now    time.Time
	ledger *Ledger
	log    *bytes.Buffer
}

func newLedgerTest(t *testing.T, seed uint64) *ledgerTest {
	lt := &ledgerTest{
		ledgerModel: &ledgerModel{}, t: t, random: rand.New(rand.NewPCG(seed, 5)), path: filepath.Join(t.TempDir(), "deep", "rigs.db"),
		now: time.Unix(1_600_000_000, 0).UTC(), log: &bytes.Buffer{},
	}
	lt.open()
	return lt
}

func (lt *ledgerTest) open() {
	lt.ledger = Open(Config{
		Path: lt.path, Now: func() time.Time { return lt.now },
		Log: slog.New(slog.NewTextHandler(lt.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	lt.t.Cleanup(func() { _ = lt.ledger.Close() })
}

// spread draws a number whose logarithm is even between two others'.
func spread(random *rand.Rand, lo, hi float64) float64 {
	return math.Exp(math.Log(lo) + random.Float64()*math.Log(hi/lo))
}

// share adds a random submit.
func (lt *ledgerTest) share() {
	lt.now = lt.now.Add(time.Duration(lt.random.ExpFloat64() * 1e9 * 60))
	e := Entry{
		At: lt.now.Truncate(time.Millisecond), Rig: fmt.Sprintf("bm1q.rig%d", lt.random.IntN(5)), Address: "bm1q", Agent: "test/1",
		Kind: Kind(max(0, lt.random.IntN(9)-4)), Effective: spread(lt.random, 1, 1e6), Network: spread(lt.random, 1e6, 1e9),
	}
	e.Difficulty = e.Effective * lt.random.ExpFloat64()
	if e.Kind == Accepted && lt.random.IntN(20) == 0 {
		e.Block, e.Height = fmt.Sprintf("%064x", lt.random.Uint64()), lt.random.Uint64N(1e6)
	}
	lt.ledger.Add(e)
	lt.entries = append(lt.entries, e)
}

func (lt *ledgerTest) flush() {
	lt.t.Helper()
	if err := lt.ledger.Flush(); err != nil {
		lt.t.Fatal(err)
	}
	lt.flushed = len(lt.entries)
}

// restart closes the ledger, or leaves it as a kill does, and opens it again.
func (lt *ledgerTest) restart(kill bool) {
	lt.t.Helper()
	if kill {
		lt.entries = lt.entries[:lt.flushed]
		if err := lt.ledger.file.close(); err != nil {
			lt.t.Fatal(err)
		}
	} else if err := lt.ledger.Close(); err != nil {
		lt.t.Fatal(err)
	}
	lt.flushed = len(lt.entries)
	lt.open()
}

func sameTally(a, b Tally) bool {
	near := func(x, y float64) bool { return math.Abs(x-y) <= 1e-9*max(math.Abs(x), math.Abs(y)) }
	ok := near(a.Work, b.Work) && near(a.Expected, b.Expected) && a.Best == b.Best
	a.Work, a.Expected, b.Work, b.Expected = 0, 0, 0, 0
	return ok && a == b
}

// check holds all that the ledger tells against the model.
func (lt *ledgerTest) check() {
	t := lt.t
	t.Helper()
	if lt.log.Len() > 0 {
		t.Fatalf("it logs: %s", lt.log)
	}
	want := lt.rigs()
	list := lt.ledger.Rigs(lt.now)
	if len(list) != len(want) {
		t.Fatalf("%d rigs, expected %d", len(list), len(want))
	}
	for _, r := range list {
		if !sameTally(r.Tally, want[r.Rig]) || r.Address != "bm1q" || r.Agent != "test/1" {
			t.Fatalf("%+v, expected %+v", r, want[r.Rig])
		}
		lt.checkRates(r)
	}
	from := lt.now.Add(-time.Duration(lt.random.IntN(48)) * time.Hour)
	rows, err := lt.ledger.Rows(from)
	wantRows := lt.rows(from)
	if err != nil || len(rows) != len(wantRows) {
		t.Fatalf("%d rows, expected %d; %v", len(rows), len(wantRows), err)
	}
	for _, row := range rows {
		if w := wantRows[fmt.Sprint(row.Rig, row.Hour.Unix(), row.Round)]; !sameTally(row.Tally, w) {
			t.Fatalf("row %+v, expected %+v", row, w)
		}
	}
	lt.checkLog()
}

func (lt *ledgerTest) checkRates(r RigTotals) {
	lt.t.Helper()
	for _, c := range []struct {
		got          float64
		window, slot time.Duration
	}{
		{r.Hashrate.Minute, time.Minute, time.Second}, {r.Hashrate.Hour, time.Hour, time.Minute}, {r.Hashrate.Day, 24 * time.Hour, 15 * time.Minute},
	} {
		if want := lt.rate(r.Rig, lt.now, c.window, c.slot, r.First); math.Abs(c.got-want) > 1e-6*want+1e-9 {
			lt.t.Fatalf("%s does %v H/s over %v, expected %v", r.Rig, c.got, c.window, want)
		}
	}
}

// checkLog holds the log of shares and the blocks against the model.
func (lt *ledgerTest) checkLog() {
	t := lt.t
	t.Helper()
	var shares []Share
	if err := lt.ledger.Shares(func(s Share) bool { shares = append(shares, s); return true }); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(shares)
	blocks, err := lt.ledger.Blocks()
	if err != nil {
		t.Fatal(err)
	}
	accepted, found := 0, 0
	for _, e := range lt.entries {
		if e.Kind != Accepted {
			continue
		}
		if accepted >= len(shares) {
			t.Fatalf("%d shares in the log, expected more", len(shares))
		}
		s := shares[accepted]
		if s.Rig != e.Rig || !s.At.Equal(e.At) || s.Effective != e.Effective || s.Network != e.Network || s.Sequence != uint64(accepted) {
			t.Fatalf("share %d is %+v, expected %+v", accepted, s, e)
		}
		if e.Block != "" {
			if b := blocks[found]; b.Hash != e.Block || b.Rig != e.Rig || b.Height != e.Height || b.Round != uint32(found) || b.Shares != s.Sequence {
				t.Fatalf("block %d is %+v, expected %+v", found, b, e)
			}
			found++
		}
		accepted++
	}
	if accepted != len(shares) || found != len(blocks) {
		t.Fatalf("%d shares and %d blocks, expected %d and %d", len(shares), len(blocks), accepted, found)
	}
}

// TestLedgerAgainstModel adds, writes, restarts and kills at random.
func TestLedgerAgainstModel(t *testing.T) {
	runs := 5
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		runs = 300
	}
	for seed := range uint64(runs) {
		lt := newLedgerTest(t, seed)
		for range 400 {
			switch lt.random.IntN(40) {
			case 0:
				lt.flush()
			case 1:
				lt.restart(false)
			case 2:
				lt.restart(true)
			case 3:
				lt.check()
			case 4:
				lt.now = lt.now.Add(time.Duration(lt.random.IntN(20)) * time.Hour)
			default:
				lt.share()
			}
		}
		lt.restart(false)
		lt.check()
	}
}

// TestLedgerOrder takes the last shares that make up a work, as PPLNS does, over the
// ends of hours and rounds and over a restart.
func TestLedgerOrder(t *testing.T) {
	lt := newLedgerTest(t, 99)
	for range 500 {
		lt.share()
	}
	lt.restart(false)
	for range 5 {
		lt.share() // These are not on the disk.
	}
	const window = 40 // in parts of 1/1000 of a block
	got, left := make(map[string]float64), window/1000.0
	err := lt.ledger.Shares(func(s Share) bool {
		part := min(left, s.Effective/s.Network)
		got[s.Rig] += part
		left -= part
		return left > 0
	})
	if err != nil || left > 0 {
		t.Fatalf("%v left, %v", left, err)
	}
	want, left := make(map[string]float64), window/1000.0
	for _, e := range slices.Backward(lt.entries) {
		if e.Kind == Accepted && left > 0 {
			part := min(left, e.Effective/e.Network)
			want[e.Rig] += part
			left -= part
		}
	}
	for rig := range want {
		if math.Abs(got[rig]-want[rig]) > 1e-12 {
			t.Errorf("%s has %v of the window, expected %v", rig, got[rig], want[rig])
		}
	}
}

// TestLedgerConcurrent counts from many goroutines while it is written and read.
func TestLedgerConcurrent(t *testing.T) {
	const sessions, each = 16, 1000
	l := Open(Config{Path: filepath.Join(t.TempDir(), "l.db"), Flush: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	var run, add sync.WaitGroup
	run.Go(func() {
		if err := l.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	for i := range sessions {
		add.Go(func() {
			for n := range each {
				e := Entry{At: time.Now(), Rig: fmt.Sprint("a.", i%5), Kind: Kind(n % 5), Effective: 2, Network: 1000}
				if l.Add(e); n%100 == 0 {
					l.Login(time.Now(), e.Rig, "", "")
					l.Rigs(time.Now())
					if _, err := l.Rows(time.Now()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	add.Wait()
	cancel()
	run.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := Read(l.cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var total, byRow Tally
	for _, r := range l.Rigs(time.Now()) {
		total.Add(r.Tally)
	}
	rows, err := l.Rows(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		byRow.Add(r.Tally)
	}
	const kind = sessions * each / 5
	want := Tally{Accepted: kind, Stale: kind, Duplicate: kind, Low: kind, Invalid: kind, Work: 2 * kind, Expected: 2 * kind / 1000.0}
	if !sameTally(total, want) || !sameTally(byRow, want) {
		t.Errorf("rigs %+v, rows %+v, expected %+v", total, byRow, want)
	}
}

// TestLedgerNeverWaits counts while a write hangs.
func TestLedgerNeverWaits(t *testing.T) {
	lt := newLedgerTest(t, 1)
	tx, err := lt.ledger.file.db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error)
	lt.share()
	go func() { written <- lt.ledger.Flush() }()
	for range 1000 {
		lt.share()
		lt.ledger.Rigs(lt.now)
	}
	select {
	case err := <-written:
		t.Fatalf("the write did not hang: %v", err)
	default:
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	lt.check()
}

// TestLedgerWithoutItsFile opens what is somebody else's, or no file. It is left alone, and
// all of it counts on in memory.
func TestLedgerWithoutItsFile(t *testing.T) {
	bad := map[string]func(path string) error{
		"directory": func(path string) error { return os.MkdirAll(path, 0o700) },
		"foreign": func(path string) error {
			return inBolt(path, func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("fates")); return err })
		},
		"later format": func(path string) error {
			return inBolt(path, func(tx *bolt.Tx) error {
				b, err := tx.CreateBucket(metaBucket)
				return cmp.Or(err, b.Put(formatKey, []byte{99}))
			})
		},
		"open elsewhere": func(path string) error {
			_, err := bolt.Open(path, 0o600, nil) // Until the end of the tests.
			return err
		},
	}
	for name, make := range bad {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "l.db")
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			var log bytes.Buffer
			l := Open(Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
			l.Add(Entry{At: time.Now(), Rig: "a.0", Effective: 5, Network: 10})
			if all := l.Rigs(time.Now()); len(all) != 1 || all[0].Work != 5 {
				t.Errorf("%+v", all)
			}
			if rows, err := l.Rows(time.Time{}); err != nil || len(rows) != 1 || rows[0].Expected != 0.5 {
				t.Errorf("%+v, %v", rows, err)
			}
			if err := errors.Join(l.Flush(), l.Close()); err != nil {
				t.Error(err)
			}
			if !strings.Contains(log.String(), path) {
				t.Errorf("the log does not name the file: %q", &log)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func inBolt(path string, do func(*bolt.Tx) error) error {
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	return errors.Join(db.Update(do), db.Close())
}

// TestLedgerDamaged changes bytes of the file anywhere, or cuts its end off. It is used as
// it was, or set aside for a new one, which is told; it always counts, and what is
// counted is written.
func TestLedgerDamaged(t *testing.T) {
	files := 60
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		files = 2000
	}
	lt := newLedgerTest(t, 3)
	for range 300 {
		lt.share()
	}
	if err := lt.ledger.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(lt.path)
	if err != nil {
		t.Fatal(err)
	}
	aside := 0
	for seed := range uint64(files) {
		random := rand.New(rand.NewPCG(seed, 6))
		broken := bytes.Clone(whole)
		switch seed % 4 {
		case 0: // The pages that say where the others are.
			for range 1 + random.IntN(100) {
				broken[random.IntN(2*os.Getpagesize())] ^= byte(1 + random.IntN(255))
			}
		case 1:
			broken = broken[:random.IntN(len(broken))]
		default: // Inner pages: their headers, or anything.
			page := broken[random.IntN(len(broken)/os.Getpagesize())*os.Getpagesize():]
			page[random.IntN(min(len(page), []int{64, 4096}[seed%2]))] ^= byte(1 + random.IntN(255))
		}
		if lt.useDamaged(t, seed, broken) {
			aside++
		}
	}
	t.Logf("%d of %d set aside", aside, files)
	if aside < files/6 || aside == files {
		t.Errorf("%d of %d set aside", aside, files)
	}
}

// useDamaged opens a file, counts, and opens it again. It tells whether it was set aside.
func (lt *ledgerTest) useDamaged(t *testing.T, seed uint64, file []byte) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "l.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	l := Open(Config{Path: path, Now: func() time.Time { return lt.now }, Log: slog.New(slog.NewTextHandler(&log, nil))})
	aside, err := filepath.Glob(path + ".damaged-*")
	if err != nil {
		t.Fatal(err)
	}
	if told := strings.Contains(log.String(), "level=WARN"); told != (len(aside) == 1) {
		t.Errorf("seed %d: set aside as %q, the log: %s", seed, aside, &log)
	}
	for _, name := range aside {
		// Where but a value makes no sense, that is seen after the file was opened for writing.
		kept, err := os.ReadFile(name)
		if err == nil && !bytes.Equal(kept, file) {
			err = boltcheck.Check(t.Context(), name)
		}
		if err != nil {
			t.Errorf("seed %d: what was set aside is not what it was: %v", seed, err)
		}
	}
	l.Add(Entry{At: lt.now, Rig: "new.0", Effective: 5, Network: 10})
	// Whatever comes of these, they come back.
	_, _ = l.Rows(time.Time{})
	_ = l.Shares(func(Share) bool { return true })
	flushed := l.Flush()
	_ = l.prune(lt.now)
	_ = l.Close()
	if l.file == nil {
		if !strings.Contains(log.String(), "its format is") {
			t.Errorf("seed %d: not kept: %s", seed, &log)
		}
		return len(aside) == 1
	}
	// Values that make no sense may come up no sooner than they are added to.
	if flushed != nil && len(aside) == 1 {
		t.Errorf("seed %d: %v", seed, flushed)
	}
	l = Open(Config{Path: path})
	defer l.Close()
	if flushed == nil && !slices.ContainsFunc(l.Rigs(lt.now), func(r RigTotals) bool { return r.Rig == "new.0" && r.Work == 5 }) {
		t.Errorf("seed %d: what was counted is not there", seed)
	}
	return len(aside) == 1
}

// TestLedgerJunkNames logs in under names without end.
func TestLedgerJunkNames(t *testing.T) {
	lt := newLedgerTest(t, 4)
	lt.ledger.cfg.Rigs = 50
	lt.ledger.Add(Entry{At: lt.now, Rig: "good.0", Effective: 5, Network: 10})
	for i := range 5000 {
		lt.now = lt.now.Add(time.Second)
		lt.ledger.Add(Entry{At: lt.now, Rig: fmt.Sprint("junk.", i), Kind: Invalid})
	}
	lt.ledger.Add(Entry{At: lt.now, Rig: "late.0", Effective: 7, Network: 10})
	all := lt.ledger.Rigs(lt.now)
	var total Tally
	names := make(map[string]Tally)
	for _, r := range all {
		total.Add(r.Tally)
		names[r.Rig] = r.Tally
	}
	if len(all) > 51 || names["good.0"].Work != 5 {
		t.Errorf("%d rigs, the good one %+v", len(all), names["good.0"])
	}
	if total.Work != 12 {
		t.Errorf("work %v, expected 12: a rig that came late is counted, if among the others", total.Work)
	}
	lt.now = lt.now.Add(2 * time.Hour)
	lt.ledger.Login(lt.now, "next.0", "", "")
	if all := lt.ledger.Rigs(lt.now); len(all) > 5 {
		t.Errorf("%d rigs after the junk has gone", len(all))
	}
	if err := lt.ledger.Flush(); err != nil {
		t.Fatal(err)
	}
	lt.restart(false)
	if all := lt.ledger.Rigs(lt.now); len(all) > 5 {
		t.Errorf("%d rigs after a restart", len(all))
	}
}

// TestLedgerForgets keeps within its limits.
func TestLedgerForgets(t *testing.T) {
	lt := newLedgerTest(t, 5)
	lt.ledger.cfg.Days = 2
	add := func(rig string) {
		lt.ledger.Add(Entry{At: lt.now, Rig: rig, Effective: 1, Network: 10})
	}
	count := func() (rows, shares int) {
		all, err := lt.ledger.Rows(time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if err := lt.ledger.Shares(func(Share) bool { shares++; return true }); err != nil {
			t.Fatal(err)
		}
		return len(all), shares
	}
	add("old.0")
	for range 5 * 24 {
		lt.now = lt.now.Add(time.Hour)
		add("a.0")
		lt.flush()
	}
	prune := func() {
		t.Helper()
		if err := lt.ledger.prune(lt.now); err != nil {
			t.Fatal(err)
		}
	}
	prune()
	// Until 12:26 on the last day, and two whole days.
	if rows, shares := count(); rows != 61 || shares != 61 {
		t.Errorf("%d rows and %d shares of two days and a half, expected 61", rows, shares)
	}
	if all := lt.ledger.Rigs(lt.now); len(all) != 1 {
		t.Errorf("a rig of which nothing is left is still there: %+v", all)
	}
	lt.ledger.cfg.Rows, lt.ledger.cfg.Shares = 20, 7
	prune()
	if rows, shares := count(); rows != 20 || shares != 7 {
		t.Errorf("%d rows and %d shares, expected 20 and 7", rows, shares)
	}
	if all := lt.ledger.Rigs(lt.now); all[0].Accepted != 120 {
		t.Errorf("%d shares in all, expected 120", all[0].Accepted)
	}
}

// BenchmarkLedger counts the shares of 10,000 rigs, writes them, lists the rigs, and
// tells what a row and a share take on the disk.
func BenchmarkLedger(b *testing.B) {
	const rigs = 10_000
	path := filepath.Join(b.TempDir(), "l.db")
	l := Open(Config{Path: path, Shares: 10_000_000, Rows: 10_000_000})
	names := make([]string, rigs)
	for i := range names {
		names[i] = fmt.Sprintf("bm1q0000000000000000000000000000000000000.rig%d", i)
	}
	at := time.Now().Truncate(time.Hour)
	hour := func() {
		at = at.Add(time.Hour)
		for i := range 3 * rigs {
			l.Add(Entry{At: at, Rig: names[i%rigs], Address: "10.0.0.1", Agent: "bench", Effective: 1000, Network: 1e9})
		}
	}
	size := func() float64 {
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		return float64(info.Size())
	}
	var adding, writing, listing time.Duration
	for b.Loop() {
		start := time.Now()
		hour()
		added := time.Now()
		if err := l.Flush(); err != nil {
			b.Fatal(err)
		}
		written := time.Now()
		l.Rigs(at)
		adding, writing, listing = adding+added.Sub(start), writing+written.Sub(added), listing+time.Since(written)
	}
	n := float64(b.N)
	b.ReportMetric(adding.Seconds()*1e9/n/(3*rigs), "ns/share")
	b.ReportMetric(writing.Seconds()*1e3/n, "ms/write")
	b.ReportMetric(listing.Seconds()*1e3/n, "ms/list")
	b.ReportMetric(size()/n/rigs, "B/row-of-3-shares")
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}
