package mining

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// randomTarget has any number of leading zeros.
func randomTarget(random *rand.Rand) (t Target) {
	for i := random.IntN(33); i < 32; i++ {
		t[i] = byte(random.Uint32())
		if random.IntN(8) == 0 {
			t[i] = []byte{0, 0xff}[random.IntN(2)]
		}
	}
	return t
}

func numberOf(t Target) *big.Int {
	n := new(big.Int).SetBytes(t[:])
	return n.Add(n, big.NewInt(1))
}

// TestWorkIsTheQuotient: work is the integer w with w·(t+1) ≤ (network+1)·2^64 < (w+1)·(t+1),
// or the cap where there is none of 64 bits.
func TestWorkIsTheQuotient(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	capped := 0
	for range 20_000 {
		share, network := randomTarget(random), randomTarget(random)
		if random.IntN(2) == 0 {
			share = network
			share[random.IntN(32)] |= byte(1 << random.IntN(8)) // As on a solonet.
		}
		got := share.Work(network)
		w, s := new(big.Int).SetUint64(got), numberOf(share)
		n := numberOf(network)
		n.Lsh(n, 64)
		low := new(big.Int).Mul(w, s)
		high := new(big.Int).Add(low, s)
		if got == math.MaxUint64 {
			capped++
			if low.Cmp(n) > 0 {
				t.Fatalf("%s on %s: capped at too little", share, network)
			}
			continue
		}
		if low.Cmp(n) > 0 || high.Cmp(n) <= 0 {
			t.Fatalf("%s on %s is worth %d", share, network, got)
		}
	}
	if capped < 1000 || capped > 19_000 {
		t.Errorf("%d of 20000 were capped", capped)
	}
}

// TestWorkIsMonotonous: an easier network or a harder share is never worth less.
func TestWorkIsMonotonous(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	for range 20_000 {
		share, network := randomTarget(random), randomTarget(random)
		harder, easier := share, network
		i := random.IntN(32)
		harder[i] >>= 1
		easier[i] |= 0x80
		w := share.Work(network)
		if harder.Work(network) < w || share.Work(easier) < w {
			t.Fatalf("%s on %s is worth %d, %s %d, and on %s %d", share, network, w, harder, harder.Work(network), easier, share.Work(easier))
		}
	}
}

// TestWorkOfKnownTargets has a share of a block's target be a block, and those of quarter
// and half that difficulty a quarter and a half.
func TestWorkOfKnownTargets(t *testing.T) {
	target := func(bits int) (t Target) { // 2^bits - 1
		n := new(big.Int).Lsh(big.NewInt(1), uint(bits))
		n.Sub(n, big.NewInt(1)).FillBytes(t[:])
		return t
	}
	for _, c := range []struct {
		share, network Target
		want           uint64
	}{
		{target(200), target(200), math.MaxUint64}, {target(199), target(200), math.MaxUint64}, {target(0), target(256), math.MaxUint64},
		{target(201), target(200), 1 << 63}, {target(202), target(200), 1 << 62}, {target(256), target(200), 1 << 8},
		{target(256), target(192), 1}, {target(256), target(191), 0}, {target(256), target(0), 0},
	} {
		if got := c.share.Work(c.network); got != c.want {
			t.Errorf("%s on %s is worth %d, expected %d", c.share, c.network, got, c.want)
		}
	}
}

func BenchmarkWork(b *testing.B) {
	share, network := TargetFromBits(0x1c<<56|1<<52), TargetFromBits(0x1b<<56|1<<50)
	for b.Loop() {
		share.Work(network)
	}
}
