package scheme

import (
	"math/big"
	"slices"
)

// Split divides an amount in proportion to weights, exactly: each gets its part rounded
// down, and what is left goes, one unit each, to the largest remainders, the first of equal
// ones. 100 by 1, 1 and 1 is 34, 33 and 33. The parts make the amount, unless all weights
// are 0, when there are no parts. Weights must not be negative.
func Split(amount uint64, weights []*big.Int) []uint64 {
	parts := make([]uint64, len(weights))
	total := new(big.Int)
	for _, w := range weights {
		total.Add(total, w)
	}
	if total.Sign() == 0 {
		return parts
	}
	rests, order := make([]*big.Int, len(weights)), make([]int, len(weights))
	whole, left := new(big.Int).SetUint64(amount), amount
	for i, w := range weights {
		product, rest := new(big.Int).Mul(whole, w), new(big.Int)
		product.QuoRem(product, total, rest)
		parts[i], rests[i], order[i] = product.Uint64(), rest, i
		left -= parts[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return rests[b].Cmp(rests[a]) })
	for _, i := range order[:left] { // Fewer than the weights: each remainder is below 1.
		parts[i]++
	}
	return parts
}

// Part is ⌊amount·part/total⌋.
func Part(amount uint64, part, total *big.Int) uint64 {
	if total.Sign() == 0 {
		return 0
	}
	n := new(big.Int).SetUint64(amount)
	return n.Mul(n, part).Quo(n, total).Uint64()
}

// Fee is the operator's fee of an amount: ⌊amount·bp/10000⌋, with bp in hundredths of a
// percent.
func Fee(amount uint64, bp uint32) uint64 {
	return Part(amount, new(big.Int).SetUint64(uint64(bp)), big.NewInt(allBP))
}
