package ledger

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"
)

const day = 24 * time.Hour

// counts are what the ledger has: rows, shares and rigs.
func (lt *ledgerTest) counts() (rows, shares, rigs int) {
	lt.t.Helper()
	all, err := lt.ledger.Rows(time.Time{})
	if err != nil {
		lt.t.Fatal(err)
	}
	if err := lt.ledger.Shares(func(Share) bool { shares++; return true }); err != nil {
		lt.t.Fatal(err)
	}
	return len(all), shares, len(lt.ledger.Rigs(lt.now))
}

// work has rigs send a share each.
func (lt *ledgerTest) work(rigs ...string) {
	for _, rig := range rigs {
		lt.ledger.Add(Entry{At: lt.now, Rig: rig, Effective: 600, Network: 1e6})
	}
	lt.flush()
}

// reopen ends the run, and begins another with the clock elsewhere.
func (lt *ledgerTest) reopen(at time.Time) {
	lt.t.Helper()
	if err := lt.ledger.Close(); err != nil {
		lt.t.Fatal(err)
	}
	lt.now = at
	lt.open()
}

func (lt *ledgerTest) prune() {
	lt.t.Helper()
	if err := lt.ledger.prune(lt.now); err != nil {
		lt.t.Fatal(err)
	}
}

// TestLedgerOutlivesAWrongClock starts once with the clock three years ahead, as a machine
// with an empty battery does, and once in 1970, with retentions of all sizes. At most
// one day of many is gone, and the next right start has all that there was.
func TestLedgerOutlivesAWrongClock(t *testing.T) {
	for _, wrong := range []time.Duration{3 * 365 * day, 401 * day, 40 * day, -50 * 365 * day} {
		for _, kept := range []int{400, 5} {
			lt := newLedgerTest(t, 1)
			lt.ledger.cfg.Days = kept
			for range 7 {
				lt.now = lt.now.Add(day)
				lt.work("a.0", "b.0")
			}
			lt.prune()
			right, before := lt.now, min(7, kept+1)

			lt.reopen(right.Add(wrong))
			lt.ledger.cfg.Days = kept
			lt.work("a.0")
			for range 3 { // Hours by the monotonic clock too.
				lt.now = lt.now.Add(25 * time.Hour)
				lt.prune()
			}
			if !strings.Contains(lt.log.String(), "level=WARN") || !strings.Contains(lt.log.String(), "off_by="+wrong.Abs().String()) {
				t.Errorf("%v: the jump is not told: %s", wrong, lt.log)
			}

			lt.reopen(right.Add(time.Minute))
			lt.ledger.cfg.Days = kept
			lt.prune()
			least := 2 * before
			if before == kept+1 {
				least -= 2 // A day has come, by the rows; the oldest has gone for it.
			}
			if rows, shares, rigs := lt.counts(); rows < least || shares < least || rigs != 2 {
				t.Errorf("%v, %d days kept: %d rows, %d shares, %d rigs; expected %d of two", wrong, kept, rows, shares, rigs, least)
			}
		}
	}
}

// TestLedgerTellsAJump opens a ledger at all distances from where it was left.
func TestLedgerTellsAJump(t *testing.T) {
	for from, want := range map[time.Duration]string{
		-3 * 365 * day: "behind", -2 * time.Minute: "behind", -59 * time.Second: "", 0: "", 30 * day: "",
		31 * day: "ahead of", 3 * 365 * day: "ahead of",
	} {
		lt := newLedgerTest(t, 2)
		lt.work("a.0")
		left := lt.now
		lt.reopen(left.Add(from))
		got := lt.log.String()
		if want == "" && got != "" || want != "" && !(strings.Contains(got, want) && strings.Contains(got, left.Format(time.RFC3339)) && strings.Contains(got, lt.now.Format(time.RFC3339)) && strings.Contains(got, from.Abs().String())) {
			t.Errorf("%v: told %q, expected %q", from, got, want)
		}
		lt.log.Reset()
		lt.restart(false) // It is used at that time by now: nothing new.
		if lt.log.Len() > 0 {
			t.Errorf("%v: told again: %s", from, lt.log)
		}
	}
}

// TestLedgerKeepsSeldomUsedDays has a node run a day in a hundred: days without work do
// not count.
func TestLedgerKeepsSeldomUsedDays(t *testing.T) {
	lt := newLedgerTest(t, 3)
	lt.ledger.cfg.Days = 3
	for i := range 10 {
		lt.now = lt.now.Add(100 * day)
		lt.work(fmt.Sprint("a.", i))
		lt.prune()
		rows, shares, rigs := lt.counts()
		if want := min(i+1, 4); rows != want || shares != want || rigs != want {
			t.Fatalf("after %d days of work: %d rows, %d shares, %d rigs; expected %d", i+1, rows, shares, rigs, want)
		}
	}
}

