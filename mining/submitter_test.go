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
	parent := c.Tip().Hash
	if s.Replaced(parent) {
		t.Error("replaced before anything was submitted")
	}
	v, err := s.Submit(t.Context(), sol)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Replaced(parent) || s.Replaced(v.Block) {
		t.Errorf("replaced the parent: %v, the block: %v", s.Replaced(parent), s.Replaced(v.Block))
	}
	c.mu.Lock()
	now := c.tip
	c.tip.Hash = parent
	c.mu.Unlock()
	if s.Replaced(parent) {
		t.Error("the chain was turned back to the parent, which is still replaced")
	}
	c.mu.Lock()
	c.tip = now
	c.mu.Unlock()
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
		{"nonce 2^63", Solution{Job: good.Job, Timestamp: 2000, Nonce: 1 << 63}, ErrNonceRange},
		{"at the median", Solution{Job: good.Job, Timestamp: 1000, Nonce: good.Nonce}, ErrTimeTooOld},
		{"far ahead", Solution{Job: good.Job, Timestamp: 5000 + 3601, Nonce: good.Nonce}, ErrTimeTooNew},
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

func isKind(err error, kind ErrorKind) bool { return errors.Is(err, kind) }

// TestTheLastFifteenTemplates has a solution for each of 15 templates on one tip: any
// of them is as good as the newest. On a former tip a miss is stale, a hit is a block.
func TestTheLastFifteenTemplates(t *testing.T) {
	for which := range 15 {
		c := newFakeChain()
		s := newTestSubmitter(t, c)
		g := newTestGenerator(c)
		var jobs []*Job
		for i := range 15 {
			chosen := randomCandidates(random(), i)
			template, err := newTemplate(c.Tip(), chosen, testPayee, nil, timeAt(2000), NewTxs)
			if err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, NewJob(template, uint64(i)))
			g.publish(&state{template: template})
		}
		for i, j := range jobs {
			if want := map[bool]JobState{true: Active, false: Past}[i == 14]; g.State(j.Template) != want {
				t.Errorf("job %d is %v, expected %v", i, g.State(j.Template), want)
			}
		}
		v, err := s.Submit(t.Context(), solve(t, jobs[which], true))
		if err != nil || v.Outcome != MainChain || v.Block != c.blocks()[0].Hash() {
			t.Fatalf("template %d: %+v, %v", which, v, err)
		}
		for i, j := range jobs {
			if g.State(j.Template) != Stale {
				t.Errorf("job %d is %v after a block, expected stale", i, g.State(j.Template))
			}
			if _, err := s.Submit(t.Context(), solve(t, j, false)); !errors.Is(err, ErrStaleWork) {
				t.Errorf("job %d, a miss on a former tip: %v, expected stale-work", i, err)
			}
			if i == which {
				continue
			}
			if v, err := s.Submit(t.Context(), solve(t, j, true)); err != nil || v.Outcome != SideChain {
				t.Errorf("job %d, a hit on a former tip: %+v, %v", i, v, err)
			}
		}
	}
}

func TestSubmitTellsADuplicateWithoutHashing(t *testing.T) {
	c := newFakeChain()
	s := newTestSubmitter(t, c)
	sol := solve(t, testJob(t, c), true)
	for _, want := range []Outcome{MainChain, Duplicate} {
		if v, err := s.Submit(t.Context(), sol); err != nil || v.Outcome != want {
			t.Fatalf("%+v, %v, expected %v", v, err, want)
		}
	}
	if len(c.blocks()) != 1 || len(c.announced) != 1 {
		t.Errorf("%d blocks, announced %d times", len(c.blocks()), len(c.announced))
	}
}
