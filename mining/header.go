package mining

import (
	"crypto/sha3"
	"encoding/binary"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
)

// timestampAt is where the timestamp is in a compute.BlockHeader.
const timestampAt = 48

// newBlockHeader encodes all of h but its nonce: 0 version, 8 height, 16 previous block, 48
// timestamp, 56 transactions root, 88 transaction status root, 120 bits.
func newBlockHeader(h *types.BlockHeader) compute.BlockHeader {
	var b compute.BlockHeader
	binary.LittleEndian.PutUint64(b[0:], h.Version)
	binary.LittleEndian.PutUint64(b[8:], h.Height)
	put32(b[16:], h.PreviousBlockHash.Byte32())
	binary.LittleEndian.PutUint64(b[timestampAt:], h.Timestamp)
	put32(b[56:], h.TransactionsMerkleRoot.Byte32())
	put32(b[88:], h.TransactionStatusHash.Byte32())
	binary.LittleEndian.PutUint64(b[120:], h.Bits)
	return b
}

func put32(dst []byte, v [32]byte) { copy(dst, v[:]) }

// Headers is a block header for one nonce after another. Two are equal if their headers
// differ in nothing but the nonce.
type Headers struct{ body compute.BlockHeader }

// NewHeaders returns the Headers of h, whose nonce does not count.
func NewHeaders(h *types.BlockHeader) Headers { return Headers{newBlockHeader(h)} }

// Hash is the block id for a nonce, in the byte order that the chain prints: what
// Tensority is computed over.
func (h Headers) Hash(nonce uint64) [32]byte { return h.body.Hash(nonce) }

// Body is what a compute.NonceHasher takes.
func (h Headers) Body() compute.BlockHeader { return h.body }

// entryID is Bytom's id of an entry: SHA3(tag ‖ SHA3(body)).
func entryID(tag string, body []byte) [32]byte {
	var buf [64]byte
	inner := sha3.Sum256(body)
	n := copy(buf[:], tag)
	n += copy(buf[n:], inner[:])
	return sha3.Sum256(buf[:n])
}
