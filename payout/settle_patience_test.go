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
	for name, comes := range map[string]bool{"it comes": true, "it does not": false} {
		p := newPool(t, Policy{Scheme: Solo})
		p.now = time.Now().Add(-2 * winnerWait)
		p.share("A", quarter, 1)
		b := p.chain.mine(program(1))
		p.candidates = append(p.candidates, Candidate{Hash: b.Hash(), Height: b.Height, At: p.now, Finder: "rig", Owner: "B", Work: quarter, Patience: patience})
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
		if m := p.manifest(b); m.Virtual == comes || m.Winner != "B" || m.WinnerWork != quarter {
			t.Errorf("%s: share %d of %s, virtual %t", name, m.Share, m.Winner, m.Virtual)
		}
	}
}

// TestABlockThatAnotherNodeSplits: where another node books the shares of a front this one leaves a block to it for a
// day, and splits it if the shares come here after all.
func TestABlockThatAnotherNodeSplits(t *testing.T) {
	t.Parallel()
	for _, comes := range []bool{true, false} {
		p := newPool(t, Policy{Scheme: Solo})
		p.now = time.Now().Add(-2 * time.Hour)
		p.share("A", quarter, 1)
		b := p.chain.mine(program(1))
		p.candidates = append(p.candidates, Candidate{Hash: b.Hash(), Height: b.Height, At: p.now, Finder: "rig", Owner: "B", Work: quarter, Patience: time.Hour, Elsewhere: true})
		waits := func(what string) {
			t.Helper()
			p.step()
			if m, err := p.books.Manifest(b.Hash()); err != nil || m != nil {
				t.Fatalf("%s: manifest %+v, %v, expected to wait", what, m, err)
			}
			if _, ok, why, err := p.books.Explain(b.Hash()); ok || why != "" || err != nil {
				t.Fatalf("%s: split %v, %q, %v", what, ok, why, err)
			}
		}
		waits("another's")
		if !comes {
			p.candidates[0].At = time.Now().Add(-elsewhereWait - time.Minute)
			waits("another's until a moment ago")
			p.settler.elsewhere[b.Hash()], p.settler.waits[b.Hash()] = time.Now().Add(-2*time.Hour), time.Now().Add(-2*time.Hour)
			p.step()
			if _, ok, why, err := p.books.Explain(b.Hash()); ok || why != atAnother || err != nil {
				t.Errorf("a day later: split %v, %q, %v", ok, why, err)
			}
			continue
		}
		p.candidates[0].Elsewhere = false
		waits("no more another's")
		hash := b.Hash()
		p.log.solved[hash.String()] = p.share("B", quarter, 1)
		p.step()
		if m := p.manifest(b); m.Virtual || m.Winner != "B" || m.WinnerWork != quarter {
			t.Errorf("share %d of %s, virtual %t", m.Share, m.Winner, m.Virtual)
		}
	}
}
