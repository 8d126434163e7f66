package load_test

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// times are how long something took, again and again. They are safe for concurrent use.
type times struct {
	mu  sync.Mutex
	all []time.Duration
}

func (t *times) add(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, d)
}

func (t *times) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all)
}

// drain gives back what there is, and begins anew.
func (t *times) drain() *times {
	t.mu.Lock()
	defer t.mu.Unlock()
	former := &times{all: t.all}
	t.all = nil
	return former
}

// quantile is 0 where there is none.
func (t *times) quantile(q float64) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all) == 0 {
		return 0
	}
	slices.Sort(t.all)
	return t.all[min(len(t.all)-1, int(q*float64(len(t.all))))]
}

// String is a row of the histogram.
func (t *times) String() string {
	short := func(q float64) time.Duration { return t.quantile(q).Round(100 * time.Microsecond) }
	return fmt.Sprintf("%d: p50 %v, p90 %v, p99 %v, max %v", t.count(), short(0.5), short(0.9), short(0.99), short(1))
}

// tips are the node's, by the moment at which the first of all clients knew of each.
type tips struct {
	mu      sync.Mutex
	first   map[uint64]time.Time // by height
	highest uint64
	skipped map[uint64]map[string]int // by height and kind: clients that went past it
}

func newTips() *tips {
	return &tips{first: make(map[uint64]time.Time), skipped: make(map[uint64]map[string]int)}
}

// note has a client know of a tip, and returns how long ago the first one did.
func (t *tips) note(height uint64) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if _, ok := t.first[height]; !ok {
		t.first[height] = now
	}
	t.highest = max(t.highest, height)
	return now.Sub(t.first[height])
}

// skip has a client go from one tip to another that is no child of it.
func (t *tips) skip(kind string, from, to uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for h := from + 1; h < to; h++ {
		if t.skipped[h] == nil {
			t.skipped[h] = make(map[string]int)
		}
		t.skipped[h][kind]++
	}
}

// latest is the highest tip that any client knows of.
func (t *tips) latest() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.highest
}

// stood is how long a tip was one, as far as clients know.
func (t *tips) stood(height uint64) time.Duration {
	began, ok := t.first[height]
	for next := height + 1; ok && next <= t.highest; next++ {
		if end, ok := t.first[next]; ok {
			return end.Sub(began)
		}
	}
	return 0
}

// missed lists the tips that stood longer than patience and that some client never got, and counts
// all that clients went past: of two tips within a moment only the latter is work.
func (t *tips) missed(patience time.Duration) (list []string, passed map[string]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	passed = make(map[string]int)
	for height, kinds := range t.skipped {
		for kind, clients := range kinds {
			passed[kind] += clients
			if stood := t.stood(height); stood > patience {
				list = append(list, fmt.Sprintf("tip %d stood for %v, and %d of the %s never got it", height, stood, clients, kind))
			}
		}
	}
	return list, passed
}

// view is what one client knows of the tips.
type view struct {
	of   *tips
	kind string
	took *times // from the first client's knowing to this one's

	mu   sync.Mutex
	last uint64
}

// saw has the client know of a tip. An older one than it knows is an error.
func (v *view) saw(height uint64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case height < v.last:
		return fmt.Errorf("one of the %s was sent back from tip %d to %d", v.kind, v.last, height)
	case height == v.last:
		return nil
	}
	since := v.of.note(height)
	if v.last > 0 {
		v.of.skip(v.kind, v.last, height)
		v.took.add(since)
	}
	v.last = height
	return nil
}

func (v *view) at() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last
}
