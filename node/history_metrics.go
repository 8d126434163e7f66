package node

import (
	"github.com/prometheus/client_golang/prometheus"
)

// statsMetrics are figures of the history. One that is not known yet is missing.
type statsMetrics struct {
	stats                                  func() Stats
	lost                                   func() uint64
	saved, effort, expected, best, dropped *prometheus.Desc
}

func newStatsMetrics(stats func() Stats, lost func() uint64) *statsMetrics {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("bytom_solo_"+name, help, nil, nil)
	}
	return &statsMetrics{
		stats: stats, lost: lost,
		saved:    desc("history_saved", "1 while the history gets to the disk."),
		dropped:  desc("history_dropped_blocks_total", "Found blocks that came too fast for the history."),
		effort:   desc("effort_ratio", "Work since the last found block, by what a block takes on average."),
		expected: desc("expected_block_seconds", "Average time to a block at the hashrate of the last 5 minutes."),
		best:     desc("best_share_hashes", "Difficulty of the best share of a rig."),
	}
}

// Describe satisfies prometheus.Collector.
func (m *statsMetrics) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.saved, m.dropped, m.effort, m.expected, m.best} {
		c <- d
	}
}

// Collect satisfies prometheus.Collector.
func (m *statsMetrics) Collect(c chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	s, saved := m.stats(), 0.0
	if s.History.Saved {
		saved = 1
	}
	gauge(m.saved, saved)
	c <- prometheus.MustNewConstMetric(m.dropped, prometheus.CounterValue, float64(m.lost()))
	if s.Effort != nil {
		gauge(m.effort, s.Effort.Value)
	}
	if s.Odds != nil {
		gauge(m.expected, s.Odds.Expected)
	}
	if s.BestShare != nil {
		gauge(m.best, s.BestShare.Difficulty)
	}
}
