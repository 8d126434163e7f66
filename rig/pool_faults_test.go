package rig

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// refusals are what servers that take no shares say.
func refusals() map[string]func(*fakePool) {
	all := map[string]func(*fakePool){"no reply": func(f *fakePool) { f.mute = true }}
	for _, e := range []wire.Error{
		{Code: -1, Message: "Unauthenticated"}, {Code: 24, Message: "Unauthorized worker"}, {Code: 20, Message: "Unknown error"},
		{Code: 23, Message: "Low difficulty share"}, {Code: 22, Message: "Duplicate share"}, {Code: 21, Message: "Job not found"},
		{Code: 21, Message: "Block expired"}, // for ever, of the job that it does not replace
		{Code: 0, Message: "Banned for a while"},
	} {
		all[e.Message] = func(f *fakePool) { f.verdict = &e }
	}
	return all
}

// said is how often the log says something.
func (p *pools) said(text string) int { return strings.Count(p.log.String(), text) }

// TestPoolThatTakesNoShares has a first server that takes logins, and refuses each share
// in words of its own: the rig logs in again, and then mines for the other one.
func TestPoolThatTakesNoShares(t *testing.T) {
	for words, refuse := range refusals() {
		t.Run(words, func(t *testing.T) {
			runPools(t, 2, func(f []*fakePool) { refuse(f[0]) }, func(t *testing.T, p *pools) {
				p.mineFor(t, 2*time.Minute)
				p.at(t, 1)
				if n := p.all[0].count(); n != 2 {
					t.Errorf("%d logins at the first server, expected another one", n)
				}
				p.mineFor(t, 2*time.Hour)
				if n := p.all[0].count(); n < 5 || n > 10 {
					t.Errorf("%d logins at the first server in two hours", n)
				}
				if s := p.status(); s.Server != "stratum+tcp://pool1:1" {
					t.Errorf("status %+v", s)
				}
				if warned := p.said("takes no shares, logging in again"); warned != 1 || words != "no reply" && p.said(`reason="`+words) != 1 {
					t.Errorf("%d warnings:\n%s", warned, &p.log)
				}
				p.all[0].set(func(f *fakePool) { f.verdict, f.mute = nil, false })
				p.mineFor(t, longestAway+p.cfg.Return)
				p.at(t, 0)
				if n := p.said("takes shares again"); n != 1 {
					t.Errorf("said %d times that it is well:\n%s", n, &p.log)
				}
			})
		})
	}
}

// TestPoolThatForgetsTheLogin has one that takes shares after another login.
func TestPoolThatForgetsTheLogin(t *testing.T) {
	runPools(t, 2, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		for range 3 {
			p.mineFor(t, time.Minute)
			p.at(t, 0)
			logins := p.all[0].count()
			p.all[0].set(func(f *fakePool) { f.verdict = &wire.Error{Code: -1, Message: "Unauthenticated"} })
			_ = p.rig.submit(t.Context(), p.blockOf(false))
			p.at(t, -1)
			p.all[0].set(func(f *fakePool) { f.verdict = nil })
			p.mineFor(t, shortestPause)
			p.at(t, 0)
			if n := p.all[0].count(); n != logins+1 {
				t.Errorf("%d logins more", n-logins)
			}
		}
		if n := p.all[1].count(); n > 0 {
			t.Errorf("the second server was dialled %d times", n)
		}
	})
}

// TestPoolAloneThatTakesNoShares is said once, and tried less and less often.
func TestPoolAloneThatTakesNoShares(t *testing.T) {
	for words, refuse := range refusals() {
		runPools(t, 1, func(f []*fakePool) { refuse(f[0]) }, func(t *testing.T, p *pools) {
			p.mineFor(t, time.Hour)
			if n := p.all[0].count(); n < 30 || n > 300 {
				t.Errorf("%s: %d logins in an hour", words, n)
			}
			dials := p.all[0].dials
			if n := len(dials); dials[n-1]-dials[n-2] < longestPause/2 {
				t.Errorf("%s: the last logins are %v apart", words, dials[n-1]-dials[n-2])
			}
			if n := p.said("level=WARN"); n != 1 {
				t.Errorf("%s: %d warnings:\n%s", words, n, &p.log)
			}
			p.all[0].set(func(f *fakePool) { f.verdict, f.mute = nil, false })
			p.mineFor(t, longestPause+time.Second)
			p.at(t, 0)
		})
	}
}

