package node

import (
	"github.com/prometheus/client_golang/prometheus"
)

// statsMetrics are figures of the history. One that is not known yet is missing.
type statsMetrics struct {
	stats func() Stats
	lost  func() uint64

	saved, effort, unlucky, luck, expected, chance, best, rate, dropped *prometheus.Desc
}

func newStatsMetrics(stats func() Stats, lost func() uint64) *statsMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("bytom_solo_"+name, help, labels, nil)
	}
	return &statsMetrics{
		stats: stats, lost: lost,
		saved:    desc("history_saved", "1 while the history gets to the disk."),
		dropped:  desc("history_dropped_blocks_total", "Found blocks that came too fast for the history."),
		effort:   desc("effort_ratio", "Work since the last found block, by what a block takes on average."),
		unlucky:  desc("effort_chance_ratio", "Probability that a block takes so much work or more."),
		luck:     desc("luck_ratio", "Found blocks by those to be expected of the work that they took, of the latest 10, 100 and 1,000.", "latest"),
		chance:   desc("block_chance_ratio", "Probability of a block or more within a day, 30 days, 365 days at the hashrate of the last 5 minutes.", "within"),
		rate:     desc("hashes_per_second", "Hashrate over the last 5 minutes: devices count their hashes, rigs' shares tell.", "of"),
		expected: desc("expected_block_seconds", "Average time to a block at the hashrate of the last 5 minutes."),
		best:     desc("best_share_hashes", "Difficulty of the best share of a rig."),
	}
}

// Describe satisfies prometheus.Collector.
func (m *statsMetrics) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.saved, m.dropped, m.effort, m.unlucky, m.luck, m.expected, m.chance, m.best, m.rate} {
		c <- d
	}
}

// Collect satisfies prometheus.Collector.
func (m *statsMetrics) Collect(c chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s, saved := m.stats(), 0.0
	if s.History.Saved {
		saved = 1
	}
	gauge(m.saved, saved)
	c <- prometheus.MustNewConstMetric(m.dropped, prometheus.CounterValue, float64(m.lost()))
	if s.Effort != nil {
		gauge(m.effort, s.Effort.Value)
		gauge(m.unlucky, s.Effort.Chance)
	}
	for i, l := range s.Luck {
		gauge(m.luck, l.Ratio, []string{"10", "100", "1000"}[i])
	}
	if s.Odds != nil {
		gauge(m.expected, s.Odds.Expected)
		gauge(m.chance, s.Odds.Day, "day")
		gauge(m.chance, s.Odds.Month, "month")
		gauge(m.chance, s.Odds.Year, "year")
	}
	if now := s.Hashrate.Now; now.Hashrate != nil {
		gauge(m.rate, *now.Devices, "devices")
		gauge(m.rate, *now.Rigs, "rigs")
	}
	if s.BestShare != nil {
		gauge(m.best, s.BestShare.Difficulty)
	}
}
