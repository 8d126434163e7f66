package testnet

import (
	"fmt"
	"math/big"
	"strings"
)

// ParseBTM reads an amount of BTM, with up to eight decimals, in its smallest unit.
func ParseBTM(text string) (uint64, error) {
	r, ok := new(big.Rat).SetString(text)
	if ok {
		r.Mul(r, big.NewRat(1e8, 1))
	}
	if !ok || !r.IsInt() || r.Sign() < 0 || !r.Num().IsUint64() {
		return 0, fmt.Errorf("amount %q: expected BTM, as in 412.5", text)
	}
	return r.Num().Uint64(), nil
}

// ParseFees reads a range of BTM; a single amount is one, too.
func ParseFees(text string) (low, high uint64, err error) {
	from, to, ranged := strings.Cut(text, "..")
	if !ranged {
		to = from
	}
	if low, err = ParseBTM(from); err == nil {
		high, err = ParseBTM(to)
	}
	if err != nil {
		err = fmt.Errorf("fees %q: expected LOW..HIGH: %w", text, err)
	}
	return low, high, err
}

// btm is an amount as people write it.
func btm(amount uint64) string { return fmt.Sprintf("%d.%08d BTM", amount/1e8, amount%1e8) }
