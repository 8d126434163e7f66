package mining

import (
	"sync"
	"time"
)

// Hashrate is a device's speed in hashes per second over the last 10 s, minute
// and quarter of an hour, or since the start if that is nearer.
type Hashrate struct {
	Ten     float64 `json:"10s"`
	Minute  float64 `json:"60s"`
	Quarter float64 `json:"15m"`
}

const meterSeconds = 900

// Meter counts hashes by the second. It is safe for concurrent use.
type Meter struct {
	mu    sync.Mutex
	start time.Time
	last  int64 // the second that counts is up to, since start
	count [meterSeconds]uint64
}

// NewMeter returns a Meter that counts from a time on.
func NewMeter(now time.Time) *Meter { return &Meter{start: now} }

// Add counts hashes that were done by now.
func (m *Meter) Add(now time.Time, hashes uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance(now)
	m.count[m.last%meterSeconds] += hashes
}

// advance clears the seconds that passed without a count.
func (m *Meter) advance(now time.Time) {
	second := int64(now.Sub(m.start) / time.Second)
	for m.last < second {
		m.last++
		m.count[m.last%meterSeconds] = 0
		if second-m.last > meterSeconds {
			m.last = second - meterSeconds
		}
	}
}

// Rate is the speed as of now.
func (m *Meter) Rate(now time.Time) Hashrate {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance(now)
	return Hashrate{Ten: m.over(now, 10), Minute: m.over(now, 60), Quarter: m.over(now, meterSeconds-1)}
}

// over is the mean of the last whole seconds and the part of the one under way.
func (m *Meter) over(now time.Time, seconds int64) float64 {
	from := max(0, m.last-seconds)
	var sum uint64
	for s := from; s <= m.last; s++ {
		sum += m.count[s%meterSeconds]
	}
	span := now.Sub(m.start.Add(time.Duration(from) * time.Second)).Seconds()
	if span <= 0 {
		return 0
	}
	return float64(sum) / span
}
