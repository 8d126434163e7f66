package table

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/history"
	"github.com/bytom-solo/bytom-solo/node"
)

func some(v float64) *float64 { return &v }

func TestSparkline(t *testing.T) {
	day := []*float64{nil, some(0), some(1), some(50), some(99), some(100), nil}
	for _, test := range []struct {
		values  []*float64
		unicode bool
		want    string
	}{
		{day, true, " ▁▂▅██"}, {day, false, " _.=##"}, {nil, true, ""}, {[]*float64{some(0), nil, some(0)}, false, "_ _"},
		{[]*float64{some(math.SmallestNonzeroFloat64)}, false, "#"},
	} {
		if got := sparkline(test.values, test.unicode); got != test.want {
			t.Errorf("%q, expected %q", got, test.want)
		}
	}
}

func TestPercent(t *testing.T) {
	for part, want := range map[float64]string{0: "0 %", 1: "100 %", 0.1234: "12.3 %", 0.99999: "over 99.9 %", 1e-9: "under 0.001 %", 12.345: "1234 %", 1.5: "150 %"} {
		if got := percent(part); got != want {
			t.Errorf("%v is %q, expected %q", part, got, want)
		}
	}
	for seconds, want := range map[float64]string{3: "3 seconds", 180: "3 minutes", 3.5 * 86400: "3.5 days", 1e9: "31.7 years"} {
		if got := roughly(seconds); got != want {
			t.Errorf("%v s are %q, expected %q", seconds, got, want)
		}
	}
}

// TestStats prints a node of which all is known, and one of which nothing is.
func TestStats(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.Local)
	window := node.HashrateWindow{Hashrate: some(1500), Devices: some(500), Rigs: some(1000), Band: some(0.05), Blocks: 1, Expected: 2, ChanceOfFewer: some(0.406)}
	full := node.Stats{
		Node: "shed", Network: "mainnet", Height: 77, Peers: 8, Mining: true, Difficulty: some(2e9),
		Hashrate:  node.HashrateWindows{Now: window, Hour: window, Day: window, Week: window},
		Faults:    []node.Fault{{ID: "webhook", Since: at, What: "The webhook takes nothing", Do: "Check its server"}},
		Effort:    &node.EffortStats{Value: 2.5, Since: at, AfterBlock: true, Chance: 0.082},
		Luck:      []history.Luck{{Blocks: 1, Expected: 4, Ratio: 0.25, Chance: 0.1}, {Blocks: 10, Expected: 12.5, Ratio: 0.8, Chance: 0.3}},
		Odds:      &node.OddsStats{Expected: 86400 * 5, Day: 0.18, Month: 0.9975, Year: 1},
		BestShare: &node.BestShare{Difficulty: 1.5e9, Rig: "shed.rig1"},
		Blocks:    node.BlockCounts{Found: 12, Last: &node.BlockStats{At: at, Height: 70, Effort: some(0.5)}},
	}
	asked, since := at.Add(3*time.Minute), at
	rigs := node.RigStatsList{At: asked, Rigs: []node.RigStats{
		{Rig: "shed.rig1", State: node.RigHashing, Since: &since, Hashrate: node.RigRates{Minute: some(850), Hour: some(840), Day: some(12.5)}, Best: some(1.5e9), Day: []*float64{nil, some(1), some(2)}},
		{Rig: "new.0", State: node.RigAway, Day: make([]*float64, 48)},
	}}
	why := "syncing"
	for name, c := range map[string]struct {
		stats node.Stats
		rigs  node.RigStatsList
		want  string
	}{
		"full": {full, rigs, `shed, mainnet, height 77, 8 peers, its devices mine
wrong since 2026-03-01 12:00:00: The webhook takes nothing. Check its server.

OVER HASHRATE DEVICES RIGS ± RIGS BLOCKS EXPECTED SO FEW
5 min 1.50 kH/s 500 H/s 1.00 kH/s 5 % 1 2 40.6 %
1 h 1.50 kH/s 500 H/s 1.00 kH/s 5 % 1 2 40.6 %
24 h 1.50 kH/s 500 H/s 1.00 kH/s 5 % 1 2 40.6 %
7 d 1.50 kH/s 500 H/s 1.00 kH/s 5 % 1 2 40.6 %

effort 250 % since the block, 2026-03-01 12:00: 8.2 % take more
luck 25 %: 1 block, 4 expected; 10 % do no better
luck 80 %: 10 blocks, 12.5 expected; 30 % do no better
a block every 5 days on average, at the present hashrate
chance a day 18 %, a month 99.8 %, a year 100 %
best share 1.50 G of 2.00 G, by shed.rig1
blocks 12, the latest at 2026-03-01 12:00, height 70, effort 50 %

RIG STATE 1 H 24 H THE LAST 24 HOURS
shed.rig1 hashing 3m0s 840 H/s 12.5 H/s =#
new.0 away - -`},
		"empty": {node.Stats{Network: "solonet", NotReady: &why}, node.RigStatsList{}, `solonet, height 0, 0 peers, its devices do not mine
no work is handed out: syncing

` + nothing},
	} {
		if got := words(t, c.stats, c.rigs); got != c.want {
			t.Errorf("%s:\n%s\nexpected\n%s", name, got, c.want)
		}
	}
}