// TestPoolStaleSharesAreOrdinary has shares of each old tip refused, and none of the new
// one that is not accepted; and a burst of refusals while the difficulty changes.
func TestPoolStaleSharesAreOrdinary(t *testing.T) {
	runPools(t, 2, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		for tip := range byte(30) {
			p.at(t, 0)
			old := p.blockOf(false)
			p.all[0].push(p.all[0].jobText("2", tip))
			synctest.Wait()
			p.all[0].set(func(f *fakePool) { f.verdict = &wire.Error{Code: 21, Message: "Block expired"} })
			for range 2 * streakLength {
				_ = p.rig.submit(t.Context(), old)
				time.Sleep(time.Second)
			}
		}
		for range streakLength + 1 { // The new tip's job is late.
			p.mineFor(t, time.Second)
		}
		p.all[0].push(p.all[0].jobText("3", 99))
		synctest.Wait()
		for range 2 * streakLength { // Before the job of the new tip comes.
			_ = p.rig.submit(t.Context(), p.blockOf(false))
		}
		p.all[0].set(func(f *fakePool) { f.verdict = &wire.Error{Code: 23, Message: "Low difficulty share"} })
		for range 2 * streakLength {
			_ = p.rig.submit(t.Context(), p.blockOf(false))
		}
		p.all[0].set(func(f *fakePool) { f.verdict = nil })
		time.Sleep(time.Minute)
		_ = p.rig.submit(t.Context(), p.blockOf(false))
		p.at(t, 0)
		if n := p.all[0].count(); n != 1 {
			t.Errorf("%d logins", n)
		}
	})
}

// TestPoolRefusalsBetween has one share in eight taken.
func TestPoolRefusalsBetween(t *testing.T) {
	runPools(t, 2, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		for i := range 20 * streakLength {
			p.all[0].set(func(f *fakePool) {
				if f.verdict = nil; i%streakLength != 0 {
					f.verdict = &wire.Error{Code: 23, Message: "Low difficulty share"}
				}
			})
			p.mineFor(t, time.Second)
		}
		p.at(t, 0)
		if n := p.all[0].count(); n != 1 {
			t.Errorf("%d logins", n)
		}
	})
}

// TestPoolLateRefusals has refusals of a session come when the next is there already.
func TestPoolLateRefusals(t *testing.T) {
	runPools(t, 2, func(f []*fakePool) { f[0].verdict = &wire.Error{Code: 24, Message: "Unauthorized worker"} }, func(t *testing.T, p *pools) {
		p.at(t, 0)
		s := p.blockOf(false)
		for range 10 {
			go func() { _ = p.rig.submit(t.Context(), s) }()
		}
		synctest.Wait()
		p.all[0].set(func(f *fakePool) { f.verdict = nil })
		time.Sleep(shortestPause)
		p.at(t, 0) // again, rather than the other one
		old := s.work.session
		for range 3 * streakLength {
			p.judge(old, s.work, &wire.Error{Code: 20, Message: "Unknown error"})
			time.Sleep(time.Second)
		}
		p.at(t, 0)
		if n := p.all[0].count(); n != 2 {
			t.Errorf("%d logins", n)
		}
	})
}

