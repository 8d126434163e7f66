package node

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/stratum"
)

// TestDescribeRigs tells who did how much, in all and of late.
func TestDescribeRigs(t *testing.T) {
	now := time.Now()
	l := ledger.Open(ledger.Config{Path: filepath.Join(t.TempDir(), "l.db")})
	defer l.Close()
	add := func(rig string, ago time.Duration, shares int, block string) {
		for range shares {
			l.Add(ledger.Entry{At: now.Add(-ago), Rig: rig, Effective: 100, Network: 1000, Block: block})
		}
	}
	add("a.0", 9*24*time.Hour, 30, "")
	add("a.0", 2*24*time.Hour, 10, "")
	add("b.0", 24*time.Hour, 29, "")
	add("b.0", time.Minute, 1, "ab")
	l.Login(now, "c.0", "10.0.0.1", "x")
	live := []stratum.RigStatus{{Name: "b.0", Sessions: 2, Difficulty: 100, Refused: 3}, {Name: "a.0", Difficulty: 7}}

	for _, c := range []struct{ days, a, b, luck float64 }{{0, 4, 3, 1 / 7.0}, {7, 1, 3, 1 / 4.0}, {0.5, 0, 0.1, 10}} {
		list, err := DescribeRigs(l, live, c.days, now)
		if err != nil || len(list.Rigs) != 3 {
			t.Fatalf("%d rigs, %v", len(list.Rigs), err)
		}
		near := func(what string, got, want float64) {
			t.Helper()
			if math.Abs(got-want) > 1e-9 {
				t.Errorf("%v days: %s is %v, expected %v", c.days, what, got, want)
			}
		}
		a, b := list.Rigs[0], list.Rigs[1]
		near("a's expected blocks", a.Expected, c.a)
		near("b's expected blocks", b.Expected, c.b)
		near("a's contribution", a.Contribution, c.a/(c.a+c.b))
		near("b's contribution", b.Contribution, c.b/(c.a+c.b))
		near("the luck", *list.Luck, c.luck)
		near("b's luck", *b.Luck, 1/c.b)
		if b.Sessions != 2 || b.Difficulty != 100 || b.Refused != 3 || a.Sessions != 0 || a.Difficulty != 0 {
			t.Errorf("connections of %+v and %+v", a, b)
		}
		if list.Rigs[2].Luck != nil || list.Rigs[2].Address != "10.0.0.1" {
			t.Errorf("without a share: %+v", list.Rigs[2])
		}
	}
}

func TestRigsRequest(t *testing.T) {
	route := rigRoute{}
	for body, want := range map[string]string{
		"": `"rigs":[]`, `{"days":7}`: `"days":7`, `{"days":-1}`: "field days: value -1", `{"days":1e9}`: "field days",
		fmt.Sprintf(`{"days":%d}`, maxRigDays): fmt.Sprintf(`"days":%d`, maxRigDays), fmt.Sprintf(`{"days":%d}`, maxRigDays+1): "field days", "7": "the body",
	} {
		w := httptest.NewRecorder()
		jsonHandler(route.list)(w, httptest.NewRequest(http.MethodPost, RigsRoute, strings.NewReader(body)))
		if !json.Valid(w.Body.Bytes()) || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%q is answered by %s, expected %s", body, w.Body, want)
		}
	}
}

// TestWatchedRigs bounds the metrics of rigs, however many there are.
func TestWatchedRigs(t *testing.T) {
	now := time.Now()
	var all []ledger.RigTotals
	for i := range 3 * mostWatched {
		all = append(all, ledger.RigTotals{Rig: fmt.Sprint(i), Seen: now, Hashrate: ledger.Rates{Day: float64(i)}})
	}
	all[2*mostWatched+1].Seen = now.Add(-25 * time.Hour) // Its place goes to the next best.
	got := watchedRigs(all, now)
	if len(got) != mostWatched || got[0].Hashrate.Day != 3*mostWatched-1 || got[mostWatched-1].Hashrate.Day != 2*mostWatched-1 {
		t.Errorf("%d rigs, from %+v to %+v", len(got), got[0], got[len(got)-1])
	}
}

// TestAwayRigs: a rig has metrics for a day after it was last here.
func TestAwayRigs(t *testing.T) {
	now := time.Now()
	for away, want := range map[time.Duration]int{0: 1, 23 * time.Hour: 1, 24 * time.Hour: 1, 24*time.Hour + 1: 0} {
		if got := watchedRigs([]ledger.RigTotals{{Rig: "a.0", Seen: now.Add(-away)}}, now); len(got) != want {
			t.Errorf("away for %v: %d rigs, expected %d", away, len(got), want)
		}
	}
}
