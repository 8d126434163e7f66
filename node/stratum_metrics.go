package node

import (
	"cmp"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/stratum"
)

// rigMetrics reads the server of the rigs.
type rigMetrics struct {
	server *stratum.Server
	ledger *ledger.Ledger

	sessions, rigs, waiting, shares, blocks, connections, logins, junk               *prometheus.Desc
	rigRate, rigWork, rigShares, rigDifficulty, rigSessions, rigLastShare, rigBlocks *prometheus.Desc
}

func newRigMetrics(server *stratum.Server, ledger *ledger.Ledger) *rigMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("bytom_solo_"+name, help, labels, nil)
	}
	return &rigMetrics{
		server: server, ledger: ledger,
		sessions:      desc("stratum_sessions", "Open connections of rigs."),
		rigs:          desc("stratum_rigs", "Rigs that are logged in."),
		waiting:       desc("stratum_queue_shares", "Shares that wait for their hash."),
		shares:        desc("stratum_shares_total", "Shares of all rigs by verdict: accepted, stale, duplicate, low, invalid, refused.", "verdict"),
		blocks:        desc("stratum_blocks_total", "Blocks that rigs found."),
		connections:   desc("stratum_connections_total", "Connections by what became of them: accepted, refused.", "result"),
		logins:        desc("stratum_logins_total", "Logins by what became of them: accepted, unauthorized.", "result"),
		junk:          desc("stratum_junk_lines_total", "Lines that were no messages."),
		rigRate:       desc("rig_hashes_per_second", "Hashrate over the last hour, by the shares.", "rig"),
		rigWork:       desc("rig_work_hashes_total", "Hashes that the accepted shares stand for.", "rig"),
		rigShares:     desc("rig_shares_total", "Shares of a rig by verdict.", "rig", "verdict"),
		rigDifficulty: desc("rig_difficulty_hashes", "Hashes that a share takes on average.", "rig"),
		rigBlocks:     desc("rig_blocks_total", "Blocks that the rig found.", "rig"),
		rigSessions:   desc("rig_sessions", "Connections of a rig; 0 while it is away.", "rig"),
		rigLastShare:  desc("rig_last_share_timestamp_seconds", "When the last good share came.", "rig"),
	}
}

// Describe satisfies prometheus.Collector.
func (m *rigMetrics) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		m.sessions, m.rigs, m.waiting, m.shares, m.blocks, m.connections, m.logins, m.junk,
		m.rigRate, m.rigWork, m.rigShares, m.rigDifficulty, m.rigSessions, m.rigLastShare, m.rigBlocks,
	} {
		c <- d
	}
}

// Collect satisfies prometheus.Collector.
func (m *rigMetrics) Collect(c chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	s := m.server.Stats()
	gauge(m.sessions, float64(s.Sessions))
	gauge(m.rigs, float64(s.Rigs))
	gauge(m.waiting, float64(s.Waiting))
	for verdict, n := range s.Shares {
		count(m.shares, n, verdict)
	}
	count(m.blocks, s.Blocks)
	count(m.connections, s.Connections, "accepted")
	count(m.connections, s.Refused, "refused")
	count(m.logins, s.Logins, "accepted")
	count(m.logins, s.Unauthorized, "unauthorized")
	count(m.junk, s.Junk)
	online := make(map[string]stratum.RigStatus)
	for _, r := range m.server.Rigs() {
		online[r.Name] = r
	}
	for _, r := range watchedRigs(m.ledger.Rigs(time.Now()), time.Now()) {
		difficulty := 0.0
		if online[r.Rig].Sessions > 0 { // Else it is that of its last share.
			difficulty = online[r.Rig].Difficulty
		}
		gauge(m.rigDifficulty, difficulty, r.Rig)
		gauge(m.rigSessions, float64(online[r.Rig].Sessions), r.Rig)
		gauge(m.rigRate, r.Hashrate.Hour, r.Rig)
		c <- prometheus.MustNewConstMetric(m.rigWork, prometheus.CounterValue, r.Work, r.Rig)
		count(m.rigBlocks, r.Blocks, r.Rig)
		if r.Last != nil {
			gauge(m.rigLastShare, float64(r.Last.UnixMilli())/1000, r.Rig)
		}
		for verdict, n := range map[string]uint64{
			"accepted": r.Accepted, "stale": r.Stale, "duplicate": r.Duplicate, "low": r.Low, "invalid": r.Invalid,
		} {
			count(m.rigShares, n, r.Rig, verdict)
		}
	}
}

// mostWatched bounds the rigs that have metrics of their own: each has a dozen series,
// and a rig may be called anything.
const mostWatched = 500

// watchedRigs are those that were here within a day, and of too many those with the
// most work.
func watchedRigs(all []ledger.RigTotals, now time.Time) []ledger.RigTotals {
	all = slices.DeleteFunc(all, func(r ledger.RigTotals) bool { return now.Sub(r.Seen) > 24*time.Hour })
	slices.SortStableFunc(all, func(a, b ledger.RigTotals) int { return cmp.Compare(b.Hashrate.Day, a.Hashrate.Day) })
	return all[:min(len(all), mostWatched)]
}