// TestPoolNonsense has a first server that takes the login and then sends nonsense, or
// jobs that nothing can be made of.
func TestPoolNonsense(t *testing.T) {
	for name, noise := range map[string]string{
		"pages": strings.Repeat("<html>\n", 20), "binary": strings.Repeat("\x00\xff\n", 20), "jobs": strings.Repeat(`{"method":"job","params":{"version":"1"}}`+"\n", 20),
		"an endless line": strings.Repeat("x", 2*wire.MaxLine),
	} {
		runPools(t, 2, func(f []*fakePool) { f[0].empty, f[0].noise = true, noise }, func(t *testing.T, p *pools) {
			time.Sleep(10 * time.Second)
			p.at(t, 1)
			p.mineFor(t, time.Hour)
			p.at(t, 1)
			if n := p.said("level=WARN"); n > 7 {
				t.Errorf("%s: %d warnings in an hour:\n%s", name, n, &p.log)
			}
			odd := 1 // What is odd about a server is logged in its first session.
			if name == "an endless line" {
				odd = 0 // It ends the session.
			}
			if n := p.said("so_far=1\n"); n != odd {
				t.Errorf("%s: logged %d times:\n%s", name, n, &p.log)
			}
		})
	}
}

// TestPoolUsedUp has a first server that gives the same nonces again and again.
func TestPoolUsedUp(t *testing.T) {
	runPools(t, 2, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.at(t, 0)
		p.all[0].push(p.all[0].jobText("1", 0))
		synctest.Wait()
		p.rig.state.Load().work.nonces.take(1 << 32)
		for range int(joblessMost.Seconds()) - 1 {
			p.rig.ask()
			time.Sleep(time.Second)
			p.all[0].push(p.all[0].jobText("1", 0))
			synctest.Wait()
			p.rig.state.Load().work.nonces.take(1 << 32)
		}
		time.Sleep(3 * time.Second)
		p.at(t, 1)
		if n := p.said("are used up"); n != 1 {
			t.Errorf("said %d times:\n%s", n, &p.log)
		}
	})
}

// TestPoolSteadyAgain has the first server in trouble once, and then hold a session, with
// shares or without any: it is as good as before, the first to be tried and left for no
// longer than the first time.
func TestPoolSteadyAgain(t *testing.T) {
	for _, shares := range []bool{false, true} {
		for _, otherDown := range []bool{false, true} {
			runPools(t, 2, func(f []*fakePool) { f[0].drop, f[1].down = true, otherDown }, func(t *testing.T, p *pools) {
				drop := func(on bool) { p.all[0].set(func(f *fakePool) { f.drop = on }) }
				synctest.Wait()
				drop(false)
				if time.Sleep(2 * shortestPause); !otherDown {
					p.at(t, 1)
					time.Sleep(p.cfg.Return)
				}
				p.at(t, 0)
				if shares {
					p.mineFor(t, time.Second)
				}
				time.Sleep(steady)
				p.all[1].set(func(f *fakePool) { f.down = false })
				before := p.all[1].count()
				p.all[0].hangUp()
				drop(true)
				time.Sleep(shortestPause)
				if n := p.all[1].count(); n != before {
					t.Errorf("the other server was dialled first")
				}
				time.Sleep(3 * shortestPause)
				drop(false)
				p.at(t, 1)
				time.Sleep(p.cfg.Return)
				p.at(t, 0)
			})
		}
	}
}

// TestPoolThatRefusesAndHangsUp has a first server whose sessions end before a rig has
// many shares refused.
func TestPoolThatRefusesAndHangsUp(t *testing.T) {
	runPools(t, 2, func(f []*fakePool) { f[0].verdict = &wire.Error{Code: 20, Message: "Unknown error"} }, func(t *testing.T, p *pools) {
		for range 60 {
			p.mineFor(t, 2*time.Second)
			time.Sleep(steady)
			p.all[0].hangUp()
		}
		if n := p.all[0].count(); n > 20 {
			t.Errorf("%d logins at the first server in half an hour", n)
		}
	})
}

// TestPoolOrder has servers of all reputations.
func TestPoolOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(PoolConfig{Servers: make([]Server, 4)}).(*pool)
		now := time.Now()
		p.reputations[0].until, p.reputations[1].until, p.reputations[3].until = now.Add(3), now.Add(1), now
		if got := p.order(4); !slices.Equal(got, []int{2, 3, 1, 0}) {
			t.Errorf("order %v", got)
		}
		if got := p.order(2); !slices.Equal(got, []int{1, 0}) {
			t.Errorf("order %v", got)
		}
		if got := p.trusted(4); !slices.Equal(got, []int{2, 3}) {
			t.Errorf("trusted %v", got)
		}
	})
}
