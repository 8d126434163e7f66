package node

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"slices"
	"time"

	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/history"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/watch"
)

// FrontStats is what a front has beside what a node has.
type FrontStats struct {
	// Key is the front's, by which nodes know it.
	Key string `json:"key"`
	// Engine is why the engine can't be reached; null where it is.
	Engine *string `json:"engine_away"`
	// Nodes are those whose work it serves, the best liked first.
	Nodes []FrontNodeStats `json:"nodes"`
	// Kept is how many entries of rigs wait on this front's disk to be booked by the node.
	Kept int `json:"shares_kept"`
	// Split tells whether rigs' work is their owners', by the node's settings.
	Split bool `json:"split"`
}

// FrontNodeStats is what a front knows of a node.
type FrontNodeStats struct {
	Key string `json:"key"`
	// Silent is how long ago there was news of it, in seconds; null where there never was.
	Silent *float64 `json:"silent_seconds"`
	// Served tells whether rigs have its work, Height is that of its work's block, 0 without work,
	// and Why why it has none, empty if it has.
	Served bool   `json:"served"`
	Height uint64 `json:"height"`
	Why    string `json:"why"`
}

// FrontsStats is what a node knows of a front.
type FrontsStats struct {
	Name string `json:"name"`
	Key  string `json:"key"`
	// Seen is when there was news of it, null where there was none since the node's start.
	Seen *time.Time `json:"seen"`
	// Entries is how many of its rigs' shares and logins were booked, Blocks how many blocks it
	// sent, since the node's start.
	Entries uint64 `json:"entries"`
	Blocks  uint64 `json:"blocks"`
}

// stats are those of now.
func (f *Front) stats() Stats {
	s := Stats{
		At: time.Now().UTC(), Network: f.config.Bytom.ChainID, Node: f.name, Height: f.feed.Tip().Height,
		Luck: []history.Luck{}, Watch: []watch.Status{}, Faults: f.faults.now(), Front: f.frontStats(),
	}
	url := f.rigURL()
	s.Stratum = &url
	if t, err := f.feed.Current(); err != nil {
		why := err.Error()
		s.NotReady = &why
	} else {
		s.Payee, s.Work = &t.Payee.Address, f.workStats(t)
		d := t.Target.Difficulty()
		s.Difficulty = &d
	}
	s.addHistory(f.history)
	s.addRigs(&f.station)
	return s
}

func (f *Front) frontStats() *FrontStats {
	s := &FrontStats{Key: f.key.Public().String(), Kept: f.outbox.Status().Entries, Nodes: []FrontNodeStats{}}
	if policy := f.policy.Load(); policy != nil {
		s.Split = policy.split
	}
	if reached, detail := f.engine.State(); !reached {
		s.Engine = &detail
	}
	for _, n := range f.feed.News() {
		one := FrontNodeStats{Key: n.Key.String(), Served: n.Served, Height: n.Height, Why: n.Why}
		if n.Heard {
			silent := n.Ago.Seconds()
			one.Silent = &silent
		}
		s.Nodes = append(s.Nodes, one)
	}
	return s
}

// workStats reads a template's coinbase, which pays whom this front was told.
func (f *Front) workStats(t *mining.Template) *WorkStats {
	w := &WorkStats{Height: t.Height, Payee: t.Payee.Address, Transactions: t.Parts().Count}
	p, err := t.Payment()
	if err != nil {
		return w
	}
	w.Reward, w.Coinbase, w.Arbitrary, w.Paid = p.Amount, hex.EncodeToString(p.Raw), hex.EncodeToString(p.Arbitrary), programAddress(p.Program)
	payee, err := parsePayee(f.config.Mining.Address)
	w.Matches = err == nil && bytes.Equal(p.Program, payee.Program) && p.Amount == consensus.BlockSubsidy(t.Height)+t.Fees
	return w
}

// frontsStats are a node's fronts; nil where none are served.
func (n *Node) frontsStats() []FrontsStats {
	if n.fronts == nil {
		return nil
	}
	all := []FrontsStats{}
	for _, s := range n.fronts.hub.Fronts() {
		one := FrontsStats{Name: s.Name, Key: s.Key.String(), Entries: s.Entries, Blocks: s.Blocks}
		if !s.Seen.IsZero() {
			seen := s.Seen.UTC()
			one.Seen = &seen
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b FrontsStats) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
	return all
}

// reportEvents counts the events of a found block and sends notifications of them.
func (f *Front) reportEvents(fate mining.Fate, events []mining.Event) {
	for _, e := range events {
		f.metrics.blocks.WithLabelValues(string(e.State)).Inc()
		if e.State == mining.StateFound {
			f.history.Found(historyBlock(fate))
		}
		if e.State == mining.StateJournaled || e.State == mining.StateSubmitted {
			continue
		}
		f.noteRefused(fate, e)
		block := describeFate(fate, f.journal.Has)
		f.notify(Notification{Event: "block." + string(e.State), At: e.At, Block: &block, Detail: e.Detail})
	}
	f.events.found(fate)
}

// watchFront adds the figures of a front.
func (m *metrics) watchFront(f *Front) {
	m.registry.MustRegister(newStatsMetrics(f.figures, f.history.Lost), newFaultMetrics(f.faults), newRigMetrics(f.rigs, f.ledger))
	m.gauge("bytom_solo_front_shares_kept", "Entries of rigs that wait on the front's disk to be booked by the node.", func() float64 {
		return float64(f.outbox.Status().Entries)
	})
	m.gauge("bytom_solo_engine_reached", "1 while the engine between node and fronts is reached.", func() float64 {
		reached, _ := f.engine.State()
		return oneIf(reached)
	})
	m.gauge("bytom_solo_front_node_silent_seconds", "How long ago there was news of a node; -1 where there never was.", func() float64 {
		return silenceOf(f.feed.News())
	})
	m.gauge("bytom_solo_page_streams", "Streams of events that pages read.", func() float64 { return float64(f.events.open()) })
	m.gauge("bytom_solo_chain_height", "Height of the best block.", func() float64 { return float64(f.feed.Tip().Height) })
}

// silenceOf is how long ago there was news of any node, in seconds; -1 where there never was.
func silenceOf(all []fleet.NodeNews) float64 {
	least := -1.0
	for _, n := range all {
		if n.Heard && (least < 0 || n.Ago.Seconds() < least) {
			least = n.Ago.Seconds()
		}
	}
	return least
}
