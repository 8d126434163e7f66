package transaction

import (
	"math/rand/v2"
	"testing"
)

// TestPlansByChance plans payments of all sizes out of inputs of all sizes, down to those that
// cost more than they are worth. Each transaction is held to Bytom's rules; nobody gets a part
// below the least payment, and where there is plenty all is paid.
func TestPlansByChance(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 18))
		amount := func(most uint64) uint64 {
			return []uint64{1, 1000, btm - 1, btm, btm + 1, 1 + r.Uint64N(2*btm), 1 + r.Uint64N(most), most}[r.IntN(8)]
		}
		inputs := coinbases(1 + r.IntN(40))
		sum := uint64(0)
		for i := range inputs {
			if r.IntN(3) == 0 {
				inputs[i].Amount = amount(reward)
			}
			sum += inputs[i].Amount
		}
		dues := owners(1+r.IntN(120), func(int) uint64 { return amount(1 + sum/uint64(1+r.IntN(60))) })
		terms := terms()
		terms.Least = []uint64{1, btm / 100, btm, 50 * btm}[r.IntN(4)]
		due, owed := make(map[string]uint64), uint64(0)
		for _, d := range dues {
			due[d.Owner] = d.Amount
			owed += d.Amount
		}
		plenty := owed < sum/2 && sum > 100*btm // Fees are less than a BTM.
		for _, tx := range plan(t, inputs, dues, terms) {
			for _, p := range tx.Payments {
				if p.Amount < min(terms.Least, due[p.Owner]) {
					t.Errorf("seed %d: %s gets %d neu of %d, and the least is %d", seed, p.Owner, p.Amount, due[p.Owner], terms.Least)
				}
				owed -= p.Amount
			}
		}
		if t.Failed() || plenty && owed > 0 {
			t.Fatalf("seed %d: of %d neu %d are left due", seed, sum, owed)
		}
	}
}
