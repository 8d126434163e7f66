package compute

import (
	"context"
	"crypto/sha3"
	"encoding/binary"
	"fmt"
)

// BlockHeader is a block header in the order in which Bytom hashes it, all integers of 64
// bits and little-endian, which is not how it goes over the wire. Its last eight bytes
// are the nonce.
type BlockHeader [136]byte

// NonceAt is where the nonce begins in a BlockHeader.
const NonceAt = 128

const headerTag = "entryid:blockheader:"

// Hash is the header's hash with a nonce, which is the block's id:
// SHA3-256("entryid:blockheader:" ‖ SHA3-256(header)). The receiver's own nonce does not
// count.
func (h BlockHeader) Hash(nonce uint64) [32]byte {
	binary.LittleEndian.PutUint64(h[NonceAt:], nonce)
	inner := sha3.Sum256(h[:])
	var outer [len(headerTag) + len(inner)]byte
	copy(outer[copy(outer[:], headerTag):], inner[:])
	return sha3.Sum256(outer[:])
}

// NonceHasher is a Hasher that is given a header and nonces instead of header hashes, as
// miners have them. A device that computes the header hashes as well offers it, since at
// its speed they would load the CPU; Nonces adds it to any other Hasher.
type NonceHasher interface {
	Hasher
	// HashNonces computes results[i] = Tensority(header.Hash(nonces[i]), seed). It is to
	// Hash in all else.
	HashNonces(ctx context.Context, results [][32]byte, header *BlockHeader, nonces []uint64) error
}

// Nonces returns h itself if it is a NonceHasher, else one that computes header hashes on
// the CPU and passes them to h.
func Nonces(h Hasher) NonceHasher {
	if n, ok := h.(NonceHasher); ok {
		return n
	}
	return &hostNonces{Hasher: h}
}

// hostNonces computes a Hasher's header hashes on the CPU.
type hostNonces struct {
	Hasher
	headers [][32]byte
}

func (h *hostNonces) HashNonces(ctx context.Context, results [][32]byte, header *BlockHeader, nonces []uint64) error {
	h.headers = h.headers[:0]
	for _, nonce := range nonces {
		h.headers = append(h.headers, header.Hash(nonce))
	}
	return h.Hash(ctx, results, h.headers)
}

// CheckNonces returns an error unless there is a result for each nonce.
func CheckNonces(results [][32]byte, nonces []uint64) error {
	if len(results) != len(nonces) {
		return fmt.Errorf("compute: room for %d results of %d nonces", len(results), len(nonces))
	}
	return nil
}

// SelfTestNonces lets a backend whose Hashers are NonceHashers compute hashes with a known
// answer by their nonce. The error says what was wrong; ctx's error is returned as it is. It
// takes a seed and a batch.
func SelfTestNonces(ctx context.Context, b Backend) error {
	h, err := b.NewHasher(ctx, hash32(chainSeed))
	if err != nil {
		return fmt.Errorf("self-test of %s: %w", b.Info().Name, err)
	}
	defer h.Close()
	header := knownHeader()
	nonces, results := make([]uint64, h.Batch()), make([][32]byte, h.Batch())
	for i := range nonces {
		nonces[i] = knownNonce
	}
	if err := Nonces(h).HashNonces(ctx, results, &header, nonces); err != nil {
		return fmt.Errorf("self-test of %s: %w", b.Info().Name, err)
	}
	return checkAnswers(b.Info(), results, []knownAnswer{chainAnswer})
}
