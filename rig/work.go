package rig

import (
	"fmt"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	gbtwire "github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// work is something to solve. It is immutable, but for the nonces taken of it.
type work struct {
	header  types.BlockHeader // of any nonce
	headers mining.Headers
	seed    [32]byte
	nonces  *nonces
	network mining.Target
	// share is what the source takes besides blocks; 0 is nothing.
	share wire.Target
	// node means that it is from a node, which takes nothing but blocks; asked is when it
	// was asked for it, or when it came.
	node  bool
	asked time.Time

	// extranonce and template are what the header was built from, with getblocktemplate.
	extranonce []byte
	template   *gbtwire.Template
	// job and session are where it came from, with Stratum.
	job     *wire.Job
	session *session
}

func newWork(header types.BlockHeader, seed [32]byte, n *nonces) *work {
	return &work{
		header: header, headers: mining.NewHeaders(&header), seed: seed, nonces: n,
		network: mining.TargetFromBits(header.Bits),
	}
}

// met reports whether a result is good enough for the source, and for a block.
func (w *work) met(result [32]byte) (ok, block bool) {
	block = w.network.Met(result)
	return block || w.share > 0 && w.share.Met(result), block
}

// difficulty is how many hashes a solution takes on average.
func (w *work) difficulty() float64 {
	if w.share > 0 {
		return min(w.share.Difficulty(), w.network.Difficulty())
	}
	return w.network.Difficulty()
}

// sameTip reports whether two works build on the same block.
func (w *work) sameTip(other *work) bool {
	return w.header.PreviousBlockHash == other.header.PreviousBlockHash
}

// solution is a nonce whose header meets a target of its work.
type solution struct {
	work   *work
	nonce  uint64
	result [32]byte
	block  bool // it meets the network's target
	device *device
}

func (s solution) header() types.BlockHeader {
	h := s.work.header
	h.Nonce = s.nonce
	return h
}

// Outcome is what became of a solution.
type Outcome int

// The outcomes.
const (
	// Accepted means that it counts.
	Accepted Outcome = iota
	// Stale means that it came too late, for another block to build on.
	Stale
	// Duplicate means that it was there already.
	Duplicate
	// Low means that it misses the target, by the judgement of the source.
	Low
	// Rejected is any other refusal.
	Rejected
	// Lost means that it is a block that the node found valid, and that another block was
	// before it: nobody did anything wrong.
	Lost
	// Unanswered means that nobody knows: no reply, or the connection broke.
	Unanswered

	outcomes = iota
)

var outcomeNames = [outcomes]string{"accepted", "stale", "duplicate", "low", "rejected", "lost", "unanswered"}

// String names the outcome.
func (o Outcome) String() string {
	if o < 0 || int(o) >= len(outcomeNames) {
		return fmt.Sprintf("Outcome(%d)", int(o))
	}
	return outcomeNames[o]
}
