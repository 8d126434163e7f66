package wire

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestPush compares lines for many rigs with such that are encoded each by itself.
func TestPush(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 20))
	hash := func() (h [32]byte) {
		for i := range h {
			h[i] = byte(r.Uint32())
		}
		return h
	}
	for range 50 {
		j := Job{
			Version: 1, Height: r.Uint64(), PreviousBlockHash: hash(), Timestamp: r.Uint64(), TransactionStatusHash: hash(),
			Bits: r.Uint64(), ID: strconv.FormatUint(r.Uint64(), 10), Seed: hash(), Target: Target(r.Uint32()),
		}
		p := NewPush(&j)
		for _, id := range []uint64{7, 9, 10, 171567, 1<<31 - 1, math.MaxUint64, 8, r.Uint64()} {
			j.TransactionsMerkleRoot, j.Nonce, j.ID, j.Target = hash(), r.Uint64(), strconv.FormatUint(id, 10), Target(r.Uint32())
			if got, want := string(p.Line(&j.TransactionsMerkleRoot, j.Nonce, id, j.Target)), string(AppendPush(nil, &j)); got != want {
				t.Fatalf("line %q, expected %q", got, want)
			}
		}
	}
}
