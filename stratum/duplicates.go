package stratum

import (
	"encoding/binary"
	"slices"
)

// mostSeen bounds the shares that a session's next ones are compared with: the latest
// so many, at least half of them.
const mostSeen = 2048

// seenShares recognizes shares that came before. A share is known by its header's
// hash, in which the nonce is: rigs start again at the same nonce with each job. There are
// some thirty of a rig's on a tip, which are found soonest, and take least, where they are in a row.
type seenShares struct {
	now, before []uint64
}

// seenKey is 64 bits of a hash: two different shares of a session won't meet in them.
func seenKey(header [32]byte) uint64 { return binary.BigEndian.Uint64(header[:]) }

// first reports whether the header was not seen before, and remembers it.
func (s *seenShares) first(header [32]byte) bool {
	key := seenKey(header)
	if slices.Contains(s.now, key) || slices.Contains(s.before, key) {
		return false
	}
	if len(s.now) >= mostSeen/2 {
		s.before, s.now = s.now, nil
	}
	s.now = append(s.now, key)
	return true
}

// forget lets a share come again.
func (s *seenShares) forget(header [32]byte) {
	if at := slices.Index(s.now, seenKey(header)); at >= 0 {
		s.now = slices.Delete(s.now, at, at+1)
	}
}

// reset forgets all, when the tip has moved and no share of before is worth anything.
func (s *seenShares) reset() { *s = seenShares{} }