// nothing is what is printed of one that has done nothing.
const nothing = `OVER HASHRATE DEVICES RIGS ± RIGS BLOCKS EXPECTED SO FEW
5 min - - - - 0 0 -
1 h - - - - 0 0 -
24 h - - - - 0 0 -
7 d - - - - 0 0 -

effort -
luck -
a block -
chance -
best share -
blocks 0`

// TestStatsOfAFleet prints a front, and a node that serves some.
func TestStatsOfAFleet(t *testing.T) {
	why, away, at := "syncing", "no servers", time.Date(2026, 3, 1, 12, 0, 0, 0, time.Local)
	front := node.Stats{Network: "solonet", Node: "hall", Height: 9, Front: &node.FrontStats{
		Key: "4a5c7ca9ce865eba", Engine: &away, Kept: 12, Nodes: []node.FrontNodeStats{
			{Key: "3e8e723aaa674021b7d4", Silent: some(0.7), Served: true, Height: 10}, {Key: "4e8e723aaa674021b7d4", Why: why},
		},
	}}
	served := node.Stats{Network: "solonet", Fronts: []node.FrontsStats{{Name: "hall", Key: "4a5c7ca9ce865eba", Seen: &at, Entries: 34, Blocks: 2}, {Name: "new", Key: "5a5c7ca9ce865eba"}}}
	for name, c := range map[string]struct {
		stats node.Stats
		want  string
	}{
		"front": {front, `hall, solonet, height 9, front 4a5c7ca9ce865eba
the engine can't be reached: no servers
12 shares and logins wait here for the node to book them

NODE SILENT FOR WORK FOR RIGS HAVE IT
3e8e723aaa67… 1s 10 yes
4e8e723aaa67… - - no: syncing

` + nothing},
		"node with fronts": {served, `solonet, height 0, 0 peers, its devices do not mine

FRONT LAST HEARD OF BOOKED BLOCKS KEY
hall 2026-03-01 12:00:00 34 2 4a5c7ca9ce86…
new - 0 0 5a5c7ca9ce86…

` + nothing},
	} {
		if got := words(t, c.stats, node.RigStatsList{}); got != c.want {
			t.Errorf("%s:\n%s\nexpected\n%s", name, got, c.want)
		}
	}
}

// words is what is printed, with a space where there are more.
func words(t *testing.T, stats node.Stats, rigs node.RigStatsList) string {
	t.Helper()
	var b bytes.Buffer
	if err := Stats(&b, stats, rigs, false); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

// TestStatsFitATerminal prints the widest figures there are.
func TestStatsFitATerminal(t *testing.T) {
	at := time.Date(2026, 12, 31, 23, 59, 59, 0, time.Local)
	since := at.Add(-400*time.Hour - 59*time.Minute)
	w := node.HashrateWindow{Hashrate: some(1.11e15), Devices: some(1.11e15), Rigs: some(1.11e15), Band: some(0.123), Blocks: 99999, Expected: 1.23e5, ChanceOfFewer: some(0.99999)}
	day := make([]*float64, 48)
	for i := range day {
		day[i] = some(float64(i))
	}
	s := node.Stats{
		Network: "mainnet", Hashrate: node.HashrateWindows{Now: w, Hour: w, Day: w, Week: w}, Difficulty: some(1.11e15),
		Effort: &node.EffortStats{Value: 12.3, Since: since, Chance: 1e-9}, Luck: []history.Luck{{Blocks: 1000, Expected: 1.23e3, Ratio: 12.3, Chance: 1e-9}},
		Odds: &node.OddsStats{Expected: 1e9, Day: 1e-9, Month: 1e-9, Year: 1e-9}, BestShare: &node.BestShare{Difficulty: 1.11e15, Rig: "shed.rig1"},
		Blocks: node.BlockCounts{Found: 12345, Last: &node.BlockStats{At: at, Height: 1234567, Effort: some(12.3)}},
	}
	rigs := node.RigStatsList{At: at, Rigs: []node.RigStats{{
		Rig: "bm1q2rpnle3nuyn6h68ah77fct9vyg5t4uyfdqrgj3.shed-1", State: node.RigDegraded, Since: &since,
		Hashrate: node.RigRates{Hour: some(1.11e15), Day: some(1.11e15)}, Day: day,
	}}}
	var b bytes.Buffer
	if err := Stats(&b, s, rigs, true); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if !strings.Contains(b.String(), "…dqrgj3.shed-1 ") {
		t.Errorf("the rig's name is not cut at its beginning:\n%s", &b)
	}
	b.Reset()
	if err := Stats(&b, s, rigs, false); err != nil || !strings.Contains(b.String(), rigs.Rigs[0].Rig) {
		t.Errorf("for a program the name is cut: %v\n%s", err, &b)
	}
}
