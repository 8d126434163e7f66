package payout

import (
	"testing"
	"time"
)

// TestABlockWaitsAsLongAsItsShareMayTake: a front's share may be booked long after its block is
// on the chain. Then it counts once; one that does not come keeps nobody waiting for ever.
func TestABlockWaitsAsLongAsItsShareMayTake(t *testing.T) {
	t.Parallel()
	const patience = time.Hour
	for _, test := range []struct {
		name             string
		comes, elsewhere bool
	}{{"it comes", true, false}, {"it does not", false, false}, {"it comes after all", true, true}, {"another node's books split it", false, true}} {
		name, comes := test.name, test.comes
		p := newPool(t, Policy{Scheme: Solo})
		p.now = time.Now().Add(-2 * winnerWait)
		p.share("A", quarter, 1)
		b := p.chain.mine(program(1))
		p.candidates = append(p.candidates, Candidate{Hash: b.Hash(), Height: b.Height, At: p.now, Finder: "rig", Owner: "B", Work: quarter, Patience: patience, Elsewhere: test.elsewhere})
		again, err := p.settler.Step()
		if m, _ := p.books.Manifest(b.Hash()); err != nil || m != nil || again <= winnerWait || again > patience {
			t.Errorf("%s: manifest %+v, again in %s, %v, expected to wait", name, m, again, err)
		}
		if comes {
			hash := b.Hash()
			p.log.solved[hash.String()] = p.share("B", quarter, 1)
		} else {
			p.settler.waits[b.Hash()] = time.Now().Add(-patience)
		}
		p.step()
		if test.elsewhere && !comes {
			if _, ok, why, err := p.books.Explain(b.Hash()); ok || why != atAnother || err != nil {
				t.Errorf("%s: split %v, %q, %v", name, ok, why, err)
			}
			continue
		}
		if m := p.manifest(b); m.Virtual == comes || m.Winner != "B" || m.WinnerWork != quarter {
			t.Errorf("%s: share %d of %s, virtual %t", name, m.Share, m.Winner, m.Virtual)
		}
	}
}
