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
		Luck:      []history.Luck{{Blocks: 10, Expected: 12.5, Ratio: 0.8, Chance: 0.3}},
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

OVER HASHRATE DEVICES RIGS RIGS OFF BY BLOCKS EXPECTED CHANCE OF SO FEW
5 min 1.50 kH/s 500 H/s 1.00 kH/s 5 % 1 2 40.6 %
1 h 1.50 kH/s 500 H/s 1.00 kH/s 5 % 1 2 40.6 %
24 h 1.50 kH/s 500 H/s 1.00 kH/s 5 % 1 2 40.6 %
7 d 1.50 kH/s 500 H/s 1.00 kH/s 5 % 1 2 40.6 %

effort 250 % since the block at 2026-03-01 12:00:00; 8.2 % of blocks take more
luck 80 %: 10 blocks where 12.5 were expected; 30 % are this unlucky or worse
a block every 5 days on average, at the present hashrate
chance 18 % in a day, 99.8 % in a month, 100 % in a year
best share 1.50 G of 2.00 G, by shed.rig1
blocks 12, the latest at 2026-03-01 12:00:00, height 70, effort 50 %

RIG STATE 1 MIN 1 H 24 H BEST THE LAST 24 HOURS
shed.rig1 hashing 3m0s 850 H/s 840 H/s 12.5 H/s 1.50 G =#
new.0 away - - - -`},
		"empty": {node.Stats{Network: "solonet", NotReady: &why}, node.RigStatsList{}, `solonet, height 0, 0 peers, its devices do not mine
no work is handed out: syncing

OVER HASHRATE DEVICES RIGS RIGS OFF BY BLOCKS EXPECTED CHANCE OF SO FEW
5 min - - - - 0 0 -
1 h - - - - 0 0 -
24 h - - - - 0 0 -
7 d - - - - 0 0 -

effort -
luck -
a block -
chance -
best share -
blocks 0`},
	} {
		if got := words(t, c.stats, c.rigs); got != c.want {
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
