package history

import (
	"fmt"
	"testing"
	"time"
)

// week is a file that has a week of 500 rigs in it.
func week(b *testing.B) *History {
	b.Helper()
	s := newSim()
	h := open(b, s, pathIn(b))
	h.file.Bolt().NoSync = true
	for i := range 500 {
		s.rigs = append(s.rigs, RigTotals{Name: fmt.Sprint("rig", i), Online: true})
	}
	h.readRigs()
	for slot := range Week.Slots() {
		s.pass(5*time.Minute, 1000)
		for i := range s.rigs {
			s.rigs[i].Work += float64(i + slot)
			s.rigs[i].Accepted++
		}
		h.readTotals()
		h.readRigs()
		if slot%12 == 0 || slot == Week.Slots()-1 {
			if err := h.Flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
	return h
}

// BenchmarkWeekOfARig reads a week of one of 500 rigs.
func BenchmarkWeekOfARig(b *testing.B) {
	h := week(b)
	for b.Loop() {
		s, err := h.Rig("rig321")
		if err != nil {
			b.Fatal(err)
		}
		for slot, p := range s.Points {
			if p == nil || p.Work != float64(321+slot) || p.Accepted != 1 {
				b.Fatalf("slot %d is %+v", slot, p)
			}
		}
	}
}

// BenchmarkDayOfAllRigs reads a day of 500 rigs in 48 parts.
func BenchmarkDayOfAllRigs(b *testing.B) {
	h := week(b)
	for b.Loop() {
		all, err := h.Rigs(48, 6)
		if err != nil {
			b.Fatal(err)
		}
		for i := range 500 {
			last := all[fmt.Sprint("rig", i)].Points[47]
			if want := float64(6*(i+Week.Slots()-1) - 15); last == nil || last.Work != want || last.Accepted != 6 {
				b.Fatalf("rig %d ends with %+v, expected the work %v", i, last, want)
			}
		}
	}
}

// BenchmarkFlush writes a minute of 500 rigs.
func BenchmarkFlush(b *testing.B) {
	h := week(b)
	h.file.Bolt().NoSync = false
	for b.Loop() {
		h.mu.Lock()
		h.rigs.recent[len(h.rigs.recent)-1].dirty = true
		h.mu.Unlock()
		if err := h.Flush(); err != nil || !h.Saved() {
			b.Fatal(err)
		}
	}
}

// BenchmarkReading reads the counters of devices, and of 500 rigs.
func BenchmarkReading(b *testing.B) {
	h := week(b)
	for b.Loop() {
		h.readTotals()
		h.readRigs()
	}
	if len(h.rigs.last) != 500 {
		b.Fatalf("%d rigs", len(h.rigs.last))
	}
}
