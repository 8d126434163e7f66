package history

import "time"

// tier is the slots of a span, in the order in which they were begun. That is the order of
// time, unless the clock was set back; then two slots may be of the same time. The oldest is
// the one that was begun first: whatever the clock says, a new slot takes the place of one
// other, so that a wrong clock can't empty the tier.
type tier struct {
	span  Span
	slots []*slot
	next  uint64 // the sequence number of the next slot
}

// slot is what was counted in a step of a tier.
type slot struct {
	seq   uint64
	start int64 // Unix seconds
	dirty bool  // not on the disk
	Sample
}

// lookBack is among how many of the latest slots the one of a time is looked for: a clock
// that goes to and fro between two times makes no new ones each time.
const lookBack = 8

func newTier(span Span) *tier { return &tier{span: span} }

// add adds to the slot of a time, and tells whether it is a new one, with one before it.
func (t *tier) add(now time.Time, s Sample) (full bool) {
	start := startOf(now, t.span.Step())
	for i := len(t.slots) - 1; i >= max(0, len(t.slots)-lookBack); i-- {
		if each := t.slots[i]; each.start == start {
			each.Add(s)
			each.dirty = true
			return false
		}
	}
	t.slots = append(t.slots, &slot{seq: t.next, start: start, dirty: true, Sample: s})
	t.next++
	if len(t.slots) > t.span.Slots() {
		t.slots[0] = nil
		t.slots = t.slots[1:]
	}
	return len(t.slots) > 1
}

// oldest is the sequence number of the first slot that is kept.
func (t *tier) oldest() uint64 { return t.next - min(t.next, uint64(t.span.Slots())) }

// between adds up the slots that begin from a time on and before another.
func (t *tier) between(from, to int64) (sum Sample) {
	for _, each := range t.slots {
		if each.start >= from && each.start < to {
			sum.Add(each.Sample)
		}
	}
	return sum
}

// Series is totals by slots, from From on. What was not counted is nil, and not zero.
type Series struct {
	Span   Span
	From   time.Time
	Points []*Sample
}

// Series are the latest slots of a span up to now. Those that a wrong clock puts into the
// future are left out.
func (h *History) Series(span Span) Series {
	from, n := window(h.cfg.Now(), span)
	s := Series{Span: span, From: time.Unix(from, 0).UTC(), Points: make([]*Sample, n)}
	width := int64(span.Step() / time.Second)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, each := range h.tiers[span].slots {
		i := (each.start - from) / width
		if each.start < from || i >= int64(n) {
			continue
		}
		if s.Points[i] == nil {
			s.Points[i] = &Sample{}
		}
		s.Points[i].Add(each.Sample)
	}
	return s
}

// window is the start of the first of the latest slots of a span, and how many there are.
func window(now time.Time, span Span) (from int64, n int) {
	n = span.Slots()
	return startOf(now, span.Step()) - int64(n-1)*int64(span.Step()/time.Second), n
}

// Over adds up the latest slots back to a time before now. The slot under way is among them.
func (h *History) Over(back time.Duration) Sample {
	span := Hour
	switch { // The Hour is empty after a start: it is in memory alone.
	case back > Week.Length():
		span = Year
	case back > Day.Length():
		span = Week
	case back > Day.Step()*lookBack:
		span = Day
	}
	step := int64(span.Step() / time.Second)
	end := startOf(h.cfg.Now(), span.Step()) + step
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tiers[span].between(end-max(step, int64(back/time.Second)), end)
}

// Since is when the oldest of what is kept was counted; false if there is nothing.
func (h *History) Since() (since time.Time, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.cfg.Now()
	for _, t := range h.tiers {
		for _, each := range t.slots {
			if start := time.Unix(each.start, 0); !start.After(now) && (!known || start.Before(since)) {
				since, known = start, true
			}
		}
	}
	if known && h.began.After(since) && !h.began.After(now) {
		since = h.began // Its first slot has begun before.
	}
	return since.UTC(), known
}
