package scheme

import (
	"math/big"
	"math/bits"
)

// Sum is a sum of shares' work in 2⁻⁶⁴ blocks: 128 bits, up to 2⁶⁴ blocks. The zero value is
// none.
type Sum struct{ high, low uint64 }

func (a Sum) add(b Sum) Sum {
	low, carry := bits.Add64(a.low, b.low, 0)
	high, _ := bits.Add64(a.high, b.high, carry)
	return Sum{high, low}
}

// Plus adds the work of a share.
func (a Sum) Plus(b uint64) Sum { return a.add(Sum{0, b}) }

func (a Sum) less(b Sum) bool {
	return a.high < b.high || a.high == b.high && a.low < b.low
}

// Big is the number as a big one, which has a sign.
func (a Sum) Big() *big.Int {
	n := new(big.Int).SetUint64(a.high)
	return n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(a.low))
}

// blocks128 is a number of thousandths of a block as work, rounded down.
func blocks128(milli uint32) Sum {
	high, rest := uint64(milli)/1000, uint64(milli)%1000
	low, _ := bits.Div64(rest, 0, 1000)
	return Sum{high, low}
}
