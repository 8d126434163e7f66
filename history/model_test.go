package history

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// model is a History as a list of all that happened.
type model struct {
	kept, unwritten []event // by the last write
	rigs, rigsNew   []rigEvent
	blocks, newest  []Block
	effort, written float64
	hour            []event // of this run
}

type event struct {
	at time.Time
	Sample
}

type rigEvent struct {
	at   time.Time
	name string
	RigSample
}

func (m *model) add(at time.Time, s Sample) {
	m.unwritten, m.hour = append(m.unwritten, event{at, s}), append(m.hour, event{at, s})
	m.effort += s.Expected
}

func (m *model) flush() {
	m.kept, m.unwritten = append(m.kept, m.unwritten...), nil
	m.rigs, m.rigsNew = append(m.rigs, m.rigsNew...), nil
	m.blocks, m.newest = append(m.blocks, m.newest...), nil
	m.written = m.effort
}

// kill is a process's end: what was not written is lost.
func (m *model) kill() {
	m.unwritten, m.rigsNew, m.newest, m.hour = nil, nil, nil, nil
	m.effort = m.written
}

// series adds the events up, one slot after the other.
func (m *model) series(span Span, now time.Time) []*Sample {
	points := make([]*Sample, span.Slots())
	events := append(append([]event{}, m.kept...), m.unwritten...)
	if span == Hour {
		events = m.hour
	}
	for i := range points {
		from := now.Truncate(span.Step()).Add(-time.Duration(span.Slots()-1-i) * span.Step())
		for _, e := range events {
			if e.at.Before(from) || !e.at.Before(from.Add(span.Step())) {
				continue
			}
			if points[i] == nil {
				points[i] = &Sample{}
			}
			points[i].Add(e.Sample)
		}
	}
	return points
}

func sameSample(a, b *Sample) bool {
	if a == nil || b == nil {
		return a == b
	}
	return near(a.Covered, b.Covered) && near(a.Hashes, b.Hashes) && near(a.Work, b.Work) && near(a.Expected, b.Expected) &&
		a.Shares == b.Shares && a.Blocks == b.Blocks && a.Measured == b.Measured && a.Starts == b.Starts
}

// TestHistoryIsTheSumOfItsParts does at random what happens to a node, restarts, kills and
// clocks that are set among it, and compares all series with sums over all that happened.
func TestHistoryIsTheSumOfItsParts(t *testing.T) {
	runs := uint64(40)
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		runs = 2000
	}
	for seed := range runs {
		w := &walk{t: t, rand: rand.New(rand.NewPCG(seed, 1)), sim: newSim(), path: pathIn(t), model: &model{}}
		w.open()
		for range 150 {
			w.step()
		}
		w.compare(fmt.Sprint("seed ", seed))
		if t.Failed() {
			return
		}
	}
}

// walk is a random run of a History and its model.
type walk struct {
	t     *testing.T
	rand  *rand.Rand
	sim   *sim
	path  string
	h     *History
	model *model
	found int
}

func (w *walk) open() {
	w.h = open(w.t, w.sim, w.path)
	w.h.readTotals()
	w.h.readRigs()
	w.model.add(w.sim.now, Sample{Starts: 1})
	w.present()
}

// present notes who is connected at a reading.
func (w *walk) present() {
	for _, r := range w.sim.rigs {
		if r.Online {
			w.model.rigsNew = append(w.model.rigsNew, rigEvent{at: w.sim.now, name: r.Name})
		}
	}
}

func (w *walk) step() {
	switch n := w.rand.IntN(100); {
	case n < 70:
		w.tick()
	case n < 75:
		w.found++
		b := block(w.found, w.sim.now)
		b.Measured = w.rand.IntN(4) > 0
		w.h.count(b)
		s := Sample{Blocks: 1}
		if b.Measured {
			s.Measured, b.Effort, w.model.effort = 1, w.model.effort, 0
		}
		w.model.add(w.sim.now, s)
		w.model.newest = append(w.model.newest, b)
	case n < 82:
		if err := w.h.Flush(); err != nil {
			w.t.Fatal(err)
		}
		w.model.flush()
	case n < 86: // The clock is set.
		w.sim.now = w.sim.now.Add(time.Duration(w.rand.IntN(7200)-3600) * time.Second)
	case n < 90: // The machine sleeps.
		w.sim.now = w.sim.now.Add(time.Duration(w.rand.IntN(7200)) * time.Second)
	case n < 95:
		if err := w.h.Close(); err != nil {
			w.t.Fatal(err)
		}
		w.model.add(w.sim.now, Sample{}) // The last reading.
		w.present()
		w.model.flush()
		w.model.hour = nil
		w.open()
	default:
		w.h.kill(w.t)
		w.model.kill()
		w.open()
	}
}

