package mining

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// Extranonces hands out leases of the extranonce's space, so that no two
// consumers of work ever hash the same header. It is safe for concurrent use.
//
// A lease is the upper half of the extranonce and is never handed out twice in a
// process's life; 2^32 of them outlast any node. The first is random, which keeps
// two nodes that pay the same address from doing each other's work.
//
// Leases whose upper 16 bits are alike are a range. A node grants whole ranges to servers
// on other machines, which lease from them alone: see Grant and NewExtranoncesIn.
type Extranonces struct {
	mu      sync.Mutex
	next    uint32              // the last lease that was taken
	used    map[uint32]struct{} // leases of an earlier run
	granted map[uint16]struct{} // ranges that others have
	lowest  uint16              // ranges below it are free, down to that of next

	own   []uint16 // of NewExtranoncesIn: the ranges to lease from
	taken uint64   // how many leases of those were taken
}

// rangeSize is how many leases a range has.
const rangeSize = 1 << 16

// NewExtranonces starts a space of leases. Those of the used extranonces are left out:
// somebody still works on them.
func NewExtranonces(used ...uint64) *Extranonces {
	e := &Extranonces{used: make(map[uint32]struct{}), granted: make(map[uint16]struct{}), next: rand.Uint32()}
	for _, extranonce := range used {
		e.used[uint32(extranonce>>32)] = struct{}{}
	}
	e.lowest = rangeOf(e.next)
	return e
}

// NewExtranoncesIn returns a space of the leases in some ranges, as a node granted them, which are
// leased in order. Where there are none yet, Extend has to come before the first Lease.
func NewExtranoncesIn(ranges ...uint16) *Extranonces {
	return &Extranonces{own: append([]uint16{}, ranges...)}
}

func rangeOf(lease uint32) uint16 { return uint16(lease >> 16) }

// Lease takes a part of the space for one consumer.
func (e *Extranonces) Lease() *Lease {
	e.mu.Lock()
	defer e.mu.Unlock()
	return &Lease{upper: uint64(e.take()) << 32}
}

// take is a lease that was not taken before. The caller holds mu.
func (e *Extranonces) take() uint32 {
	if e.own != nil {
		// After the last one it begins anew: by then the tip has moved, or Extend was not called
		// for as long as it took 65,536 consumers to come.
		n := e.taken
		e.taken++
		return uint32(e.own[n/rangeSize%uint64(len(e.own))])<<16 | uint32(n%rangeSize)
	}
	for {
		e.next++
		if _, granted := e.granted[rangeOf(e.next)]; granted {
			e.next |= rangeSize - 1
			continue
		}
		if _, used := e.used[e.next]; !used {
			return e.next
		}
	}
}

// errNoRange means that all of the space has been handed out.
var errNoRange = errors.New("no range of extranonces is left: those of fronts that are gone come back when this node is restarted without them")

// Grant takes a range out of the space for a server elsewhere. No lease of it was ever taken
// here, and none will be.
func (e *Extranonces) Grant() (uint16, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for r := e.lowest - 1; r != rangeOf(e.next); r-- {
		e.lowest = r
		if _, granted := e.granted[r]; !granted && !e.usedIn(r) {
			e.granted[r] = struct{}{}
			return r, nil
		}
	}
	return 0, errNoRange
}

// usedIn reports whether an earlier run took leases of a range. The caller holds mu.
func (e *Extranonces) usedIn(r uint16) bool {
	for lease := range e.used {
		if rangeOf(lease) == r {
			return true
		}
	}
	return false
}

// Reserve leaves a range out that was granted by an earlier run. It comes before any Lease.
func (e *Extranonces) Reserve(r uint16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.granted[r] = struct{}{}
}

// Extend adds a range to a space of NewExtranoncesIn, to be leased from when the others are
// spent.
func (e *Extranonces) Extend(r uint16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.own = append(e.own, r)
}

// Left is how many leases of a space of NewExtranoncesIn were never taken.
func (e *Extranonces) Left() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return max(0, len(e.own)*rangeSize-int(e.taken))
}

// Lease is one consumer's part of the extranonce space: 2^32 values. It is safe
// for concurrent use.
type Lease struct {
	upper uint64
	roll  atomic.Uint32
}

// First is the lowest extranonce of the lease, which Next does not give: the last
// four bytes, all zero, are for a client to roll that has a lease to itself.
func (l *Lease) First() uint64 { return l.upper }

// Next is an extranonce of the lease that it has not given before (until 2^32 of
// them are spent; by then the tip has moved).
func (l *Lease) Next() uint64 { return l.upper | uint64(l.roll.Add(1)) }
