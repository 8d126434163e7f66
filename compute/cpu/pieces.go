package cpu

import (
	"sync"
	"time"
)

// pieces are the parts of one hash that cores take one by one.
//
// A core may be taken from us in the middle of a piece, by the host of a virtual
// machine or by another process, for as long as a hash takes and longer. So whoever
// finds no piece left that nobody has taken does one again that is overdue, and the
// first to finish it counts: a hash ends with the last core that is at work, not with
// the one that is away. Safe for concurrent use.
type pieces struct {
	mu      sync.Mutex
	all     []piece
	next    int           // the first that nobody has taken
	left    int           // how many are not done
	fastest time.Duration // of those done: how long one takes where nothing interferes
}

type piece struct {
	taken time.Time // by the latest who did
	done  bool
}

// overdueAfter is how many times the fastest piece's time another one may take before
// it is done again.
const overdueAfter = 2

func newPieces(n int) *pieces { return &pieces{all: make([]piece, n), left: n} }

// take returns the number of a piece to do. Where none is to be done now it returns a
// time to wait before asking again, and where all are done, false.
func (p *pieces) take() (n int, wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == 0 {
		return 0, 0, false
	}
	now := time.Now()
	if p.next < len(p.all) {
		n = p.next
		p.next++
	} else if n, wait = p.overdue(now); wait > 0 {
		return 0, wait, true
	}
	p.all[n].taken = now
	return n, 0, true
}

// untaken reports whether there are pieces that nobody has taken.
func (p *pieces) untaken() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next < len(p.all)
}

// overdue finds the piece that was taken the longest time ago, and how long it has left.
func (p *pieces) overdue(now time.Time) (oldest int, wait time.Duration) {
	if p.fastest == 0 { // more cores than pieces, and nothing is known yet
		return 0, time.Millisecond
	}
	oldest = -1
	for n := range p.all {
		if !p.all[n].done && (oldest < 0 || p.all[n].taken.Before(p.all[oldest].taken)) {
			oldest = n
		}
	}
	return oldest, overdueAfter*p.fastest - now.Sub(p.all[oldest].taken)
}

// finish calls add if nobody has finished the piece before, one call at a time. It
// reports whether all are done now, once.
func (p *pieces) finish(n int, took time.Duration, add func()) (last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all[n].done {
		return false
	}
	add()
	p.all[n].done = true
	p.left--
	if p.fastest == 0 || took < p.fastest {
		p.fastest = took
	}
	return p.left == 0
}
