package stratum

import (
	"encoding/binary"
	"slices"
)

const (
	// fewSeen is how many shares are kept in a row, where they are found soonest and take least: some thirty of a
	// rig's come on a tip.
	fewSeen = 64
	// mostSeen bounds the others, some 4 MB of a session's. What is hashed of a session's in the time of a tip is less.
	mostSeen = 1 << 17
)

// seenShares recognizes shares that came before on the tip. A share is known by its header's
// hash, in which the nonce is: rigs start again at the same nonce with each job. One that was forgotten could be
// counted again.
type seenShares struct {
	few  []uint64
	many map[uint64]struct{}
}

// seenKey is 64 bits of a hash: two different shares of a session won't meet in them.
func seenKey(header [32]byte) uint64 { return binary.BigEndian.Uint64(header[:]) }

// first reports whether none of a share's headers was seen before, one for each meaning of its nonce, and remembers them.
func (s *seenShares) first(headers ...[32]byte) bool {
	first := true
	for _, header := range headers {
		first = s.add(seenKey(header)) && first
	}
	return first
}

func (s *seenShares) add(key uint64) (added bool) {
	if _, ok := s.many[key]; ok || slices.Contains(s.few, key) {
		return false
	}
	if len(s.few) >= fewSeen {
		if s.many == nil || len(s.many) >= mostSeen {
			s.many = make(map[uint64]struct{})
		}
		for _, each := range s.few {
			s.many[each] = struct{}{}
		}
		s.few = s.few[:0]
	}
	s.few = append(s.few, key)
	return true
}

// forget lets a share come again.
func (s *seenShares) forget(headers ...[32]byte) {
	for _, header := range headers {
		key := seenKey(header)
		delete(s.many, key)
		if at := slices.Index(s.few, key); at >= 0 {
			s.few = slices.Delete(s.few, at, at+1)
		}
	}
}

// reset forgets all, when the tip has moved and no share of before is worth anything.
func (s *seenShares) reset() { *s = seenShares{} }
