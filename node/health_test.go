package node

import (
	"slices"
	"strings"
	"testing"
)

func TestHealthSaysWhyNot(t *testing.T) {
	rate, behind := 46.94, "no work can be handed out: syncing, at height 5 of 9\nor so"
	fine := func(change func(*Stats)) Stats {
		s := Stats{Network: "mainnet", Height: 9, Peers: 3, Mining: true, Work: &WorkStats{Height: 10}}
		s.Hashrate.Now.Hashrate = &rate
		change(&s)
		return s
	}
	fault := func(id string) func(*Stats) {
		return func(s *Stats) { s.Faults = []Fault{{ID: id, What: "It burns", Do: "Put it out", Serious: true}} }
	}
	for name, c := range map[string]struct {
		stats   Stats
		healthy bool
		says    string
	}{
		"mines":     {fine(func(*Stats) {}), true, "mainnet, height 9, 3 peers: work is handed out, for height 10, 46.9 H/s"},
		"rigs":      {fine(func(s *Stats) { s.Rigs = &RigCounts{Online: 2} }), true, "46.9 H/s, 2 rigs"},
		"fronts":    {fine(func(s *Stats) { s.Rigs, s.Fronts = &RigCounts{}, make([]FrontsStats, 2) }), true, "0 rigs, 2 fronts"},
		"new":       {fine(func(s *Stats) { s.Hashrate.Now.Hashrate = nil }), true, "for height 10"},
		"behind":    {fine(func(s *Stats) { s.NotReady, s.Work = &behind, nil }), false, "syncing, at height 5 of 9 or so"},
		"no work":   {fine(func(s *Stats) { s.Work = nil }), false, "no work is handed out"},
		"full":      {fine(fault("disk-full")), false, "mainnet, height 9: It burns (disk-full). Put it out"},
		"idle":      {fine(fault("nothing-mines")), false, "nothing-mines"},
		"rigs away": {fine(func(s *Stats) { fault("nothing-mines")(s); s.Mining = false }), true, "work is handed out"},
		"a rig's":   {fine(fault("rigs-refused")), true, "work is handed out, for height 10, 46.9 H/s; but: It burns (rigs-refused). Put it out"},
		"fenced":    {fine(fault("fenced")), false, "mainnet, height 9: It burns (fenced). Put it out"},
		"engine":    {fine(fault("engine-away")), true, "46.9 H/s; but: It burns (engine-away). Put it out"},
		"a front": {fine(func(s *Stats) {
			near, far := 0.5, 31.0
			s.Front = &FrontStats{Kept: 7, Nodes: []FrontNodeStats{{Silent: &near}, {Silent: &far}, {}}}
		}), true, "height 9, a front, 1 of 3 nodes heard of, 7 shares kept: work is handed out, for height 10, 46.9 H/s"},
		"a front's": {fine(func(s *Stats) { fault("node-silent")(s); s.Front = &FrontStats{} }), false, "node-silent"},
		"a file's":  {fine(func(s *Stats) { fault("journal")(s); s.Faults[0].Serious = false }), true, "work is handed out"},
	} {
		line, healthy := c.stats.Health()
		if serious := slices.ContainsFunc(c.stats.Faults, func(f Fault) bool { return f.Serious }); serious != strings.Contains(line, "It burns") {
			t.Errorf("%s: %q, with a serious fault: %v", name, line, serious)
		}
		if healthy != c.healthy || !strings.Contains(line, c.says) || strings.Contains(line, "\n") {
			t.Errorf("%s: %q, healthy %v, expected %q, %v", name, line, healthy, c.says, c.healthy)
		}
	}
}

// TestStopFaultsAreFaults: each is one that the node looks for, and a serious one.
func TestStopFaultsAreFaults(t *testing.T) {
	for _, id := range stopFaults {
		if !slices.ContainsFunc((&Node{}).faultKinds(), func(k faultKind) bool { return k.id == id && k.serious }) {
			t.Errorf("%s is no serious fault", id)
		}
	}
	for _, id := range frontStopFaults {
		if !slices.ContainsFunc((&Front{}).faultKinds(), func(k faultKind) bool { return k.id == id && k.serious }) {
			t.Errorf("%s is no serious fault of a front", id)
		}
	}
}
