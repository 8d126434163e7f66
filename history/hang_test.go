package history

import (
	"testing"
	"time"
)

// TestAWriteThatHangsAndFailsLosesNoRigs has a write of the rigs' slots hang for an hour, as on a disk that is gone,
// and fail then. What it was to write must still be there for the next one.
func TestAWriteThatHangsAndFailsLosesNoRigs(t *testing.T) {
	now := time.Unix(1_700_000_100, 0)
	h := newHistory(Config{Path: "unused", Now: func() time.Time { return now }})
	work := 0.0
	read := func() {
		work += 1000
		h.mu.Lock()
		defer h.mu.Unlock()
		h.rigs.add(now, []RigTotals{{Name: "rig", Work: work, Accepted: uint64(work), Online: true}})
	}
	for range 4 {
		read()
		now = now.Add(Week.Step())
	}
	b, err := h.take()
	if err != nil {
		t.Fatal(err)
	}
	for range 12 {
		read()
		now = now.Add(Week.Step())
	}
	h.putBack(b)
	if b, err = h.take(); err != nil {
		t.Fatal(err)
	}
	slots := 0
	for _, p := range b.puts {
		if string(p.bucket) == string(rigsBucket) {
			slots++
		}
	}
	if slots != 16 {
		t.Errorf("%d of 16 slots of rigs are written", slots)
	}
}
