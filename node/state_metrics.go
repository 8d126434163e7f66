package node

import (
	"errors"
	"runtime"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
)

// stateMetrics are figures of the node as a whole. One that is not known is missing.
type stateMetrics struct {
	node *Node

	build, info, ready, target, tip, found, notes, rigs, free, size *prometheus.Desc
}

func newStateMetrics(n *Node) *stateMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("bytom_solo_"+name, help, labels, nil)
	}
	return &stateMetrics{
		node:   n,
		build:  desc("build_info", "Always 1: the program's version, that of the embedded Bytom, and Go's.", "version", "bytom", "goversion"),
		info:   desc("node_info", "Always 1: the network's name, and the node's.", "network", "node"),
		ready:  desc("ready", "0 while no work is handed out for this reason; the least of all is whether any is.", "reason"),
		target: desc("chain_target_height", "Height of the peer that is ahead of all others, or the node's own if none is ahead."),
		tip:    desc("chain_tip_timestamp_seconds", "Timestamp of the best block."),
		found:  desc("found_blocks", "Blocks in the journal by what became of them.", "state"),
		notes:  desc("notifications_total", "Notifications and pings by what became of them: delivered, failed (a try), lost.", "to", "result"),
		rigs:   desc("rigs", "Rigs by their state: new, hashing, degraded, silent, away.", "state"),
		free:   desc("disk_free_bytes", "What is free on the disk of the home directory for this user."),
		size:   desc("disk_size_bytes", "Size of the disk of the home directory."),
	}
}

// Describe satisfies prometheus.Collector.
func (m *stateMetrics) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.build, m.info, m.ready, m.target, m.tip, m.found, m.notes, m.rigs, m.free, m.size} {
		c <- d
	}
}

// Collect satisfies prometheus.Collector.
func (m *stateMetrics) Collect(c chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	n := m.node
	gauge(m.build, 1, n.config.Version, BytomVersion(), runtime.Version())
	gauge(m.info, 1, n.config.Bytom.ChainID, strings.ToValidUTF8(n.config.Bytom.NodeAlias, "\uFFFD"))
	held := n.heldBy()
	for _, reason := range holdReasons {
		gauge(m.ready, oneIf(reason != held), reason)
	}
	tip := n.bytom.chain.GetBlockIndex().BestNode()
	gauge(m.tip, float64(tip.Timestamp))
	if !n.config.Bytom.VaultMode {
		if best := n.bytom.sync.BestPeer(); best != nil {
			gauge(m.target, float64(max(best.Height, tip.Height)))
		}
	}
	if n.journal != nil {
		counts := n.journal.Counts()
		for _, s := range mining.Standings() {
			gauge(m.found, float64(counts[s]), string(s))
		}
	}
	if n.rigStates != nil {
		for state, count := range n.rigStates.counts() {
			gauge(m.rigs, float64(count), string(state))
		}
	}
	if free, size, known := diskRoom(n.config.Bytom.RootDir); known {
		gauge(m.free, float64(free))
		gauge(m.size, float64(size))
	}
	m.collectNotes(c)
}

// collectNotes counts what became of notifications, for each way that the operator wants them.
func (m *stateMetrics) collectNotes(c chan<- prometheus.Metric) {
	count := func(to string, try *lastTry) {
		c <- prometheus.MustNewConstMetric(m.notes, prometheus.CounterValue, float64(try.taken.Load()), to, "delivered")
		c <- prometheus.MustNewConstMetric(m.notes, prometheus.CounterValue, float64(try.fruitless.Load()), to, "failed")
	}
	for _, to := range []*notifier{m.node.notifier, m.node.command} {
		if to.do != nil {
			count(to.what, &to.lastTry)
			c <- prometheus.MustNewConstMetric(m.notes, prometheus.CounterValue, float64(to.gone.Load()), to.what, "lost")
		}
	}
	if m.node.pinger.url != "" {
		count("ping", &m.node.pinger.lastTry)
	}
}

// holdReasons are why no work may be handed out, by the faults' names.
var holdReasons = []string{"payee-mismatch", "payee-lost", "no-payee", "disk-full", "no-peers", "behind", "no-work"}

// heldBy is which of these holds work back now; empty if none does.
func (n *Node) heldBy() string {
	_, err := n.generator.Current()
	switch {
	case err == nil:
		return ""
	case errors.Is(err, mining.ErrPayeeMismatch):
		return "payee-mismatch"
	case errors.Is(err, mining.ErrNoPayee) && n.payees.lost() != "":
		return "payee-lost"
	case errors.Is(err, mining.ErrNoPayee):
		return "no-payee"
	case n.disk.ready() != nil:
		return "disk-full"
	case errors.Is(err, chain.ErrNoPeers):
		return "no-peers"
	case errors.Is(err, chain.ErrBehind):
		return "behind"
	}
	return "no-work"
}
