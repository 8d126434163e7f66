package rig

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// voids are the ways in which a server says that it has no work any more, for a reason.
func voids() map[string]func(*testing.T, *pools) {
	refusal := wire.Error{Code: wire.CodeOther, Message: "No work: the clock is wrong"}
	return map[string]func(*testing.T, *pools){
		"an error without an id": func(_ *testing.T, p *pools) {
			p.all[0].push(`{"id":null,"jsonrpc":"2.0","result":null,"error":{"code":20,"message":"No work: the clock is wrong"}}`)
			p.all[0].push(`{"error":{"code":20,"message":"No work: the clock is wrong"}}`)
		},
		"a job that is null": func(_ *testing.T, p *pools) { p.all[0].push(`{"method":"job","params":null}`) },
		"a refusal": func(t *testing.T, p *pools) {
			p.all[0].set(func(f *fakePool) { f.verdict = &refusal })
			for range 3 {
				p.mineFor(t, time.Second)
			}
		},
	}
}

// TestPoolVoidAlone has the only server say that it has no work: the rig stops, stays, and
// goes on with the next job.
func TestPoolVoidAlone(t *testing.T) {
	for name, void := range voids() {
		runPools(t, 1, func([]*fakePool) {}, func(t *testing.T, p *pools) {
			for i := range 3 {
				p.at(t, 0)
				void(t, p)
				p.at(t, -1)
				for range 9 {
					time.Sleep(time.Minute)
					p.at(t, -1)
				}
				p.all[0].set(func(f *fakePool) { f.verdict = nil })
				p.all[0].push(p.all[0].jobText("2", byte(i)))
				p.at(t, 0)
				p.mineFor(t, time.Second)
				if p.said("no work any more") != i+1 || p.said("has work again") != i+1 {
					t.Errorf("%s: the log:\n%s", name, &p.log)
				}
			}
			if n := p.all[0].count(); n != 1 {
				t.Errorf("%s: %d logins", name, n)
			}
			if name == "a refusal" && !strings.Contains(p.log.String(), "the clock is wrong") {
				t.Errorf("the log does not say why:\n%s", &p.log)
			}
		})
	}
}

// TestPoolVoidLeaves has the first of two servers say it: the rig stops at once, mines for
// the other a moment later, and comes back when the first has work.
func TestPoolVoidLeaves(t *testing.T) {
	for name, void := range voids() {
		runPools(t, 2, func([]*fakePool) {}, func(t *testing.T, p *pools) {
			p.at(t, 0)
			p.all[0].set(func(f *fakePool) { f.empty = true })
			void(t, p)
			p.at(t, -1)
			time.Sleep(voidMost + shortestPause)
			p.at(t, 1)
			p.mineFor(t, 5*time.Minute)
			p.at(t, 1)
			p.all[0].set(func(f *fakePool) { f.empty, f.verdict = false, nil })
			p.mineFor(t, 10*time.Minute)
			p.at(t, 0)
			if n := p.said("no work any more"); n != 1 {
				t.Errorf("%s: said %d times:\n%s", name, n, &p.log)
			}
		})
	}
}

// TestPoolVoidForAMoment has work again before the rig has left.
func TestPoolVoidForAMoment(t *testing.T) {
	for name, void := range voids() {
		runPools(t, 2, func([]*fakePool) {}, func(t *testing.T, p *pools) {
			p.at(t, 0)
			void(t, p)
			p.at(t, -1)
			p.all[0].set(func(f *fakePool) { f.verdict = nil })
			time.Sleep(time.Second)
			p.all[0].push(p.all[0].jobText("2", 1))
			p.mineFor(t, 2*time.Minute)
			p.at(t, 0)
			if a, b := p.all[0].count(), p.all[1].count(); a != 1 || b > 0 {
				t.Errorf("%s: %d and %d logins", name, a, b)
			}
		})
	}
}

// TestPoolVoidAndHangsUp has the first server say it as its last word, after a long time:
// the rig mines for the other one soon.
func TestPoolVoidAndHangsUp(t *testing.T) {
	runPools(t, 2, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.mineFor(t, time.Minute)
		p.at(t, 0)
		p.all[0].push(`{"id":null,"result":null,"error":{"code":20,"message":"No work: the clock is wrong"}}`)
		p.all[0].hangUp()
		time.Sleep(shortestPause)
		p.at(t, 1)
		p.mineFor(t, p.cfg.Return)
		p.at(t, 0)
	})
}

// TestPoolVoidOfAnOldJob has a share of an old job refused so, while there is another.
func TestPoolVoidOfAnOldJob(t *testing.T) {
	runPools(t, 1, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.at(t, 0)
		old := p.blockOf(false)
		p.all[0].push(p.all[0].jobText("2", 1))
		synctest.Wait()
		p.all[0].set(func(f *fakePool) { f.verdict = &wire.Error{Code: 20, Message: "no work"} })
		_ = p.rig.submit(t.Context(), old)
		p.at(t, 0)
	})
}
