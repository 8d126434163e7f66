package stratum

import (
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// share is what a rig sent, past all checks that cost nothing.
type share struct {
	session *session
	job     sentJob
	cut     *mining.Job // of it; nil for a known-answer job
	nonces  []uint64    // what its nonce may mean, the likeliest first
	came    time.Time
	// reply is where the verdict goes; nil where the rig has its answer already, and the
	// hash is for the case that it is a block.
	reply *reply
	// former is set if the job was that of a session that is over.
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
	// leastAdvance is what likely blocks may take of the budget in advance, in hashes.
	leastAdvance = 16
)

// queue has the shares that wait for their hash. Each session has a queue of its own,
// and whoever has waited for his turn the longest is next: who floods fills but his own,
// and a rig at its pace loses nothing.
//
// Likely blocks of the present tip go first, and may overdraw the budget, so that none
// waits because of ordinary shares. Yet they do cost it: where a network is so easy that
// every share is one, a flood of them is hashed at the budget's rate. Only what became
// the tip is given back. A likely block that is too late for its tip is a share like any
// other, and refused where its session has too many of those. So, over any time, what is hashed is at most
//
//	rate × time + what may be saved + what may be overdrawn + blocks that became the tip.
//
// It is safe for concurrent use.
type queue struct {
	wake  chan struct{}               // there may be something to take
	stale func(*mining.Template) bool // reports whether the tip is another by now

	mu      sync.Mutex
	rate    float64 // hashes a second; 0 is any number
	saved   float64 // of the budget, in hashes; below 0 where it is overdrawn
	updated time.Time
	urgent  lane
	normal  lane
	late    []share
}

// lane is the sessions that have shares waiting, the one whose last turn is the longest
// ago first.
type lane struct {
	round []*waiting
	count int
	turn  uint64 // counts the shares that were taken
}

// waiting is a session's part of a lane. It outlives the session.
type waiting struct {
	shares []share
	served uint64 // the lane's turn when one was last taken, at first when it came
	known  bool
}

func newQueue(rate float64, now time.Time, stale func(*mining.Template) bool) *queue {
	return &queue{wake: make(chan struct{}, 1), stale: stale, rate: rate, updated: now, saved: burst(rate)}
}

func burst(rate float64) float64 { return max(1, rate*queueBurst.Seconds()) }

// advance is what may be overdrawn.
func advance(rate float64) float64 { return max(leastAdvance, burst(rate)) }

// likelyBlock reports whether so many shares of a target are blocks that none may be
// missed.
func likelyBlock(target wire.Target, t *mining.Template) bool {
	return target.Difficulty()*urgentOdds >= t.Target.Difficulty()
}

// add takes a share, unless its session has as many waiting as it may.
func (q *queue) add(s share) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	ok := false
	if t := s.job.template; t != nil && likelyBlock(s.job.target, t) && !q.stale(t) {
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
	if !w.known { // Coming anew is no way to the front.
		w.known, w.served = true, l.turn
	}
	if len(w.shares) == 0 {
		at := sort.Search(len(l.round), func(i int) bool { return l.round[i].served > w.served })
		l.round = slices.Insert(l.round, at, w)
	}
	w.shares = append(w.shares, s)
	l.count++
	return true
}

// take is the next share to hash. Without one it returns when to ask again: after the
// wait, or if that is 0 when wake has a token.
func (q *queue) take(now time.Time) (s share, ok bool, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.demote()
	from, least := &q.urgent, 1-advance(q.rate)
	if q.urgent.count == 0 {
		from, least = &q.normal, 1
	}
	if from.count == 0 {
		return share{}, false, 0
	}
	if q.rate > 0 {
		q.saved = min(burst(q.rate), q.saved+q.rate*now.Sub(q.updated).Seconds())
		q.updated = now
		if q.saved < least {
			return share{}, false, max(time.Millisecond, time.Duration((least-q.saved)/q.rate*float64(time.Second)))
		}
		q.saved--
	}
	s, ok = from.take()
	return s, ok, 0
}

// demote makes ordinary shares of the likely blocks next in turn that came too late for
// their tip, or late ones where there is no room.
func (q *queue) demote() {
	for q.urgent.count > 0 && q.stale(q.urgent.round[0].shares[0].job.template) {
		s, _ := q.urgent.take()
		if !q.normal.add(&s.session.normal, s, mostWaiting) {
			q.late = append(q.late, s)
		}
	}
}

// takeLate are the shares that nobody will hash any more: each of a session that has its
// queue full of others.
func (q *queue) takeLate() []share {
	q.mu.Lock()
	defer q.mu.Unlock()
	late := q.late
	q.late = nil
	return late
}

// charge takes hashes from the budget that take did not know of; below 0 it gives them
// back.
func (q *queue) charge(hashes float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.rate > 0 {
		q.saved -= hashes // take keeps it within its bounds
	}
	mark(q.wake) // How long to wait is another matter now.
}

// takeUrgent is the next likely block.
func (q *queue) takeUrgent() (share, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.demote()
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
	l.count--
	l.turn++
	w.served = l.turn
	if len(w.shares) > 0 {
		l.round = append(l.round, w)
	} else {
		w.shares = nil
	}
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
