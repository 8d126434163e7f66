package ledger

import (
	"fmt"
	"testing"
	"time"
)

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
