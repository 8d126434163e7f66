package mining

import (
	"math/rand/v2"
	"sync/atomic"
)

// Extranonces hands out leases of the extranonce's space, so that no two
// consumers of work ever hash the same header. It is safe for concurrent use.
//
// A lease is the upper half of the extranonce and is never handed out twice in a
// process's life; 2^32 of them outlast any node. The first is random, which keeps
// two nodes that pay the same address from doing each other's work.
type Extranonces struct {
	next atomic.Uint32
	used map[uint32]struct{} // not changed
}

// NewExtranonces starts a space of leases. Those of the used extranonces are left out:
// somebody still works on them.
func NewExtranonces(used ...uint64) *Extranonces {
	e := &Extranonces{used: make(map[uint32]struct{})}
	for _, extranonce := range used {
		e.used[uint32(extranonce>>32)] = struct{}{}
	}
	e.next.Store(rand.Uint32())
	return e
}

// Lease takes a part of the space for one consumer.
func (e *Extranonces) Lease() *Lease {
	upper := e.next.Add(1)
	for _, used := e.used[upper]; used; _, used = e.used[upper] {
		upper = e.next.Add(1)
	}
	return &Lease{upper: uint64(upper) << 32}
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