// TestLedgerForgetsNoRigInUse: a name without an accepted share is forgotten after a day of
// this run, whatever the clock said when it came; one whose rows are left is not.
func TestLedgerForgetsNoRigInUse(t *testing.T) {
	lt := newLedgerTest(t, 4)
	lt.ledger.Login(lt.now, "new.0", "", "")
	lt.flush()
	lt.reopen(lt.now.Add(3 * 365 * day))
	lt.prune()
	if _, _, rigs := lt.counts(); rigs != 1 {
		t.Error("forgotten by one reading of the clock")
	}
	lt.now = lt.now.Add(day + time.Second)
	lt.prune()
	if _, _, rigs := lt.counts(); rigs != 0 {
		t.Error("a day later a name without a share is still there")
	}

	lt = newLedgerTest(t, 5)
	lt.ledger.cfg.Days = 1
	lt.now = lt.now.Add(day)
	lt.work("a.0")
	lt.now = lt.now.Add(-50 * day)
	lt.ledger.Login(lt.now, "a.0", "", "") // The clock was set back: it was last seen then.
	lt.now = lt.now.Add(51 * day)
	lt.work("b.0")
	lt.now = lt.now.Add(day)
	lt.work("b.0")
	lt.ledger.cfg.Days = 2
	lt.prune()
	if rows, _, rigs := lt.counts(); rows != 3 || rigs != 2 {
		t.Errorf("%d rows, %d rigs: expected 3 of 2", rows, rigs)
	}
}

// TestRatesSurviveTheClock: what came while the clock was wrong is not in the rates of a
// right one, nothing else is missing, and no rate is absurd.
func TestRatesSurviveTheClock(t *testing.T) {
	for _, wrong := range []time.Duration{3 * 365 * day, day, time.Hour, -time.Hour, -day, -50 * 365 * day} {
		lt := newLedgerTest(t, 6)
		hour := func() {
			for range 60 {
				lt.now = lt.now.Add(time.Minute)
				lt.work("a.0") // 600 hashes a minute, two of which may touch the last one
			}
		}
		hour()
		right := lt.now
		lt.reopen(right.Add(wrong))
		lt.work("a.0", "late.0")
		lt.reopen(right)
		hour()
		for _, r := range lt.ledger.Rigs(lt.now) {
			for name, rate := range map[string]float64{"minute": r.Hashrate.Minute, "hour": r.Hashrate.Hour, "day": r.Hashrate.Day} {
				if math.IsNaN(rate) || rate < 0 || rate > 20 {
					t.Errorf("%v: %s does %v H/s over the %s", wrong, r.Rig, rate, name)
				}
				if r.Rig == "a.0" && (rate < 9 && (name != "day" || wrong > -day)) {
					t.Errorf("%v: %s does %v H/s over the %s, expected 10", wrong, r.Rig, rate, name)
				}
			}
		}
	}
}

// TestSteadyTime keeps distances where the clock is the same, and needs no wall clock.
func TestSteadyTime(t *testing.T) {
	opened := time.Now()
	l := newInMemory(Config{Now: func() time.Time { return opened }})
	for _, d := range []time.Duration{0, time.Second, -time.Hour, 1000 * time.Hour} {
		if got := l.steady(opened.Add(d)); !got.Equal(opened.Add(d)) {
			t.Errorf("%v later it is %v", d, got.Sub(opened))
		}
	}
}

// TestPrunedDays finds the oldest day to keep among rows of any days.
func TestPrunedDays(t *testing.T) {
	lt := newLedgerTest(t, 7)
	lt.now = lt.now.Truncate(day)
	start := lt.now
	for _, d := range []int{0, 1, 5, 6, 9} {
		for _, h := range []int{0, 13, 23} {
			lt.now = start.Add(time.Duration(d*24+h) * time.Hour)
			lt.work("a.0")
		}
	}
	left := make(map[int]int)
	for _, kept := range []int{6, 5, 4, 3, 1} {
		lt.ledger.cfg.Days = kept
		lt.prune()
		left[kept], _, _ = lt.counts()
	}
	if want := map[int]int{6: 15, 5: 15, 4: 15, 3: 12, 1: 6}; !maps.Equal(left, want) {
		t.Errorf("rows by days kept: %v, expected %v", left, want)
	}
}
