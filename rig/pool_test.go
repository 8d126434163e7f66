package rig

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/redact"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

func TestPoolFailsOverAndReturns(t *testing.T) {
	runPools(t, 3, func(f []*fakePool) { f[0].down, f[1].down = true, true }, func(t *testing.T, p *pools) {
		p.at(t, 2)
		p.all[1].set(func(f *fakePool) { f.down = false })
		time.Sleep(3*time.Minute - time.Second)
		p.at(t, 2) // It stays for a while.
		time.Sleep(2 * time.Second)
		p.at(t, 1)
		p.all[0].set(func(f *fakePool) { f.down = false })
		time.Sleep(3 * time.Minute)
		p.at(t, 0)
		time.Sleep(retireAfter)
		if s := p.status(); s.Server != "stratum+tcp://pool0:1" || s.Connections != 3 {
			t.Errorf("status %+v", s)
		}
		p.all[0].set(func(f *fakePool) { f.down = true })
		p.all[0].hangUp()
		p.at(t, -1)
		time.Sleep(time.Second)
		p.at(t, 1)
		for _, line := range []string{"no session, will try again", "connected", "session ended"} {
			if !strings.Contains(p.log.String(), line) {
				t.Errorf("the log does not say %q:\n%s", line, &p.log)
			}
		}
		if n := strings.Count(p.log.String(), "connection refused"); n > 4 {
			t.Errorf("an error that stays the same was logged %d times:\n%s", n, &p.log)
		}
	})
}

// TestPoolBacksOff has nobody to mine for.
func TestPoolBacksOff(t *testing.T) {
	runPools(t, 1, func(f []*fakePool) { f[0].down = true }, func(t *testing.T, p *pools) {
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		dials := p.all[0].dials
		for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
			if gap := dials[i+1] - dials[i]; gap < want*time.Second/2 || gap > want*time.Second {
				t.Errorf("pause %d took %v, expected %v or up to half less", i, gap, want*time.Second)
			}
		}
		p.all[0].set(func(f *fakePool) { f.down = false })
		time.Sleep(longestPause)
		p.at(t, 0)
		// Once a session has held, the next one comes soon.
		time.Sleep(steady)
		p.all[0].hangUp()
		time.Sleep(shortestPause)
		p.at(t, 0)
	})
}

// TestPoolNoStorm has servers that end each session at once, whose rigs are not to
// flood them.
func TestPoolNoStorm(t *testing.T) {
	runPools(t, 1, func(f []*fakePool) { f[0].drop = true }, func(t *testing.T, p *pools) {
		time.Sleep(10 * time.Minute)
		if n := p.all[0].count(); n > 50 || n < 20 {
			t.Errorf("%d dials in ten minutes", n)
		}
	})
	runPools(t, 2, func(f []*fakePool) { f[0].drop = true }, func(t *testing.T, p *pools) {
		time.Sleep(10 * time.Second)
		p.at(t, 1) // rather than the first again
	})
}

// TestPoolWithoutJobs has a first server that takes the login and gives nothing.
func TestPoolWithoutJobs(t *testing.T) {
	runPools(t, 2, func(f []*fakePool) { f[0].empty = true }, func(t *testing.T, p *pools) {
		p.at(t, -1)
		time.Sleep(joblessMost - time.Second)
		p.at(t, -1)
		time.Sleep(2 * time.Second)
		p.at(t, 1)
		for range 120 {
			p.mineFor(t, 10*time.Second)
			p.at(t, 1) // It looks at the first again, less and less often, and stays.
		}
		if n := p.all[0].count(); n < 3 || n > 4 {
			t.Errorf("%d dials", n)
		}
	})
}

// TestPoolHoldsTheLogin has a first server that has no reply to the login: the rig waits
// for half a minute if there is another one, and for longer if there is none.
func TestPoolHoldsTheLogin(t *testing.T) {
	for servers, waits := range map[int]time.Duration{1: time.Minute, 2: heldMost, 3: heldMost} {
		runPools(t, servers, func(f []*fakePool) { f[0].hang = true }, func(t *testing.T, p *pools) {
			time.Sleep(waits - time.Second)
			p.at(t, -1)
			if n := p.said("no session"); n != 0 {
				t.Errorf("%d servers: the login was given up:\n%s", servers, &p.log)
			}
			p.all[0].set(func(f *fakePool) { f.hang = servers > 1 })
			time.Sleep(time.Second)
			synctest.Wait()
			if n := p.said("no session"); n != 1 {
				t.Errorf("%d servers: given up %d times:\n%s", servers, n, &p.log)
			}
			time.Sleep(shortestPause)
			p.at(t, min(servers, 2)-1)
		})
	}
}

func TestPoolRefused(t *testing.T) {
	refuse := func(f *fakePool) { f.refuse = true }
	runPools(t, 2, func(f []*fakePool) { refuse(f[0]); refuse(f[1]) }, func(t *testing.T, p *pools) {
		err := <-p.ended
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "pool0") || !strings.Contains(err.Error(), "pool1") {
			t.Errorf("ended with %v", err)
		}
		p.ended <- nil
	})
	// One that can't be reached may be the one that takes it.
	runPools(t, 2, func(f []*fakePool) { refuse(f[0]); f[1].down = true }, func(t *testing.T, p *pools) {
		time.Sleep(time.Hour)
		p.all[1].set(func(f *fakePool) { f.down = false })
		time.Sleep(longestPause)
		p.at(t, 1)
	})
	// Who took it once will again.
	runPools(t, 1, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.at(t, 0)
		p.all[0].set(refuse)
		p.all[0].hangUp()
		time.Sleep(time.Hour)
		p.all[0].set(func(f *fakePool) { f.refuse = false })
		time.Sleep(longestPause)
		p.at(t, 0)
	})
}

