package stratum

import (
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// share is what a rig sent, past all checks that cost nothing.
type share struct {
	session *session
	job     sentJob
	nonces  []uint64 // what its nonce may mean, the likeliest first
	came    time.Time
	// reply is where the verdict goes; nil where the rig has been told already, and the
	// hash is for the case that it is a block.
	reply *reply
	// former tells that the job was that of a session that is over.
	former bool
}

const (
	// mostWaiting bounds the shares of a session that wait for their hash. A rig sends
	// 12 a minute.
	mostWaiting = 16
	// mostUrgent is the same for those that are likely blocks.
	mostUrgent = 64
	// urgentOdds is what makes a likely block: one in so many shares of its difficulty
	// is one.
	urgentOdds = 64
	// queueBurst is how long an unused budget is kept.
	queueBurst = 2 * time.Second
)

// queue has the shares that wait for their hash. Each session has a queue of its own,
// and they are served in turns: who floods fills but his own, and a rig at its pace
// loses nothing. Likely blocks go first and cost no budget. It is safe for concurrent
// use.
type queue struct {
	wake chan struct{} // there may be something to take

	mu      sync.Mutex
	rate    float64 // ordinary shares a second; 0 is any number
	saved   float64 // of the budget, in shares
	updated time.Time
	urgent  lane
	normal  lane
}

// lane is a round of sessions that have shares waiting.
type lane struct {
	round []*waiting
	count int
}

// waiting is a session's part of a lane. It outlives the session.
type waiting struct{ shares []share }

func newQueue(rate float64, now time.Time) *queue {
	return &queue{wake: make(chan struct{}, 1), rate: rate, updated: now, saved: burst(rate)}
}

func burst(rate float64) float64 { return max(1, rate*queueBurst.Seconds()) }

// likelyBlock tells whether so many shares of a target are blocks that none may be
// missed.
func likelyBlock(target Target, t *mining.Template) bool {
	return target.Difficulty()*urgentOdds >= t.Target.Difficulty()
}

// add takes a share, unless its session has as many waiting as it may.
func (q *queue) add(s share) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	ok := false
	if s.job.job != nil && likelyBlock(s.job.target, s.job.job.Template) {
		ok = q.urgent.add(&s.session.urgent, s, mostUrgent)
	} else {
		ok = q.normal.add(&s.session.normal, s, mostWaiting)
	}
	if ok {
		mark(q.wake)
	}
	return ok
}

func (l *lane) add(w *waiting, s share, most int) bool {
	if len(w.shares) >= most {
		return false
	}
	if len(w.shares) == 0 {
		l.round = append(l.round, w)
	}
	w.shares = append(w.shares, s)
	l.count++
	return true
}

// take is the next share to hash. Without one it tells when to ask again: after the
// wait, or if that is 0 when wake has a token.
func (q *queue) take(now time.Time) (s share, ok bool, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if s, ok = q.urgent.take(); ok {
		return s, true, 0
	}
	if q.normal.count == 0 {
		return share{}, false, 0
	}
	if q.rate > 0 {
		q.saved = min(burst(q.rate), q.saved+q.rate*now.Sub(q.updated).Seconds())
		q.updated = now
		if q.saved < 1 {
			return share{}, false, max(time.Millisecond, time.Duration((1-q.saved)/q.rate*float64(time.Second)))
		}
		q.saved--
	}
	s, ok = q.normal.take()
	return s, ok, 0
}

// takeUrgent is the next likely block.
func (q *queue) takeUrgent() (share, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.urgent.take()
}

func (l *lane) take() (share, bool) {
	if l.count == 0 {
		return share{}, false
	}
	w := l.round[0]
	l.round = l.round[1:]
	s := w.shares[0]
	w.shares = w.shares[1:]
	if len(w.shares) > 0 {
		l.round = append(l.round, w)
	} else {
		w.shares = nil
	}
	l.count--
	return s, true
}

// length is how many shares wait.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.urgent.count + q.normal.count
}

// mark leaves a token in a channel of one slot.
func mark(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
