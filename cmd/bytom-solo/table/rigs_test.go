package table

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/node"
)

func TestMetric(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.00 ", 0.5: "0.50 ", 12: "12.0 ", 850: "850 ", 999.6: "1.00 k", 1234567: "1.23 M", 98765432: "98.8 M", 4e18: "4.00 E", 5e21: "5000 E",
	} {
		if got := metric(v); got != want {
			t.Errorf("%v is %q, expected %q", v, got, want)
		}
	}
}

func TestPrintRigs(t *testing.T) {
	now := time.Unix(1e9, 0)
	half, last := 0.5, now.Add(-90*time.Second)
	rig := node.Rig{
		RigTotals: ledger.RigTotals{
			Rig: "bm1q.b3", Address: "10.0.0.7", Agent: "bmminer/2.0.0", Last: &last, Hashrate: ledger.Rates{Minute: 850, Hour: 840, Day: 12.5},
			Tally: ledger.Tally{Accepted: 1000, Stale: 3, Duplicate: 2, Low: 1, Invalid: 4, Work: 4.25e6, Expected: 2, Blocks: 1, Best: 1.5e9},
		},
		Sessions: 1, Difficulty: 4250, Contribution: 0.25, Luck: &half,
		State: node.RigSilent, Since: &last,
	}
	list := node.RigList{Days: 7, Rigs: []node.Rig{rig, {RigTotals: ledger.RigTotals{Rig: "new.0"}}}, Total: ledger.Tally{Work: 17e6, Expected: 8, Blocks: 1}}
	for name, c := range map[string]struct {
		print func(*bytes.Buffer) error
		want  []string
	}{
		"rigs": {func(b *bytes.Buffer) error { return Rigs(b, list, now) }, []string{
			"bm1q.b3 silent 1m30s 10.0.0.7 bmminer/2.0.0 1 4.25 k 850 H/s 840 H/s 12.5 H/s 1000 3 2 1 4 1.50 G 1m30s ago 1",
			"new.0 - - - 0 - 0.00 H/s 0.00 H/s 0.00 H/s 0 0 0 0 0 0.00 never 0",
		}},
		"contributions": {func(b *bytes.Buffer) error { return Contributions(b, list, now) }, []string{
			"bm1q.b3 7.03 H/s 4.25 MH 25.00 % 2 1 50 % 1000 3 2 1 4 1.50 G",
			"all, 7 days 28.1 H/s 17.0 MH 100.00 % 8 1 - 0 0 0 0 0 0.00",
		}},
	} {
		var b bytes.Buffer
		if err := c.print(&b); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(b.String()) {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		if got := strings.Join(lines[1:], "\n"); got != strings.Join(c.want, "\n") {
			t.Errorf("%s:\n%s\nexpected\n%s", name, got, strings.Join(c.want, "\n"))
		}
	}
}

// TestPrintRigsOfTheFuture prints rigs that were counted by a clock that was a day ahead.
func TestPrintRigsOfTheFuture(t *testing.T) {
	now := time.Unix(1e9, 0)
	later := now.Add(24 * time.Hour)
	rig := node.Rig{RigTotals: ledger.RigTotals{Rig: "a", First: later, Last: &later, Tally: ledger.Tally{Accepted: 1, Work: 86400 * 7}}}
	list := node.RigList{Days: 7, Rigs: []node.Rig{rig}}
	for want, print := range map[string]func(*bytes.Buffer) error{
		"in 24h0m0s": func(b *bytes.Buffer) error { return Rigs(b, list, now) },
		"  1.00 H/s": func(b *bytes.Buffer) error { return Contributions(b, list, now) },
	} {
		var b bytes.Buffer
		if err := print(&b); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%v, expected %q:\n%s", err, want, &b)
		}
	}
}
