package mining

import (
	"crypto/sha3"
	"encoding/binary"

	"github.com/bytom/bytom/protocol/bc/types"
)

// headerBody is a block header in hash order, which differs from the order on
// the wire (there the nonce comes before the bits). All integers are 64 bits
// little-endian:
//
//	0 version, 8 height, 16 previous block, 48 timestamp, 56 transactions root,
//	88 transaction status root, 120 bits, 128 nonce
type headerBody [136]byte

const (
	timestampAt = 48
	rootAt      = 56
	nonceAt     = 128
)

func newHeaderBody(h *types.BlockHeader) headerBody {
	var b headerBody
	binary.LittleEndian.PutUint64(b[0:], h.Version)
	binary.LittleEndian.PutUint64(b[8:], h.Height)
	put32(b[16:], h.PreviousBlockHash.Byte32())
	binary.LittleEndian.PutUint64(b[timestampAt:], h.Timestamp)
	put32(b[rootAt:], h.TransactionsMerkleRoot.Byte32())
	put32(b[88:], h.TransactionStatusHash.Byte32())
	binary.LittleEndian.PutUint64(b[120:], h.Bits)
	binary.LittleEndian.PutUint64(b[nonceAt:], h.Nonce)
	return b
}

func put32(dst []byte, v [32]byte) { copy(dst, v[:]) }

// hash is the block's id: SHA3("entryid:blockheader:" ‖ SHA3(body)). It is what
// Tensority is computed over.
func (b *headerBody) hash() [32]byte {
	return entryID("entryid:blockheader:", b[:])
}

// Headers hashes a block header for one nonce after another. Two are equal if their
// headers differ in nothing but the nonce.
type Headers struct{ body headerBody }

// NewHeaders makes the Headers of h, whose nonce does not count.
func NewHeaders(h *types.BlockHeader) Headers {
	b := newHeaderBody(h)
	clear(b[nonceAt:])
	return Headers{b}
}

// Hash is the block id for a nonce, in the byte order that the chain prints: what
// Tensority is computed over.
func (h Headers) Hash(nonce uint64) [32]byte {
	binary.LittleEndian.PutUint64(h.body[nonceAt:], nonce)
	return h.body.hash()
}

// entryID is Bytom's id of an entry: SHA3(tag ‖ SHA3(body)).
func entryID(tag string, body []byte) [32]byte {
	var buf [64]byte
	inner := sha3.Sum256(body)
	n := copy(buf[:], tag)
	n += copy(buf[n:], inner[:])
	return sha3.Sum256(buf[:n])
}
