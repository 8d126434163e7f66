package ledger

import "time"

// Rates are hashrates in hashes per second over the last minute, hour and day, or since
// a rig's first login if that is nearer. Times without a connection count as time in which
// nothing was found.
type Rates struct {
	Minute float64 `json:"1m"`
	Hour   float64 `json:"1h"`
	Day    float64 `json:"24h"`
}

// rates are rings of work by the ledger's steady time, so that they are true whatever is
// done to the clock.
type rates struct {
	start time.Time
	rings [3]ring
}

var ringWidths = [3]int64{1, 60, 900} // in seconds, for a minute, an hour and a day

const (
	ringSlots = 97 // a day of quarters, and the one under way
	// youngest is the least time that a rate is taken over: the first share of a rig that
	// came a moment ago says little.
	youngest = 10.0
)

// ring is work in slots of a width. It has no memory before its first share.
type ring struct {
	head int64 // the latest slot, in widths since 1970
	work []float64
}

func (r *rates) add(at time.Time, work float64) {
	for i := range r.rings {
		r.rings[i].add(at.Unix()/ringWidths[i], work, 1)
	}
}

// add puts work in slots, the last of which is given.
func (g *ring) add(slot int64, work float64, slots int64) {
	if g.work == nil {
		g.work = make([]float64, ringSlots)
		g.head = slot
	}
	g.advance(slot)
	for s := slot - slots + 1; s <= slot; s++ {
		if s > g.head-ringSlots && s >= 0 {
			g.work[s%ringSlots] += work / float64(slots)
		}
	}
}

func (g *ring) advance(slot int64) {
	for from := max(0, g.head+1, slot-ringSlots+1); from <= slot; from++ {
		g.work[from%ringSlots] = 0
	}
	g.head = max(g.head, slot)
}

// over is the mean of the last full slots and the one under way.
func (r *rates) over(ring int, slots int64, now time.Time) float64 {
	g, width := &r.rings[ring], ringWidths[ring]
	if g.work == nil {
		return 0
	}
	head := now.Unix() / width
	g.advance(head)
	sum := 0.0
	for s := head - slots; s <= head; s++ {
		if s > g.head-ringSlots && s >= 0 {
			sum += g.work[s%ringSlots]
		}
	}
	from := time.Unix((head-slots)*width, 0)
	if from.Before(r.start) {
		from = r.start
	}
	return sum / max(now.Sub(from).Seconds(), youngest)
}

func (r *rates) rates(now time.Time) Rates {
	return Rates{Minute: r.over(0, 60, now), Hour: r.over(1, 60, now), Day: r.over(2, 96, now)}
}
