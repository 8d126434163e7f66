package node

import (
	"time"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bytom-solo/bytom-solo/mining"
)

// MetricsRoute serves the metrics in Prometheus's text format.
const MetricsRoute = "/metrics"

// metrics counts what happens. It is safe for concurrent use.
type metrics struct {
	registry *prometheus.Registry
	stages   *prometheus.HistogramVec
	blocks   *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bytom_solo_stage_duration_seconds",
			Help: "Time that each stage takes on the way from a new tip to a block: tip_to_template, tip_to_full_template, " +
				"template_to_device, seed_to_device, solution_to_journal, solution_to_chain, template_to_rig, share_to_verdict.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16), // to 16 s
		}, []string{"stage"}),
		blocks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bytom_solo_block_events_total",
			Help: "Events in the lives of blocks found here: found, main, confirmed, matured, lost, refused and so on.",
		}, []string{"event"}),
	}
	m.registry.MustRegister(m.stages, m.blocks, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe takes a stage's duration.
func (m *metrics) observe(s mining.Stage, d time.Duration) {
	m.stages.WithLabelValues(string(s)).Observe(d.Seconds())
}

func (m *metrics) register(r *mux.Router) {
	r.Handle(MetricsRoute, promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
}

// gauge adds a figure that is read when it is asked for.
func (m *metrics) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

// deviceMetrics reads the miner's devices.
type deviceMetrics struct {
	miner                        *mining.Miner
	hashes, wasted, rate, failed *prometheus.Desc
}

func newDeviceMetrics(miner *mining.Miner) *deviceMetrics {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{"device"}, nil)
	}
	return &deviceMetrics{
		miner:  miner,
		hashes: desc("bytom_solo_device_hashes_total", "Hashes that the device computed for mining."),
		wasted: desc("bytom_solo_device_wasted_hashes_total", "Hashes spent on work whose tip had already been replaced."),
		rate:   desc("bytom_solo_device_hashes_per_second", "Hashrate over the last minute."),
		failed: desc("bytom_solo_device_failed", "1 if the device was stopped for wrong results."),
	}
}

// Describe satisfies prometheus.Collector.
func (d *deviceMetrics) Describe(c chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{d.hashes, d.wasted, d.rate, d.failed} {
		c <- desc
	}
}

// Collect satisfies prometheus.Collector.
func (d *deviceMetrics) Collect(c chan<- prometheus.Metric) {
	for _, s := range d.miner.Devices() {
		failed := 0.0
		if s.Failed != "" {
			failed = 1
		}
		c <- prometheus.MustNewConstMetric(d.hashes, prometheus.CounterValue, float64(s.Hashes), s.Name)
		c <- prometheus.MustNewConstMetric(d.wasted, prometheus.CounterValue, float64(s.Wasted), s.Name)
		c <- prometheus.MustNewConstMetric(d.rate, prometheus.GaugeValue, s.Hashrate.Minute, s.Name)
		c <- prometheus.MustNewConstMetric(d.failed, prometheus.GaugeValue, failed, s.Name)
	}
}

// watchNode adds the figures of a node.
func (m *metrics) watchNode(n *Node) {
	m.registry.MustRegister(newDeviceMetrics(n.miner), newStatsMetrics(n.stats, n.history.Lost), newWatchMetrics(n.watch),
		newFaultMetrics(n.faults), newPayoutMetrics(n.payoutStatus, n.lastVerification), newStateMetrics(n))
	if n.rigs != nil {
		m.registry.MustRegister(newRigMetrics(n.rigs, n.ledger))
	}
	m.gauge("bytom_solo_chain_height", "Height of the best block.", func() float64 { return float64(n.bytom.chain.BestBlockHeight()) })
	m.gauge("bytom_solo_peers", "Connected peers.", func() float64 {
		if n.config.Bytom.VaultMode {
			return 0
		}
		return float64(n.bytom.sync.PeerCount())
	})
	m.gauge("bytom_solo_page_streams", "Streams of events that pages read.", func() float64 { return float64(n.events.open()) })
	m.gauge("bytom_solo_clock_offset_seconds", "How far the peers' clocks seem to be ahead of this one.", func() float64 {
		ahead, _ := n.clock.offset()
		return ahead.Seconds()
	})
	m.gauge("bytom_solo_clock_wrong", "1 while the clock alarm is on.", func() float64 {
		if _, wrong := n.clock.offset(); wrong {
			return 1
		}
		return 0
	})
	m.gauge("bytom_solo_payee_lost", "1 while what is mined can't be spent any more: the wallet has lost the payee's account or key.", func() float64 {
		if n.payees.lost() != "" {
			return 1
		}
		return 0
	})
	m.template("bytom_solo_template_transactions", "Transactions in the current template.", n, func(t *mining.Template) float64 { return float64(len(t.Txs)) })
	m.template("bytom_solo_template_fees_btm", "Fees of the current template.", n, func(t *mining.Template) float64 { return float64(t.Fees) / 1e8 })
	m.template("bytom_solo_template_age_seconds", "Age of the current template.", n, func(t *mining.Template) float64 { return time.Since(t.Built).Seconds() })
	m.template("bytom_solo_difficulty_hashes", "Hashes that a block takes on average.", n, func(t *mining.Template) float64 { return t.Target.Difficulty() })
}

// template adds a figure of the current template; 0 while there is none.
func (m *metrics) template(name, help string, n *Node, value func(*mining.Template) float64) {
	m.gauge(name, help, func() float64 {
		t, err := n.generator.Current()
		if err != nil {
			return 0
		}
		return value(t)
	})
}
