package gbt

import (
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// waveMost is how long an answered longpoll waits for the others of its wave.
const waveMost = 100 * time.Millisecond

// waves are the longpolls that wait for the same news. A new tip wakes all of them at
// once, and each that has its answer asks again: were that served at once, the last
// answers would wait for the first ones' next requests. It is safe for concurrent use.
type waves struct {
	mu   sync.Mutex
	news <-chan struct{}
	next *wave // of those that wait for news
}

// join adds a longpoll to those that wait for a channel to be closed. The caller must call
// leave.
func (w *waves) join(news <-chan struct{}) *waveMember {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next == nil || w.news != news {
		w.news, w.next = news, &wave{news: news, over: make(chan struct{})}
	}
	w.next.mu.Lock()
	defer w.next.mu.Unlock()
	w.next.remaining++
	return &waveMember{wave: w.next}
}

// waveMember is a longpoll's in a wave. A nil one is that of a call that did not wait.
type waveMember struct {
	wave *wave
	once sync.Once
}

// leave says that the longpoll has its answer, or needs none. Only the first call counts.
func (m *waveMember) leave() {
	if m != nil {
		m.once.Do(m.wave.leave)
	}
}

// awaitOthers leaves, and waits for the others.
func (m *waveMember) awaitOthers() {
	if m != nil {
		m.leave()
		<-m.wave.over
	}
}

// rollMost is how many jobs a wave rolls at a time.
const rollMost = 16

// roll is a job of a template with an extranonce lease of its own. Those of a wave are
// rolled together, which costs a third.
func (m *waveMember) roll(t *mining.Template, space *mining.Extranonces) *mining.Job {
	if m == nil {
		return mining.NewJob(t, space.Lease().First())
	}
	return m.wave.roll(t, space)
}

// wave are longpolls that are woken together.
type wave struct {
	news <-chan struct{} // closed to wake them
	over chan struct{}   // closed when all have left, or it has taken too long

	rolling sync.Mutex
	rolled  []*mining.Job // all of one template, for those of the wave who come next

	mu        sync.Mutex
	remaining int
	ended     bool
	timer     *time.Timer // since the first has its answer
}

// leave lets one go. Who goes before the news, for its client went away or its hold is
// over, does not end the wave of those that stay.
func (w *wave) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.remaining--
	select {
	case <-w.news:
	default:
		return
	}
	if w.remaining == 0 {
		w.end()
	} else if w.timer == nil && !w.ended {
		w.timer = time.AfterFunc(waveMost, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.end()
		})
	}
}

func (w *wave) roll(t *mining.Template, space *mining.Extranonces) *mining.Job {
	w.rolling.Lock()
	defer w.rolling.Unlock()
	if len(w.rolled) == 0 || w.rolled[0].Template != t {
		extranonces := make([]uint64, max(1, min(rollMost, w.unanswered())))
		for i := range extranonces {
			extranonces[i] = space.Lease().First()
		}
		w.rolled = mining.NewJobs(t, extranonces)
	}
	last := len(w.rolled) - 1
	job := w.rolled[last]
	w.rolled = w.rolled[:last]
	return job
}

// unanswered is how many have not left.
func (w *wave) unanswered() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.remaining
}

// end lets all go on. The caller holds mu.
func (w *wave) end() {
	if w.ended {
		return
	}
	w.ended = true
	close(w.over)
	if w.timer != nil {
		w.timer.Stop()
	}
}
