package node

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Fault is something that is wrong now.
type Fault struct {
	// ID names its kind, for programs.
	ID string `json:"id"`
	// Since is when it began.
	Since time.Time `json:"since"`
	// What says what is wrong, Do what to do about it, each in a sentence.
	What string `json:"what"`
	Do   string `json:"do"`
	// Serious means that a miner loses work or money now.
	Serious bool `json:"serious"`
}

// faultKind is a fault that the node looks for.
type faultKind struct {
	id, what, do string
	serious      bool
	// after is how long it must last to be listed, and clear how long it must be over to be
	// forgotten: what comes and goes raises one alarm.
	after, clear time.Duration
	// unless are faults that are the cause where there is one of them.
	unless []string
	// silent means that a notification of another event says it already.
	silent bool
	// check returns whether it is there, and what more there is to say.
	check func(now time.Time) (detail string, on bool)
}

// faultState is what is known of a fault of a kind.
type faultState struct {
	on     bool      // at the last look
	listed bool      // it is, or was a moment ago
	since  time.Time // it began; zero while it is not there
	gone   time.Time // it was last there
	detail string
}

// faultWatch knows what is wrong. It is safe for concurrent use.
type faultWatch struct {
	kinds []faultKind
	alarm func(Notification)

	mu     sync.Mutex
	states map[string]*faultState
	more   []func() []Fault // faults that others find, debounce and send notifications of
	list   []Fault
}

func newFaultWatch(kinds []faultKind, alarm func(Notification)) *faultWatch {
	w := &faultWatch{kinds: kinds, alarm: alarm, states: make(map[string]*faultState), list: []Fault{}}
	for _, k := range kinds {
		w.states[k.id] = &faultState{}
	}
	return w
}

// add has f asked for more faults at each look.
func (w *faultWatch) add(f func() []Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.more = append(w.more, f)
}

// now is what is wrong, the worst first.
func (w *faultWatch) now() []Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.list)
}

// serious are the faults by which a miner loses work or money now.
func (w *faultWatch) serious() []Fault {
	return slices.DeleteFunc(w.now(), func(f Fault) bool { return !f.Serious })
}

// look brings the list up to date, and sends notifications of what changed. It is to be
// called once a second.
func (w *faultWatch) look(now time.Time) {
	w.mu.Lock()
	var notes []Notification
	list := []Fault{}
	for i := range w.kinds {
		k := &w.kinds[i]
		s := w.states[k.id]
		was := s.listed
		w.check(k, s, now)
		f := k.fault(s)
		if s.listed {
			list = append(list, f)
		}
		if s.listed != was && !k.silent {
			notes = append(notes, faultNote(f, now, !s.listed))
		}
		if !s.listed && !s.on {
			s.since, s.detail = time.Time{}, ""
		}
	}
	for _, f := range w.more {
		list = append(list, f()...)
	}
	w.list = list
	slices.SortStableFunc(w.list, func(a, b Fault) int {
		if a.Serious == b.Serious {
			return 0
		} else if a.Serious {
			return -1
		}
		return 1
	})
	w.mu.Unlock()
	for _, note := range notes {
		w.alarm(note)
	}
}

// check brings the state of a kind up to date.
func (w *faultWatch) check(k *faultKind, s *faultState, now time.Time) {
	detail, on := k.check(now)
	if slices.ContainsFunc(k.unless, func(id string) bool { return w.states[id].on || w.states[id].listed }) {
		on = false
	}
	switch s.on = on; {
	case on:
		if s.since.IsZero() {
			s.since = now
		}
		s.gone, s.detail = now, detail
		s.listed = s.listed || now.Sub(s.since) >= k.after
	case s.listed && now.Sub(s.gone) >= k.clear:
		s.listed = false
	}
}

func (k *faultKind) fault(s *faultState) Fault {
	f := Fault{ID: k.id, Since: s.since.UTC(), What: k.what, Do: k.do, Serious: k.serious}
	if s.detail != "" {
		f.What += ": " + s.detail
	}
	return f
}

func faultNote(f Fault, now time.Time, over bool) Notification {
	if over {
		return Notification{Event: "fault.over", At: now, Fault: &f, Detail: f.What}
	}
	return Notification{Event: "fault.raised", At: now, Fault: &f, Detail: f.What + ". " + f.Do}
}

// faultPeriod is the time between two looks.
const faultPeriod = time.Second

// run looks until ctx ends.
func (w *faultWatch) run(ctx context.Context) error {
	each := time.NewTicker(faultPeriod)
	defer each.Stop()
	for {
		w.look(time.Now())
		select {
		case <-each.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// faultMetrics has a gauge for each kind of fault, and each other that there is.
type faultMetrics struct {
	watch *faultWatch
	desc  *prometheus.Desc
}

func newFaultMetrics(w *faultWatch) *faultMetrics {
	return &faultMetrics{w, prometheus.NewDesc("bytom_solo_fault", "1 while the fault is there.", []string{"id"}, nil)}
}

// Describe satisfies prometheus.Collector.
func (m *faultMetrics) Describe(c chan<- *prometheus.Desc) { c <- m.desc }

// Collect satisfies prometheus.Collector.
func (m *faultMetrics) Collect(c chan<- prometheus.Metric) {
	values := make(map[string]float64)
	for _, k := range m.watch.kinds {
		values[k.id] = 0
	}
	for _, f := range m.watch.now() {
		values[f.ID] = 1
	}
	for id, v := range values {
		c <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, v, id)
	}
}
