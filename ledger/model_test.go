package ledger

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// ledgerModel is a ledger that is a list.
type ledgerModel struct {
	entries  []Entry
	policies []uint32 // of each entry
	policy   uint32
	flushed  int // how many of them a kill leaves
	// withoutPolicy is how many of them a version wrote that knew no work and no owners.
	withoutPolicy int
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
	claims *rand.Rand
	path   string
	now    time.Time
	ledger *Ledger
	log    *bytes.Buffer
}

func newLedgerTest(t *testing.T, seed uint64) *ledgerTest {
	lt := &ledgerTest{
		ledgerModel: &ledgerModel{}, t: t, random: rand.New(rand.NewPCG(seed, 5)), claims: rand.New(rand.NewPCG(seed, 6)), path: filepath.Join(t.TempDir(), "deep", "rigs.db"),
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
	lt.ledger.SetPolicy(lt.policy)
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
	lt.claim(&e)
	lt.ledger.Add(e)
	lt.entries, lt.policies = append(lt.entries, e), append(lt.policies, lt.policy)
}

// claim adds whose a submit is and what it is worth, by a source of chance of its own: that of
// share has made a file of the testdata.
func (lt *ledgerTest) claim(e *Entry) {
	e.Work = lt.claims.Uint64()
	if i := lt.claims.IntN(12); i < 10 {
		e.Owner = fmt.Sprint("bm1qowner", i*i%7)
	}
	if e.Solved = e.Block; e.Solved == "" && lt.claims.IntN(15) == 0 {
		e.Solved = fmt.Sprintf("%064x", lt.claims.Uint64()) // It lost its race.
	}
	if lt.claims.IntN(30) == 0 {
		lt.policy = lt.claims.Uint32N(4)
		lt.ledger.SetPolicy(lt.policy)
	}
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
		lt.entries, lt.policies = lt.entries[:lt.flushed], lt.policies[:lt.flushed]
		if err := lt.ledger.file.Close(); err != nil {
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

// check compares all that the ledger returns with the model.
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
