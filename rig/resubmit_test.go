package rig

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
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
	t.Parallel() // It mostly waits.
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

// TestAProxyThatLosesItsNodeRefusesNoBlock: some proxies answer 404, in words of their own, while the node behind them starts again. That is no
// word on the block; a node's own, which is JSON, is.
func TestAProxyThatLosesItsNodeRefusesNoBlock(t *testing.T) {
	for _, test := range []struct {
		answer string
		want   Outcome
	}{{"404 page not found", Accepted}, {stockNotFound, Rejected}} {
		asked := 0
		r, _ := fakeRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked == 1 {
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, test.answer)
				return
			}
			_, _ = io.WriteString(w, `{"status":"success","data":true}`)
		}), false, computetest.SHA3{})
		got, err := r.cfg.Source.submit(t.Context(), solution{work: newWork(types.BlockHeader{Version: 1, Bits: noneMeets}, [32]byte{}, newNonces(allNonces, 0))})
		if got != test.want {
			t.Errorf("%s: %v, %v, expected %v", test.answer, got, err, test.want)
		}
	}
}
