package stratum

import (
	"encoding/binary"
)

// mostSeen bounds the shares that a session's next ones are compared with: the latest
// so many, at least half of them.
const mostSeen = 2048

// seenShares recognizes shares that came before. A share is known by its header's
// hash, in which the nonce is: rigs start again at the same nonce with each job.
type seenShares struct {
	now, before map[uint64]struct{}
}

// seenKey is 64 bits of a hash: two different shares of a session won't meet in them.
func seenKey(header [32]byte) uint64 { return binary.BigEndian.Uint64(header[:]) }

// first reports whether the header was not seen before, and remembers it.
func (s *seenShares) first(header [32]byte) bool {
	key := seenKey(header)
	if _, ok := s.now[key]; ok {
		return false
	}
	if _, ok := s.before[key]; ok {
		return false
	}
	if s.now == nil || len(s.now) >= mostSeen/2 {
		s.before, s.now = s.now, make(map[uint64]struct{})
	}
	s.now[key] = struct{}{}
	return true
}

// forget lets a share come again.
func (s *seenShares) forget(header [32]byte) { delete(s.now, seenKey(header)) }

// reset forgets all, when the tip has moved and no share of before is worth anything.
func (s *seenShares) reset() { *s = seenShares{} }
