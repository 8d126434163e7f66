package node

import (
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/history"
	"github.com/bytom-solo/bytom-solo/stratum"
)

// RigStats is a rig and its latest day, as /mining/api/v1/rigs has it. What is not known yet
// is null.
type RigStats struct {
	Rig     string `json:"rig"`
	Address string `json:"address"`
	Agent   string `json:"agent"`
	// State is what the rig does: hashing, degraded, silent, away, or new before its first
	// share; Since is when that began, null where it is not known.
	State RigState   `json:"state"`
	Since *time.Time `json:"since"`
	// Sessions is how many connections it has; Difficulty is that of its next share, in
	// hashes, null while it is away.
	Sessions   int      `json:"sessions"`
	Difficulty *float64 `json:"difficulty"`
	// First and Seen are the times of its first and its latest login or submit, LastShare
	// when a share was last accepted.
	First     time.Time  `json:"first"`
	Seen      time.Time  `json:"seen"`
	LastShare *time.Time `json:"last_share"`
	// Accepted, Stale and Rejected count its shares since the first login, Work is the hashes
	// that the accepted ones took on average.
	Accepted uint64  `json:"accepted"`
	Stale    uint64  `json:"stale"`
	Rejected uint64  `json:"rejected"`
	Work     float64 `json:"work"`
	// Blocks is how many it found, Expected how many were to be found on average.
	Blocks   uint64   `json:"blocks"`
	Expected float64  `json:"expected_blocks"`
	Best     *float64 `json:"best"`
	// Hashrate is over the last minute, hour and day, null before the first share.
	Hashrate RigRates `json:"hashrate"`
	// Day is its hashrate of the latest day in half-hours, null where it was not there.
	Day []*float64 `json:"day"`
}

// RigRates are hashrates over the last minute, hour and day.
type RigRates struct {
	Minute *float64 `json:"1m"`
	Hour   *float64 `json:"1h"`
	Day    *float64 `json:"24h"`
}

// RigStatsList is all rigs, by name.
type RigStatsList struct {
	At time.Time `json:"at"`
	// From is when the first half-hour of each Day begins, Step its length in seconds.
	From time.Time  `json:"from"`
	Step float64    `json:"step_seconds"`
	Rigs []RigStats `json:"rigs"`
}

const (
	dayParts = 48
	partSize = 6 // slots of the week
	dayPart  = 30 * time.Minute
)

// rigDays keeps the rigs' latest day for as long as the history reads nothing new: to read
// it takes a while, and each page that is open asks. It is safe for concurrent use.
type rigDays struct {
	mu     sync.Mutex
	read   time.Time
	from   time.Time
	series map[string]history.RigSeries
}

// daysFor is how long that is.
const daysFor = 10 * time.Second

// of returns the day up to now, and when its first part begins.
func (d *rigDays) of(h *history.History, now time.Time) (map[string]history.RigSeries, time.Time, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.series != nil && now.Sub(d.read).Abs() < daysFor {
		return d.series, d.from, nil
	}
	series, err := h.Rigs(dayParts, partSize)
	if err != nil {
		return nil, time.Time{}, err
	}
	last := now.Truncate(history.Week.Step()).Add(history.Week.Step())
	d.read, d.from, d.series = now, last.Add(-dayParts*dayPart).UTC(), series
	return d.series, d.from, nil
}

// rigStats are all rigs.
func (n *station) rigStats(now time.Time) (RigStatsList, error) {
	series, from, err := n.days.of(n.history, now)
	if err != nil {
		return RigStatsList{}, err
	}
	list := RigStatsList{At: now.UTC(), From: from, Step: dayPart.Seconds(), Rigs: []RigStats{}}
	if n.ledger == nil {
		return list, nil
	}
	online := make(map[string]stratum.RigStatus)
	if n.rigs != nil {
		for _, r := range n.rigs.Rigs() {
			online[r.Name] = r
		}
	}
	for _, r := range n.ledger.Rigs(now) {
		s := RigStats{
			Rig: r.Rig, Address: r.Address, Agent: r.Agent, Sessions: online[r.Rig].Sessions, First: r.First, Seen: r.Seen, LastShare: r.Last,
			Accepted: r.Accepted, Stale: r.Stale, Rejected: r.Duplicate + r.Low + r.Invalid, Work: r.Work, Blocks: r.Blocks, Expected: r.Expected,
			Day: ratesOf(series[r.Rig].Points, dayParts),
		}
		if d := online[r.Rig].Difficulty; s.Sessions > 0 && d > 0 {
			s.Difficulty = &d
		}
		s.State, s.Since = n.rigStates.shown(r.Rig)
		if r.Best > 0 {
			s.Best = &r.Best
		}
		if r.Accepted > 0 {
			s.Hashrate = RigRates{Minute: &r.Hashrate.Minute, Hour: &r.Hashrate.Hour, Day: &r.Hashrate.Day}
		}
		list.Rigs = append(list.Rigs, s)
	}
	return list, nil
}

// ratesOf are the hashrates of so many samples, of which none may be known.
func ratesOf(points []*history.RigSample, n int) []*float64 {
	rates := make([]*float64, n)
	for i, p := range points {
		if p == nil {
			continue
		}
		if rate, ok := p.Rate(); ok {
			rates[i] = &rate
		}
	}
	return rates
}
