package mining

import (
	"encoding/hex"
	"math"
	"math/big"
)

// Target is the largest proof of work that a block may have, as a 256-bit
// big-endian integer. Targets over 256 bits, which solonet's retargets can
// reach, are clamped to all ones; a negative one, which no chain has, is zero.
type Target [32]byte

// TargetFromBits expands a header's compact bits: the top byte is an exponent e,
// bit 55 a sign, the 55 bits below a mantissa m, and the value m·256^(e-3)
// (Bytom's consensus/difficulty).
func TargetFromBits(bits uint64) Target {
	n := new(big.Int).SetUint64(bits & 0x007fffffffffffff)
	exponent := uint(bits >> 56)
	switch {
	case bits&0x0080000000000000 != 0:
		n.SetUint64(0)
	case exponent <= 3:
		n.Rsh(n, 8*(3-exponent))
	default:
		n.Lsh(n, 8*(exponent-3))
	}
	var t Target
	if n.BitLen() > 256 {
		for i := range t {
			t[i] = 0xff
		}
		return t
	}
	n.FillBytes(t[:])
	return t
}

// Met reports whether a Tensority result, in the byte order that the hash yields
// it, is at or below the target. The result's 32 bytes are a little-endian
// integer.
func (t Target) Met(result [32]byte) bool {
	for i, limit := range t {
		if b := result[31-i]; b != limit {
			return b < limit
		}
	}
	return true
}

// Difficulty is the number of hashes that a block at this target takes on
// average: 2^256 / (target + 1).
func (t Target) Difficulty() float64 {
	d := new(big.Int).SetBytes(t[:])
	d.Add(d, big.NewInt(1))
	f, _ := new(big.Rat).SetFrac(new(big.Int).Lsh(big.NewInt(1), 256), d).Float64()
	return f
}

// Work is how many blocks a result that meets t is worth on a network of the given target,
// in parts of 2^-64 of a block: (network + 1) / (t + 1), rounded down. It is exact, so that
// what is paid by it is the same on every machine. What is worth a block or more, as all
// that is as hard as the network's target or harder, is math.MaxUint64.
func (t Target) Work(network Target) uint64 {
	one := big.NewInt(1)
	share := new(big.Int).SetBytes(t[:])
	work := new(big.Int).SetBytes(network[:])
	work.Lsh(work.Add(work, one), 64)
	work.Quo(work, share.Add(share, one))
	if !work.IsUint64() {
		return math.MaxUint64
	}
	return work.Uint64()
}

// WorkOfHashes is what so many hashes are worth on a network of target t, as Work counts it:
// hashes·(t + 1)/2^256 blocks.
func (t Target) WorkOfHashes(hashes uint64) uint64 {
	work := new(big.Int).SetBytes(t[:])
	work.Add(work, big.NewInt(1)).Mul(work, new(big.Int).SetUint64(hashes)).Rsh(work, 192)
	if !work.IsUint64() {
		return math.MaxUint64
	}
	return work.Uint64()
}

// String is the target as 64 hexadecimal characters, most significant first.
func (t Target) String() string { return hex.EncodeToString(t[:]) }
