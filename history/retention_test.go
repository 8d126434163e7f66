package history

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"
)

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}

// TestOldestGoes: each tier is as long as it says, on the disk and in memory, and the oldest
// slot goes as a new one comes.
func TestOldestGoes(t *testing.T) {
	s := newSim()
	path := pathIn(t)
	h := open(t, s, path)
	h.file.Bolt().NoSync = true
	s.rigs = []RigTotals{{Name: "a", Online: true}}
	const hours = 420 * 24
	for hour := range hours {
		s.pass(time.Hour, 10)
		h.readTotals()
		h.readRigs()
		if hour%97 == 0 {
			if err := h.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for reopened := range 2 {
		for _, span := range spans {
			if reopened == 1 && span == Hour {
				continue
			}
			if n := len(h.tiers[span].slots); n != min(hours, span.Slots()) {
				t.Errorf("%d slots of %s, expected %d", n, span, span.Slots())
			}
		}
		first, last := h.Series(Year).Points[0], h.Series(Year).Points[Year.Slots()-1]
		if first == nil || first.Hashes != 10 || last == nil || last.Hashes != 10 {
			t.Errorf("the first hour of 400 days is %+v, the last %+v", first, last)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		h = open(t, s, path)
	}
}

// TestWrongClockDeletesNothing: a clock that is ten years ahead for a while, or in 1970,
// costs as many slots as were begun meanwhile, and when it is right again, all is there.
func TestWrongClockDeletesNothing(t *testing.T) {
	for _, off := range []time.Duration{87600 * time.Hour, -600000 * time.Hour} {
		s := newSim()
		path := pathIn(t)
		h := open(t, s, path)
		s.rigs = []RigTotals{{Name: "a", Online: true}}
		work := func(slots int) {
			for slot := range slots {
				s.pass(5*time.Minute, 10)
				s.rigs[0].Work += 5
				h.readTotals()
				h.readRigs()
				if slot%mostPending == 0 {
					if err := h.Flush(); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		work(Week.Slots() + 50)
		before := h.Over(Week.Length())
		s.now = s.now.Add(off)
		work(10)
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		h = open(t, s, path)
		work(10)
		s.now = s.now.Add(-off - 100*time.Minute)
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		h = open(t, s, path)
		if after := h.Over(Week.Length()); after.Hashes < before.Hashes-21*10 || after.Hashes > before.Hashes {
			t.Errorf("off by %s: %v hashes of %v are left", off, after.Hashes, before.Hashes)
		}
		rig, err := h.Rig("a")
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, p := range rig.Points {
			if p != nil {
				sum += p.Work
			}
		}
		if sum < before.Hashes/2-23*5 {
			t.Errorf("off by %s: the rig's work is %v, expected near %v", off, sum, before.Hashes/2)
		}
		// What comes now stays, whatever is in the future.
		work(Week.Slots())
		if after := h.Over(Week.Length()); after.Hashes < float64(Week.Slots()-2)*10 {
			t.Errorf("off by %s: of a week that came since, %v hashes are left", off, after.Hashes)
		}
	}
}

// TestSince goes by what is kept, and by the beginning where all is.
func TestSince(t *testing.T) {
	s := newSim()
	s.now = s.now.Add(25 * time.Minute)
	began, path := s.now, pathIn(t)
	h := open(t, s, path)
	if since, ok := h.Since(); ok {
		t.Errorf("nothing was counted since %s", since)
	}
	h.readTotals()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h = open(t, s, path)
	if since, ok := h.Since(); !since.Equal(began) || !ok {
		t.Errorf("since %s %v, expected %s", since, ok, began)
	}
	for range Year.Slots() + 5 {
		s.pass(time.Hour, 1)
		h.readTotals()
	}
	if since, _ := h.Since(); !since.Equal(s.now.Truncate(time.Hour).Add(-time.Duration(Year.Slots()-1) * time.Hour)) {
		t.Errorf("since %s at %s", since, s.now)
	}
}

// TestClockThatGoesToAndFro begins no slots by it.
func TestClockThatGoesToAndFro(t *testing.T) {
	s := newSim()
	h := open(t, s, "")
	for i := range 1000 {
		s.now = simStart.Add(time.Duration(i%2) * 1000 * time.Hour)
		s.elapsed += time.Second
		h.readTotals()
	}
	for _, tier := range h.tiers {
		if len(tier.slots) != 2 {
			t.Errorf("%d slots of %s", len(tier.slots), tier.span)
		}
	}
}

// TestGapsAreGaps: a node that is off, asleep, or does nothing.
func TestGapsAreGaps(t *testing.T) {
	s := newSim()
	path := pathIn(t)
	h := open(t, s, path)
	h.readTotals()
	for range 24 { // Two minutes of hashing, two of nothing.
		s.pass(5*time.Second, 100*float64((48-int(s.elapsed.Seconds())/5)/24))
		h.readTotals()
	}
	for range 24 {
		s.pass(5*time.Second, 0)
		h.readTotals()
	}
	s.now = s.now.Add(3 * time.Minute) // The machine sleeps, and its processes' clock with it.
	s.pass(time.Second, 0)
	h.readTotals()
	s.pass(5*time.Minute, 0) // The process is stopped.
	h.readTotals()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	s.pass(4*time.Minute, 0) // The node is off.
	h = open(t, s, path)
	h.readTotals()
	day := h.Series(Day)
	last := int(s.now.Sub(day.From) / time.Minute)
	text := ""
	for _, p := range day.Points[last-17 : last+1] {
		switch {
		case p == nil:
			text += "-"
		case p.Starts > 0:
			text += "s"
		case p.Hashes > 0:
			text += "h"
		default:
			text += "0"
		}
	}
	if want := "-shh00--0----0---s"; text != want {
		t.Errorf("the minutes are %s, expected %s", text, want)
	}
	if p := day.Points[last-4]; p.Covered > longestTick.Seconds()+1 {
		t.Errorf("of the time that the process was stopped, %v s are covered", p.Covered)
	}
}

// TestRigsAreBounded: names cost nothing to make up.
func TestRigsAreBounded(t *testing.T) {
	s := newSim()
	path := pathIn(t)
	cfg := s.config(path)
	cfg.MostRigs = 10
	h := Open(cfg)
	h.file.Bolt().NoSync = true
	h.readRigs()
	for slot := range 3 * Week.Slots() {
		s.rigs = nil
		for i := range 15 {
			s.rigs = append(s.rigs, RigTotals{Name: fmt.Sprint("rig", slot, "-", i), Work: 1, Accepted: 1, Online: true})
		}
		s.pass(5*time.Minute, 0)
		h.readTotals()
		h.readRigs()
		if n := len(h.rigs.names); n > 41 {
			t.Fatalf("%d names in slot %d", n, slot)
		}
		if slot%100 == 0 {
			if err := h.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h = Open(cfg)
	defer h.Close()
	all, err := h.Rigs(1, Week.Slots())
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, r := range all {
		if r.Points[0] != nil {
			total += r.Points[0].Work
		}
	}
	if want := float64(15 * Week.Slots()); math.Abs(total-want) > 15 || all[OtherRigs].Points[0].Work < want/2 {
		t.Errorf("work %v of %v, others %+v", total, want, all[OtherRigs].Points)
	}
}

// TestBlocksAreBounded keeps the latest, and the number of all.
func TestBlocksAreBounded(t *testing.T) {
	s := newSim()
	path := pathIn(t)
	h := open(t, s, path)
	h.readTotals()
	for n := range mostBlocks + 500 {
		s.pass(time.Second, 1000)
		h.readTotals()
		h.count(block(n, s.now))
		h.count(block(n, s.now)) // Told twice.
		if n%400 == 0 {
			if err := h.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 {
		blocks, total := h.Blocks()
		if len(blocks) != mostBlocks || total != mostBlocks+500 || blocks[0].Height != 500 || !near(blocks[7].Effort, 1) {
			t.Errorf("%d of %d blocks, the first %+v", len(blocks), total, blocks[0])
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		h = open(t, s, path)
	}
}

// TestCatchUp: blocks of which a kill left no trace here are counted at the next start, each
// once, and none of a time before there was a history.
func TestCatchUp(t *testing.T) {
	s := newSim()
	path := pathIn(t)
	h := open(t, s, path)
	journal := []Block{block(1, s.now.Add(-time.Hour))}
	h.CatchUp(journal)
	if blocks, _ := h.Blocks(); len(blocks) != 0 {
		t.Errorf("a new history has %v", blocks)
	}
	h.readTotals()
	s.pass(time.Minute, 2000)
	h.readTotals()
	journal = append(journal, block(2, s.now))
	h.count(journal[1])
	if err := h.Flush(); err != nil {
		t.Fatal(err)
	}
	s.pass(30*time.Second, 500)
	journal = append(journal, block(3, s.now))
	h.kill(t)
	s.now = s.now.Add(time.Hour)
	h = open(t, s, path)
	h.CatchUp(journal)
	h.CatchUp(journal)
	if blocks, total := h.Blocks(); total != 2 || blocks[0].Height != 2 || blocks[1].Height != 3 || !near(blocks[0].Effort, 2) {
		t.Errorf("%+v of %d", blocks, total)
	}
}

// TestCatchUpAfterAClockThatWasAhead: the clock was set back by a day between the last write and a kill. The block that was
// found then, by the right time, is before that write.
func TestCatchUpAfterAClockThatWasAhead(t *testing.T) {
	s := newSim()
	path := pathIn(t)
	s.now = s.now.Add(24 * time.Hour)
	h := open(t, s, path)
	h.readTotals()
	s.pass(time.Minute, 2000)
	h.readTotals()
	journal := []Block{block(1, s.now.Add(-48*time.Hour)), block(2, s.now)}
	h.count(journal[1])
	if err := h.Flush(); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(-24 * time.Hour)
	journal = append(journal, block(3, s.now))
	h.kill(t)
	s.now = s.now.Add(time.Hour)
	h = open(t, s, path)
	h.CatchUp(journal)
	h.CatchUp(journal)
	if blocks, total := h.Blocks(); total != 2 || blocks[1].Height != 3 {
		t.Errorf("%+v of %d", blocks, total)
	}
}
