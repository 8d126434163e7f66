package chain

import "github.com/bytom/bytom/protocol/bc/types"

// unproved is what blocks take that wait for others, and whose proofs can't be checked before.
type unproved struct {
	bytes uint64
	parts int
}

const (
	maxUnprovedBytes = 64 << 20
	// maxUnprovedParts is for what is small on the wire: an output of 40 bytes takes 400 in memory, and a transaction
	// of a few bytes nearly 1 KiB, so that it counts as so many parts.
	maxUnprovedParts = 256 << 10
	partsOfTx        = 4
)

func unprovedOf(block *types.Block) (u unproved) {
	for _, tx := range block.Transactions {
		u.bytes += tx.SerializedSize
		u.parts += partsOfTx + len(tx.Inputs) + len(tx.Outputs)
	}
	return u
}

func (u unproved) plus(o unproved) unproved  { return unproved{u.bytes + o.bytes, u.parts + o.parts} }
func (u unproved) minus(o unproved) unproved { return unproved{u.bytes - o.bytes, u.parts - o.parts} }

func (u unproved) tooMuch() bool { return u.bytes > maxUnprovedBytes || u.parts > maxUnprovedParts }
