package scheme

import (
	"math/big"
	"math/bits"
)

// uint128 is an unsigned number of 128 bits: work of up to 2⁶⁴ blocks.
type uint128 struct{ high, low uint64 }

func (a uint128) add(b uint128) uint128 {
	low, carry := bits.Add64(a.low, b.low, 0)
	high, _ := bits.Add64(a.high, b.high, carry)
	return uint128{high, low}
}

// plus is add for what fits into 64 bits.
func (a uint128) plus(b uint64) uint128 { return a.add(uint128{0, b}) }

func (a uint128) less(b uint128) bool {
	return a.high < b.high || a.high == b.high && a.low < b.low
}

// big is the number as a big one, which has a sign.
func (a uint128) big() *big.Int {
	n := new(big.Int).SetUint64(a.high)
	return n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(a.low))
}

// blocks128 is a number of thousandths of a block as work, rounded down.
func blocks128(milli uint32) uint128 {
	high, rest := uint64(milli)/1000, uint64(milli)%1000
	low, _ := bits.Div64(rest, 0, 1000)
	return uint128{high, low}
}
