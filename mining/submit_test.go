package mining

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
)

func newTestSubmitter(t *testing.T, c *fakeChain) *Submitter {
	t.Helper()
	v := compute.NewVerifier(&fakeBackend{name: "cpu", workers: 1, batch: 1})
	t.Cleanup(v.Close)
	return NewSubmitter(SubmitterConfig{Sink: c, Source: c, Verifier: v, Now: func() time.Time { return timeAt(5000) }})
}

// solve finds a nonce, or one that misses the target.
func solve(t *testing.T, job *Job, meet bool) Solution {
	t.Helper()
	for nonce := uint64(0); nonce < 10_000; nonce++ {
		if job.Template.Target.Met(fakeHash(job.HeaderHash(2000, nonce), job.Template.Tip.Seed.Byte32())) == meet {
			return Solution{Job: job, Timestamp: 2000, Nonce: nonce}
		}
	}
	t.Fatal("no such nonce")
	return Solution{}
}

func testJob(t *testing.T, c *fakeChain) *Job {
	t.Helper()
	template, err := newTemplate(c.Tip(), randomCandidates(random(), 3), testPayee, nil, timeAt(2000), NewParent)
	if err != nil {
		t.Fatal(err)
	}
	return NewJob(template, 99)
}

func TestSubmitBringsABlockToChainAndPeers(t *testing.T) {
	c := newFakeChain()
	s := newTestSubmitter(t, c)
	sol := solve(t, testJob(t, c), true)
	v, err := s.Submit(t.Context(), sol)
	if err != nil {
		t.Fatal(err)
	}
	if v.Outcome != MainChain || v.Block != v.Tip || v.Height != 11 || s.Found() != 1 {
		t.Errorf("verdict %+v, found %d", v, s.Found())
	}
	if len(c.processed) != 1 || len(c.announced) != 1 || c.processed[0].Hash() != v.Block {
		t.Errorf("%d processed, %d announced", len(c.processed), len(c.announced))
	}
}

func TestSubmitRefusals(t *testing.T) {
	c := newFakeChain()
	s := newTestSubmitter(t, c)
	good := solve(t, testJob(t, c), true)
	for _, test := range []struct {
		name string
		sol  Solution
		want ErrorKind
	}{
		{"misses the target", solve(t, good.Job, false), ErrHighHash},
		{"nonce 2^63", Solution{good.Job, 2000, 1 << 63}, ErrNonceRange},
		{"at the median", Solution{good.Job, 1000, good.Nonce}, ErrTimeTooOld},
		{"far ahead", Solution{good.Job, 5000 + 3601, good.Nonce}, ErrTimeTooNew},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := s.Submit(t.Context(), test.sol); !errors.Is(err, test.want) {
				t.Errorf("error %v, expected %s", err, test.want)
			}
		})
	}
	if len(c.processed) != 0 || s.Found() != 0 {
		t.Error("a refused solution reached the chain")
	}
}

func TestSubmitTellsALostRace(t *testing.T) {
	c := newFakeChain()
	s := newTestSubmitter(t, c)
	sol := solve(t, testJob(t, c), true)
	c.connect(7) // Another block comes first.
	v, err := s.Submit(t.Context(), sol)
	if err != nil {
		t.Fatal(err)
	}
	if v.Outcome != SideChain || v.Tip != c.Tip().Hash || s.Found() != 0 {
		t.Errorf("verdict %+v, found %d", v, s.Found())
	}
	if len(c.announced) != 1 {
		t.Error("a block of a side chain may still win, and must be announced")
	}
}

func TestSubmitSurvivesItsCaller(t *testing.T) {
	c := newFakeChain()
	s := newTestSubmitter(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	c.outcome = func(*types.Block) (Outcome, error) { cancel(); return MainChain, nil }
	if _, err := s.Submit(ctx, solve(t, testJob(t, c), true)); err != nil {
		t.Fatal(err)
	}
	if len(c.announced) != 1 {
		t.Error("the block was not announced after its client went away")
	}
}
