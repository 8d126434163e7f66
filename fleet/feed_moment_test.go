package fleet

import (
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestAMomentWithoutWorkEndsNoJob: the node has none for a moment, or what makes its template whole got lost. On the same tip its
// jobs are not stale by that: a node itself counts their shares.
func TestAMomentWithoutWorkEndsNoJob(t *testing.T) {
	for name, change := range map[string]func(*Work){
		"no work":              func(w *Work) { w.Parts, w.Why = nil, "a peer has announced a block" },
		"no transactions come": func(w *Work) { w.Bodies = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFeedTest(t)
			f.send(f.a, 1, 1, 10)
			job, err := f.Current()
			if err != nil {
				t.Fatal(err)
			}
			w := f.work(f.a, 1, 2, 10)
			change(w)
			if err := f.Work(f.a, w); err != nil && w.Parts == nil {
				t.Fatal(err)
			}
			if is := f.State(job); is != mining.Past && is != mining.Active {
				t.Errorf("without work the job is %v", is)
			}
			f.send(f.a, 1, 3, 10)
			if is := f.State(job); is != mining.Past {
				t.Errorf("with work again the job is %v, expected %v", is, mining.Past)
			}
			f.send(f.a, 1, 4, 11)
			if is := f.State(job); is != mining.Stale {
				t.Errorf("on another tip the job is %v, expected %v", is, mining.Stale)
			}
		})
	}
}

// TestANodeThatIsSilentEndsItsJobs: nobody knows whether the tip has moved on by then.
func TestANodeThatIsSilentEndsItsJobs(t *testing.T) {
	f := newFeedTest(t)
	f.send(f.a, 1, 1, 10)
	job, err := f.Current()
	if err != nil {
		t.Fatal(err)
	}
	f.wait(f.cfg.MaxAge + time.Second)
	if is := f.State(job); is != mining.Stale {
		t.Errorf("the job is %v, expected %v", is, mining.Stale)
	}
}