// TestPoolNoncesGoOn has a header come again, on a new session too: its nonces are not
// tried twice. Those of another prefix are.
func TestPoolNoncesGoOn(t *testing.T) {
	runPools(t, 1, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.at(t, 0)
		first := p.rig.state.Load().work
		first.nonces.take(100)
		if n := first.nonces.at(0); n != wire.StartNonce(9) {
			t.Errorf("the first nonce is %x", n)
		}
		p.all[0].hangUp()
		time.Sleep(shortestPause)
		p.at(t, 0)
		again := p.rig.state.Load().work
		if again == first || again.nonces != first.nonces {
			t.Error("the nonces begin again")
		}
		p.rig.take(poolWork(&wire.Job{Version: 1, Height: 7, Timestamp: 1, Nonce: wire.StartNonce(10), Bits: noneMeets}, again.session))
		if p.rig.state.Load().work.nonces == first.nonces {
			t.Error("another prefix has the same nonces")
		}
	})
}

// TestPoolAsksForAJob uses up all nonces.
func TestPoolAsksForAJob(t *testing.T) {
	runPools(t, 1, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.at(t, 0)
		p.rig.ask()
		synctest.Wait() // There is no need.
		p.rig.state.Load().work.nonces.take(1 << 32)
		for range 11 {
			p.rig.ask()
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if got := strings.Join(p.all[0].methods, " "); got != "getjob getjob getjob" {
			t.Errorf("the server was asked for %q, expected getjob each 5 s", got)
		}
	})
}

// TestPoolBringsABlockAgain has the connection break while a share and a block are on
// their way.
func TestPoolBringsABlockAgain(t *testing.T) {
	runPools(t, 1, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		for _, block := range []bool{false, true} {
			p.at(t, 0)
			s := p.blockOf(block)
			p.all[0].hangUp()
			outcome, err := p.submit(t.Context(), s)
			if want := map[bool]Outcome{false: Unanswered, true: Accepted}[block]; outcome != want {
				t.Errorf("block %v: %v, %v, expected %v", block, outcome, err, want)
			}
			time.Sleep(longestPause)
		}
		p.at(t, 0)
		s := p.blockOf(true)
		p.all[0].set(func(f *fakePool) { f.down = true })
		p.all[0].hangUp()
		start := time.Now()
		if outcome, _ := p.submit(t.Context(), s); outcome != Unanswered || time.Since(start) != againMost {
			t.Errorf("the server is gone: %v after %v", outcome, time.Since(start))
		}
	})
}

func TestParseServer(t *testing.T) {
	for _, test := range []struct{ text, address, name, login, password string }{
		{"stratum+tcp://h:1", "h:1", "stratum+tcp://h:1", "u", "p"},
		{"h:1", "h:1", "stratum+tcp://h:1", "u", "p"},
		{"stratum+ssl://h:1/", "h:1", "stratum+ssl://h:1", "u", "p"},
		{"stratum+tls://a.b:c@[::1]:1", "[::1]:1", "stratum+tls://[::1]:1", "a.b", "c"},
	} {
		s, err := ParseServer(test.text, "u", "p", nil)
		if err != nil || s.Address != test.address || s.Name != test.name || s.Login != test.login || s.Password != test.password ||
			(s.TLS != nil) != (strings.Contains(test.text, "ssl") || strings.Contains(test.text, "tls")) {
			t.Errorf("%s: %+v, %v", test.text, s, err)
		}
	}
	for _, text := range []string{"", "h", "http://h:1", "stratum+tcp://h", "stratum+tcp://:1", "stratum+tcp://h:1/x", "stratum+tcp://h:1?x", "stratum+tcp://h:99999999999999999999x", "http://w:secret@h:1", "stratum+tcp://w:secret@h:x"} {
		s, err := ParseServer(text, "u", "", nil)
		if err == nil || !strings.Contains(err.Error(), redact.URL(text)) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	}
	for _, text := range []string{"http://me.you:hush@h:1", "stratum+tcp://me.you:hush@h", "stratum+tcp://me.you:hush@h:1/x", "stratum+tcp://me.you:hu%sh@h:1", "me.you:hush@h", "stratum+tcp://me.you:hu/sh@h:1", "stratum+tcp://me.you:hu@sh@h:x"} {
		if _, err := ParseServer(text, "u", "", nil); err == nil || strings.Contains(err.Error(), "hu") || strings.Contains(err.Error(), "me.you") || !strings.Contains(err.Error(), "@h") {
			t.Errorf("%q: %v", text, err)
		}
	}
	secure := &tls.Config{ServerName: "other"}
	for address, want := range map[string]*tls.Config{"stratum+ssl://h:1": secure, "h:1": nil} {
		if s, err := ParseServer(address, "u", "", secure); err != nil || s.TLS != want {
			t.Errorf("%s: over TLS with %v, %v", address, s.TLS, err)
		}
	}
	if _, err := ParseServer("h:1", "", "", nil); err == nil || !strings.Contains(err.Error(), "-u") {
		t.Errorf("without a login: %v", err)
	}
}
