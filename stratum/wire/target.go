package wire

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"github.com/bytom-solo/bytom-solo/mining"
)

// Target is what a share must meet: the most significant 32 bits of a 256-bit number,
// the others being zero. On the wire it is those four bytes, the lowest first.
type Target uint32

// TargetFor is the target of a difficulty, the top of (2^256-1)/difficulty. It is at
// least 1, and all ones for difficulties up to 1 and what is no number.
func TargetFor(difficulty float64) Target {
	if !(difficulty > 1) {
		return math.MaxUint32
	}
	// Where difficulty divides 2^32, the one that 2^256 lacks counts.
	return Target(max(1, math.Ceil((1<<32)/difficulty)-1))
}

// TargetCovering is the lowest target that everything meets that meets the network's,
// also for rigs that compare with all 256 bits. A share target below it would
// let rigs throw blocks away.
func TargetCovering(network mining.Target) Target {
	top := binary.BigEndian.Uint32(network[:])
	if top < math.MaxUint32 && !allZero(network[4:]) {
		top++
	}
	return Target(max(1, top))
}

func allZero(b []byte) bool {
	return !slices.ContainsFunc(b, func(v byte) bool { return v != 0 })
}

// ParseTarget reads a target of 1 to 32 bytes, the lowest first. Those below the top
// four are dropped, which makes the target a little harder, never easier.
func ParseTarget(text string) (Target, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) < 1 || len(raw) > 32 {
		return 0, fmt.Errorf("target is %s, expected 2 to 64 hexadecimal digits", Excerpt([]byte(text)))
	}
	slices.Reverse(raw)
	var top [4]byte
	copy(top[:], raw)
	t := Target(binary.BigEndian.Uint32(top[:]))
	if t == 0 {
		return 0, fmt.Errorf("target is %s, which nothing meets", Excerpt([]byte(text)))
	}
	return t, nil
}

// String is the target as it goes over the wire.
func (t Target) String() string {
	return hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, uint32(t)))
}

// Difficulty returns the effective difficulty, which a share is worth: the number of hashes
// that one takes on average, 2^32/t.
func (t Target) Difficulty() float64 { return (1 << 32) / float64(max(t, 1)) }

// Full is the target of 256 bits that the same results meet: all those whose top 32 bits are
// not above.
func (t Target) Full() (full mining.Target) {
	binary.BigEndian.PutUint32(full[:], uint32(t))
	for i := 4; i < len(full); i++ {
		full[i] = 0xff
	}
	return full
}

// Met reports whether a Tensority result meets the target. Its bytes are a
// little-endian number, of which the top 32 bits are compared: some rigs compare words,
// others all of it.
func (t Target) Met(result [32]byte) bool { return top32(result) <= uint32(t) }

// DifficultyOf returns the highest difficulty that a Tensority result meets, in hashes.
func DifficultyOf(result [32]byte) float64 {
	// 64 bits, for hashes far better than a share.
	top := binary.LittleEndian.Uint64(result[24:])
	return math.Ldexp(1, 64) / (float64(top) + 1)
}

func top32(result [32]byte) uint32 { return binary.LittleEndian.Uint32(result[28:]) }
