package scheme

import (
	"math/big"
	"testing"
)

// windowShares is X = 8 at 1 % of the network with 100 rigs.
const windowShares = 2_400_000

// BenchmarkWindow collects and splits a window of 2.4 million shares of 100 owners, and
// checks what each of them gets.
func BenchmarkWindow(b *testing.B) {
	const owners = 100
	work := ofBlocks(8, windowShares)
	for b.Loop() {
		w := NewWindow(Terms{XMilli: 8000})
		added := uint32(1)
		for w.Add(added%owners, work, 0) {
			added++
		}
		if added < windowShares || added > windowShares+2 {
			b.Fatalf("%d shares in the window, expected %d", added, windowShares)
		}
		p := w.Parts()
		weights := make([]*big.Int, owners)
		for i := range weights {
			weights[i] = p.Net[uint32(i)]
		}
		left := uint64(reward)
		for owner, amount := range Split(reward, weights) {
			// One share is 17,187 neu.
			if amount < reward/owners-20_000 || amount > reward/owners+20_000 {
				b.Fatalf("owner %d gets %d, expected %d or so", owner, amount, reward/owners)
			}
			left -= amount
		}
		if left != 0 {
			b.Fatalf("%d neu are left", left)
		}
	}
}

// BenchmarkDGMShare scores a share.
func BenchmarkDGMShare(b *testing.B) {
	g, err := NewDGM(DGMTerms{20_000, 995_000})
	if err != nil {
		b.Fatal(err)
	}
	shares := 0
	for b.Loop() {
		g.Share("an owner", ofBlocks(1, 300_000), 100)
		if shares++; shares%300_000 == 0 {
			g.Block(reward)
		}
	}
	if score := g.Score("an owner"); score <= 0 || score > 0.99 {
		b.Fatalf("a score of %v", score)
	}
}
