package rig

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestPoolBlockAgain has a server make this or that of a block that it is brought a second
// time, after the connection broke or it had forgotten the login.
func TestPoolBlockAgain(t *testing.T) {
	for _, test := range []struct {
		name    string
		forgets bool
		second  *wire.Error
		want    Outcome
	}{
		{"it had come through", false, &wire.Error{Code: 22, Message: "Duplicate share"}, Accepted},
		{"another's job has that number now", false, &wire.Error{Code: 23, Message: "Low difficulty share"}, Unanswered},
		{"the job is not known any more", false, &wire.Error{Code: 21, Message: "Job not found"}, Unanswered},
		{"too late", false, &wire.Error{Code: 21, Message: "Block expired"}, Stale},
		{"taken", false, nil, Accepted},
		{"the login was forgotten", true, nil, Accepted},
	} {
		runPools(t, 1, func([]*fakePool) {}, func(t *testing.T, p *pools) {
			p.at(t, 0)
			s := p.blockOf(true)
			if test.forgets {
				p.all[0].set(func(f *fakePool) { f.verdict = &wire.Error{Code: 24, Message: "Unauthorized worker"} })
			} else {
				p.all[0].hangUp()
			}
			got := make(chan Outcome, 1)
			go func() { o, _ := p.submit(t.Context(), s); got <- o }()
			synctest.Wait()
			p.all[0].set(func(f *fakePool) { f.verdict = test.second })
			if o := <-got; o != test.want {
				t.Errorf("%s: %v, expected %v; log:\n%s", test.name, o, test.want, &p.log)
			}
		})
	}
}

// TestPoolBlockAgainElsewhere has another server take over: its jobs are others, and it is
// not brought the block.
func TestPoolBlockAgainElsewhere(t *testing.T) {
	runPools(t, 2, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.at(t, 0)
		s := p.blockOf(true)
		p.all[0].set(func(f *fakePool) { f.down = true })
		p.all[0].hangUp()
		if o, err := p.submit(t.Context(), s); o != Unanswered || len(p.all[1].methods) > 0 {
			t.Errorf("%v, %v; the other server was brought %v", o, err, p.all[1].methods)
		}
		p.at(t, 1)
	})
}

// TestNodeSubmitsAgain has a node that is not reached at first, and then knows the block:
// it had come through. One that knows it the first time had it from somebody else.
func TestNodeSubmitsAgain(t *testing.T) {
	for _, broken := range []int64{0, 2} {
		n := &fakeNode{header: types.BlockHeader{Version: 1, Height: 7, Bits: noneMeets, Timestamp: 1000}}
		n.answer = func(string) string { return `{"status":"fail","error_detail":"known","data":{"reason":"duplicate"}}` }
		n.broken.Store(broken)
		r, _ := fakeRig(t, n, false, computetest.SHA3{})
		want := Duplicate
		if broken > 0 {
			want = Accepted
		}
		if got, err := r.cfg.Source.submit(t.Context(), solution{work: newWork(n.header, [32]byte{}, newNonces(allNonces, 0))}); got != want {
			t.Errorf("after %d failures: %v, %v, expected %v", broken, got, err, want)
		}
	}
}

// TestOutcomesOfANode reads a node's reasons.
func TestOutcomesOfANode(t *testing.T) {
	for reason, want := range map[string]Outcome{
		string(mining.ErrStaleWork): Stale, string(mining.ErrBadParent): Stale, "duplicate": Duplicate, string(mining.ErrHighHash): Low,
		string(mining.ErrTimeTooOld): Rejected, "": Rejected,
	} {
		n := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"status":"fail","error_detail":"x","data":{"reason":%q}}`, reason)
		})
		r, _ := fakeRig(t, n, false, computetest.SHA3{})
		got, err := r.cfg.Source.submit(context.Background(), solution{work: newWork(types.BlockHeader{Version: 1}, [32]byte{}, newNonces(allNonces, 0))})
		if got != want || err == nil {
			t.Errorf("%q: %v, %v, expected %v", reason, got, err, want)
		}
	}
}

// TestNoncesOfTheEnd takes more than there are.
func TestNoncesOfTheEnd(t *testing.T) {
	s := newNonces(space{7 << 8, 8}, 5)
	var got []string
	for range 4 {
		first, n := s.take(3)
		for i := range n {
			got = append(got, fmt.Sprintf("%x", s.at(first+uint64(i))))
		}
	}
	if text := strings.Join(got, " "); text != "705 706 707 700 701 702 703 704" || !s.spent() {
		t.Errorf("nonces %s, spent %v", text, s.spent())
	}
}

// TestNonceMemory forgets the oldest header, and no other.
func TestNonceMemory(t *testing.T) {
	m := newNonceMemory()
	of := func(i int) *nonces {
		h := types.BlockHeader{Version: 1, Height: uint64(i)}
		return m.get(mining.NewHeaders(&h), newNonces(space{0, 8}, 0))
	}
	all := make([]*nonces, memoryMost+1)
	for i := range memoryMost {
		all[i] = of(i)
	}
	for i := range memoryMost {
		if of(i) != all[i] {
			t.Fatalf("header %d is forgotten", i)
		}
	}
	all[memoryMost] = of(memoryMost)
	for i := 1; i <= memoryMost; i++ {
		if of(i) != all[i] {
			t.Fatalf("header %d is forgotten after another one", i)
		}
	}
	if of(0) == all[0] {
		t.Error("the oldest header is still known")
	}
	if len(m.of) != memoryMost || len(m.order) != memoryMost {
		t.Errorf("%d headers are kept, in an order of %d", len(m.of), len(m.order))
	}
}

// TestPauses grow, and are up to a half shorter, at random.
func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := make(map[time.Duration]bool)
		for range 20 {
			p := newPause()
			if p.used() {
				t.Error("a new pause is used")
			}
			for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
				start := time.Now()
				p.wait(t.Context(), nil)
				took := time.Since(start)
				if took < want*time.Second/2 || took >= want*time.Second || !p.used() {
					t.Errorf("a pause of %v took %v", want*time.Second, took)
				}
				seen[took] = true
			}
		}
		if len(seen) < 100 {
			t.Errorf("%d lengths of 140 pauses", len(seen))
		}
	})
}