// tick lets some seconds pass, with work in them.
func (w *walk) tick() {
	d := time.Duration(1+w.rand.IntN(12)) * time.Second
	s := Sample{Covered: min(d, longestTick).Seconds(), Hashes: float64(w.rand.IntN(1000)), Shares: uint64(w.rand.IntN(3))}
	s.Work, s.Difficulty = float64(s.Shares*100), float64(1+w.rand.IntN(5000))
	s.Expected = s.Hashes/s.Difficulty + float64(s.Shares)/10
	w.sim.totals.Difficulty = s.Difficulty
	w.sim.pass(d, s.Hashes)
	w.sim.totals.Shares += s.Shares
	w.sim.totals.Work += s.Work
	w.sim.totals.Expected += float64(s.Shares) / 10
	w.h.readTotals()
	w.model.add(w.sim.now, s)
	w.rigs()
}

// rigs has some rigs come, go and work.
func (w *walk) rigs() {
	if len(w.sim.rigs) < 5 && w.rand.IntN(4) == 0 {
		w.sim.rigs = append(w.sim.rigs, RigTotals{Name: fmt.Sprint("rig", len(w.sim.rigs)), Online: true})
	}
	for i := range w.sim.rigs {
		r := &w.sim.rigs[i]
		if w.rand.IntN(10) == 0 {
			r.Online = !r.Online
		}
		if did := (RigSample{}); r.Online {
			if w.rand.IntN(2) == 0 {
				did = RigSample{Work: float64(w.rand.IntN(100)), Accepted: 1, Rejected: uint64(w.rand.IntN(2))}
			}
			r.Work, r.Accepted, r.Rejected = r.Work+did.Work, r.Accepted+did.Accepted, r.Rejected+did.Rejected
			w.model.rigsNew = append(w.model.rigsNew, rigEvent{w.sim.now, r.Name, did})
		}
	}
	w.h.readRigs()
}

func (w *walk) compare(what string) {
	for _, span := range spans {
		got, want := w.h.Series(span), w.model.series(span, w.sim.now)
		if len(got.Points) != len(want) {
			w.t.Fatalf("%s: %d slots of %s, expected %d", what, len(got.Points), span, len(want))
		}
		for i := range want {
			if !sameSample(got.Points[i], want[i]) {
				w.t.Errorf("%s: slot %d of %s is %+v, expected %+v", what, i, span, got.Points[i], want[i])
			}
		}
	}
	if e, _ := w.h.Effort(); !near(e.Value, w.model.effort) {
		w.t.Errorf("%s: effort %v, expected %v", what, e.Value, w.model.effort)
	}
	want := append(w.model.blocks, w.model.newest...)
	got, total := w.h.Blocks()
	if len(got) != len(want) || total != uint64(len(want)) {
		w.t.Fatalf("%s: blocks %v of %d, expected %v", what, got, total, want)
	}
	for i := range want {
		if got[i].Hash != want[i].Hash || !near(got[i].Effort, want[i].Effort) || !got[i].At.Equal(want[i].At) {
			w.t.Errorf("%s: block %+v, expected %+v", what, got[i], want[i])
		}
	}
	w.compareRigs(what)
}

func (w *walk) compareRigs(what string) {
	from := w.sim.now.Truncate(Week.Step()).Add(-time.Duration(Week.Slots()-1) * Week.Step())
	all, err := w.h.Rigs(Week.Slots(), 1)
	if err != nil {
		w.t.Fatal(err)
	}
	for k := range 5 {
		name := fmt.Sprint("rig", k)
		want := make(map[int]RigSample)
		for _, e := range append(append([]rigEvent{}, w.model.rigs...), w.model.rigsNew...) {
			if i := int(e.at.Truncate(Week.Step()).Sub(from) / Week.Step()); e.name == name && !e.at.Before(from) && i < Week.Slots() {
				s := want[i]
				s.add(e.RigSample)
				want[i] = s
			}
		}
		one, err := w.h.Rig(name)
		if err != nil || !one.From.Equal(from) {
			w.t.Fatalf("%s: from %s, %v", what, one.From, err)
		}
		for i, p := range one.Points {
			did, ok := want[i]
			if (p != nil) != ok || ok && !(near(p.Work, did.Work) && p.Accepted == did.Accepted && p.Rejected == did.Rejected) {
				w.t.Errorf("%s: %s in slot %d: %+v, expected %+v %v", what, name, i, p, did, ok)
			}
			if a := all[name]; ok && (a.Points[i] == nil || *a.Points[i] != *p) {
				w.t.Errorf("%s: %s in slot %d is %+v among all, %+v alone", what, name, i, a.Points[i], p)
			}
		}
	}
}
