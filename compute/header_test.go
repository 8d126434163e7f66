package compute

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
)

func TestTheKnownHeader(t *testing.T) {
	if got := knownHeader().Hash(knownNonce); got != hash32(chainAnswer.header) {
		t.Errorf("header hash %x, want %s", got, chainAnswer.header)
	}
	header := knownHeader()
	header[NonceAt] = 1
	if header.Hash(knownNonce) != hash32(chainAnswer.header) || header[NonceAt] != 1 {
		t.Error("a header's own nonce counts, or is changed")
	}
}

// echo is a Hasher whose results are the header hashes.
type echo struct{ flipBackend }

func (echo) Hash(_ context.Context, results, headers [][32]byte) error {
	if err := CheckBatch(results, headers); err != nil {
		return err
	}
	copy(results, headers)
	return nil
}

func (echo) NewHasher(context.Context, [32]byte) (Hasher, error) { return echo{}, nil }

func TestNoncesOfAHasherThatTakesHeaderHashes(t *testing.T) {
	h := Nonces(echo{})
	if Nonces(h) != h {
		t.Error("a NonceHasher is wrapped")
	}
	header := knownHeader()
	for _, nonces := range [][]uint64{{1, 1 << 62, 3}, {}, {7}, {1<<64 - 1, 0}} {
		results := make([][32]byte, len(nonces))
		if err := h.HashNonces(t.Context(), results, &header, nonces); err != nil {
			t.Fatal(err)
		}
		for i, nonce := range nonces {
			if results[i] != header.Hash(nonce) {
				t.Errorf("nonce %#x: %x, want %x", nonce, results[i], header.Hash(nonce))
			}
		}
	}
	if err := h.HashNonces(t.Context(), make([][32]byte, 2), &header, []uint64{1}); err == nil {
		t.Error("two results of one nonce: no error")
	}
}

func TestSelfTestOfNonces(t *testing.T) {
	var wrong *WrongHashError
	if err := SelfTestNonces(t.Context(), echo{}); !errors.As(err, &wrong) || wrong.Got != hash32(chainAnswer.header) {
		t.Errorf("wrong hashes: %v", err)
	}
	if err := SelfTestNonces(t.Context(), nonceTable{batch: 3}); err != nil {
		t.Error(err)
	}
}

// TestNonceAnswers computes one of them, another each time.
func TestNonceAnswers(t *testing.T) {
	known, header := nonceAnswers[rand.IntN(len(nonceAnswers))], knownHeader()
	if got := Sum(NewMatrices(hash32(chainSeed)), header.Hash(known.nonce)); got != hash32(known.hash) {
		t.Errorf("nonce %#x: %x, recorded is %s", known.nonce, got, known.hash)
	}
}
