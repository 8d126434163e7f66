package rig

import (
	"sync/atomic"

	"github.com/bytom-solo/bytom-solo/mining"
)

// nonces are those that may be tried with a header. Workers take them batch by batch,
// so that no two try the same, and a fast device takes more than a slow one.
type nonces struct {
	space
	start uint64        // where to begin, within size
	most  uint64        // how many may be taken: size, but for a benchmark that goes round
	next  atomic.Uint64 // how many are taken
}

// space is a range of nonces: base, and size of them, which is a power of two that
// divides base.
type space struct{ base, size uint64 }

func newNonces(s space, start uint64) *nonces { return &nonces{space: s, start: start, most: s.size} }

// take reserves up to n nonces, which are then at(first), at(first+1) and so on. It
// reserves none where none are left.
func (s *nonces) take(n int) (first uint64, got int) {
	for {
		first = s.next.Load()
		left := s.most - first
		if left == 0 {
			return first, 0
		}
		taken := min(uint64(n), left)
		if s.next.CompareAndSwap(first, first+taken) {
			return first, int(taken)
		}
	}
}

func (s *nonces) at(i uint64) uint64 { return s.base | (s.start+i)&(s.size-1) }

// spent reports whether none are left.
func (s *nonces) spent() bool { return s.next.Load() == s.most }

// nonceMemory remembers which nonces of the latest headers are taken.
type nonceMemory struct {
	of    map[nonceKey]*nonces
	order []nonceKey
}

// nonceKey is all that nonces are tried with: whose space it is counts, since pools
// may send one header to many.
type nonceKey struct {
	headers mining.Headers
	space   space
}

// memoryMost is how many headers a nonceMemory holds: more than there are of a tip.
const memoryMost = 256

func newNonceMemory() nonceMemory { return nonceMemory{of: make(map[nonceKey]*nonces)} }

// get returns the nonces of a header and space: fresh, or what it returned the last time.
func (m *nonceMemory) get(h mining.Headers, fresh *nonces) *nonces {
	key := nonceKey{h, fresh.space}
	if known, ok := m.of[key]; ok {
		return known
	}
	if len(m.order) == memoryMost {
		delete(m.of, m.order[0])
		m.order = m.order[1:]
	}
	m.of[key] = fresh
	m.order = append(m.order, key)
	return fresh
}
