package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/redact"
	"github.com/bytom-solo/bytom-solo/stratum"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// fakePool is a Stratum server behind a pipe, of which a test says how it behaves.
type fakePool struct {
	mu    sync.Mutex
	dials []time.Duration // since the start
	// down refuses connections, refuse the login, drop ends each session right after
	// it, empty gives no job.
	down, refuse, drop, empty bool
	sessions                  []net.Conn // those that are open
	methods                   []string   // what was asked for besides login
	header                    byte       // of its jobs
}

// set changes how the pool behaves, while it runs.
func (f *fakePool) set(change func(*fakePool)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// count is how often it was dialled.
func (f *fakePool) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.dials)
}

// hangUp ends all sessions.
func (f *fakePool) hangUp() {
	f.set(func(f *fakePool) {
		for _, c := range f.sessions {
			_ = c.Close()
		}
		f.sessions = nil
	})
}

func (f *fakePool) job(id string) *stratum.Job {
	return &stratum.Job{
		Version: 1, Height: 7, Timestamp: 1, Nonce: stratum.StartNonce(9), Bits: noneMeets, ID: id,
		PreviousBlockHash: [32]byte{f.header}, Target: stratum.TargetFor(1000),
	}
}

// serve is a session.
func (f *fakePool) serve(conn net.Conn) {
	defer conn.Close()
	in, out := stratum.NewReader(conn), stratum.NewWriter(conn, time.Second)
	for {
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		request, err := stratum.ParseRequest(line)
		if err != nil {
			return
		}
		f.mu.Lock()
		reply := stratum.Response{ID: request.ID, Result: stratum.StatusResult{Status: stratum.StatusOK}}
		switch {
		case request.Method != stratum.MethodLogin:
			f.methods = append(f.methods, request.Method)
		case f.refuse:
			reply.Result, reply.Error = nil, &stratum.Error{Code: stratum.CodeUnauthorized, Message: "Unauthorized worker"}
		case !f.empty:
			reply.Result = map[string]any{"id": "x", "status": stratum.StatusOK, "job": f.job("1")}
		}
		end := f.refuse || f.drop
		f.mu.Unlock()
		if out.Send(reply) != nil || end {
			return
		}
	}
}

// pools are several fakePools, and a pool source that has them as its servers.
type pools struct {
	all []*fakePool
	*pool
	rig   *Rig
	log   bytes.Buffer
	ended chan error
}

// run has a rig without devices mine for the pools, while a test does what it does in a
// bubble of fake time. Nothing may be left after it.
func runPools(t *testing.T, n int, prepare func([]*fakePool), test func(*testing.T, *pools)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &pools{ended: make(chan error, 1)}
		start, byAddress := time.Now(), make(map[string]*fakePool)
		cfg := PoolConfig{Log: slog.New(slog.NewTextHandler(&p.log, nil))}
		for i := range n {
			f := &fakePool{header: byte(i)}
			s, err := ParseServer(fmt.Sprintf("stratum+tcp://pool%d:1", i), "a.rig", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			byAddress[s.Address] = f
			p.all, cfg.Servers = append(p.all, f), append(cfg.Servers, s)
		}
		prepare(p.all)
		var sessions sync.WaitGroup
		cfg.dial = func(ctx context.Context, c stratum.ClientConfig) (*stratum.Client, error) {
			f := byAddress[c.Address]
			f.mu.Lock()
			f.dials = append(f.dials, time.Since(start))
			if f.down {
				f.mu.Unlock()
				return nil, errors.New("connection refused")
			}
			near, far := net.Pipe()
			f.sessions = append(f.sessions, far)
			f.mu.Unlock()
			sessions.Go(func() { f.serve(far) })
			return stratum.NewClient(ctx, near, c)
		}
		p.pool = NewPool(cfg).(*pool)
		p.rig = New(Config{Source: p.pool, Log: cfg.Log})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { p.ended <- p.pool.run(ctx, p.rig) }()
		test(t, p)
		cancel()
		<-p.ended
		sessions.Wait()
	})
}

// at checks whom the rig mines for; -1 is nobody.
func (p *pools) at(t *testing.T, server int) {
	t.Helper()
	synctest.Wait()
	got := -1
	if w := p.rig.state.Load().work; w != nil {
		got = w.session.server
	}
	if got != server {
		t.Errorf("at %v the rig mines for server %d, expected %d; log:\n%s", time.Now().Format("15:04:05"), got, server, &p.log)
	}
}

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
		for range 50 {
			time.Sleep(10 * time.Second)
			p.at(t, 1) // It looks at the first again and again, and stays.
		}
		if n := p.all[0].count(); n < 3 || n > 5 {
			t.Errorf("%d dials", n)
		}
	})
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
		if n := first.nonces.at(0); n != stratum.StartNonce(9) {
			t.Errorf("the first nonce is %x", n)
		}
		p.all[0].hangUp()
		time.Sleep(shortestPause)
		p.at(t, 0)
		again := p.rig.state.Load().work
		if again == first || again.nonces != first.nonces {
			t.Error("the nonces begin again")
		}
		p.rig.take(poolWork(&stratum.Job{Version: 1, Height: 7, Timestamp: 1, Nonce: stratum.StartNonce(10), Bits: noneMeets}, again.session))
		if p.rig.state.Load().work.nonces == first.nonces {
			t.Error("another prefix has the same nonces")
		}
	})
}

// TestPoolAsksForAJob uses up all nonces.
func TestPoolAsksForAJob(t *testing.T) {
	runPools(t, 1, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.at(t, 0)
		for range 10 {
			p.rig.ask()
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if got := strings.Join(p.all[0].methods, " "); got != "getjob getjob" {
			t.Errorf("the server was asked for %q, expected getjob each 5 s", got)
		}
	})
}

// blockOf is a solution of the work that there is.
func (p *pools) blockOf(block bool) solution {
	return solution{work: p.rig.state.Load().work, nonce: 5, block: block, device: newDevice(nil2{}, 0)}
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
	if _, err := ParseServer("h:1", "", "", nil); err == nil || !strings.Contains(err.Error(), "-u") {
		t.Errorf("without a login: %v", err)
	}
}

// share is a nonce that a checkedPool was brought, for which header.
type share struct {
	header [32]byte
	nonce  uint64
}

// checkedPool is a server that checks every share as far as SHA3 stands for the hash.
type checkedPool struct {
	t      *testing.T
	listen net.Listener
	order  func(uint64) uint64 // what it does to its start nonces
	reply  func(n int) time.Duration

	mu     sync.Mutex
	jobs   map[string]*stratum.Job
	shares map[share]bool
	good   int
}

func newCheckedPool(t *testing.T) *checkedPool {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &checkedPool{t: t, listen: l, jobs: make(map[string]*stratum.Job), shares: make(map[share]bool)}
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() { c.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); sessions.Wait() })
	return c
}

// next is a job for a session: each header is given under two ids.
func (c *checkedPool) next(prefix uint32) *stratum.Job {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.jobs)
	j := &stratum.Job{
		Version: 1, Height: uint64(n / 4), Timestamp: uint64(n / 2), Nonce: uint64(prefix) << 32, Bits: noneMeets,
		ID: fmt.Sprint(n), PreviousBlockHash: [32]byte{byte(n / 4)}, Target: stratum.TargetFor(1000),
	}
	c.jobs[j.ID] = j
	sent := *j
	if c.order != nil {
		sent.Nonce = c.order(j.Nonce)
	}
	return &sent
}

func (c *checkedPool) serve(conn net.Conn) {
	defer conn.Close()
	in, out := stratum.NewReader(conn), stratum.NewWriter(conn, time.Minute)
	const prefix = 0x26f
	var write sync.Mutex
	send := func(v any) {
		write.Lock()
		defer write.Unlock()
		_ = out.Send(v)
	}
	stop := make(chan struct{})
	defer close(stop)
	for {
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		r, err := stratum.ParseRequest(line)
		if err != nil {
			c.t.Error(err)
			return
		}
		if r.Method == stratum.MethodLogin {
			send(stratum.Response{ID: r.ID, Result: map[string]any{"status": stratum.StatusOK, "job": c.next(prefix)}})
			go func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(20 * time.Millisecond):
						send(map[string]any{"method": stratum.MethodJob, "params": c.next(prefix)})
					}
				}
			}()
			continue
		}
		answer := stratum.Response{ID: r.ID, Result: stratum.StatusResult{Status: stratum.StatusOK}}
		if err := c.check(r.Params, prefix); err != nil {
			c.t.Errorf("share %s: %v", r.Params, err)
			answer.Result, answer.Error = nil, &stratum.Error{Code: stratum.CodeOther, Message: err.Error()}
		}
		if c.reply != nil {
			c.mu.Lock()
			wait := c.reply(c.good)
			c.mu.Unlock()
			time.AfterFunc(wait, func() { send(answer) })
			continue
		}
		send(answer)
	}
}

func (c *checkedPool) check(params json.RawMessage, prefix uint32) error {
	var s stratum.SubmitParams
	if err := json.Unmarshal(params, &s); err != nil {
		return err
	}
	nonce, digits, err := stratum.ParseNonce(s.Nonce)
	c.mu.Lock()
	defer c.mu.Unlock()
	j := c.jobs[s.JobID]
	if err != nil || digits != 16 || j == nil || uint32(nonce>>32) != prefix {
		return fmt.Errorf("job %v, nonce %x of %d digits (%w)", j, nonce, digits, err)
	}
	key := share{j.HeaderHash(0), nonce}
	if c.shares[key] {
		return errors.New("duplicate")
	}
	c.shares[key] = true
	if !j.Target.Met(sha3Of(j.HeaderHash(nonce))) {
		return errors.New("it misses the target")
	}
	c.good++
	return nil
}

// TestPoolShares has a rig of several workers mine for a server that checks each share,
// with jobs that change, and come again, all the time; by both orders of start nonces.
func TestPoolShares(t *testing.T) {
	for name, order := range map[string]func(uint64) uint64{"little": nil, "big": reverse64} {
		t.Run(name, func(t *testing.T) {
			c := newCheckedPool(t)
			c.order = order
			b := &recorder{hashed: make(map[[32]byte]int)}
			r := rigOn(t, c, b)
			during(t, r, func() error {
				if s := r.Status(); s.Shares.Accepted < 20 || s.Hashrate.Ten == 0 || s.Work == nil || s.Work.Height < 2 {
					return fmt.Errorf("status %+v", s)
				}
				return nil
			})
			s := r.Status()
			c.mu.Lock()
			defer c.mu.Unlock()
			if hashed, again := b.counts(); again > 0 {
				t.Errorf("%d of %d headers were hashed twice", again, hashed)
			}
			if tips := uint64(len(c.jobs)/4 + 1); s.Wasted > tips*uint64(b.Info().Workers) {
				t.Errorf("%d hashes were wasted on %d old tips", s.Wasted, tips)
			}
			if int(s.Shares.Accepted) != c.good || s.Shares.refused()+s.Shares.Unanswered > 0 {
				t.Errorf("the server counted %d shares, the rig %+v", c.good, s.Shares)
			}
			if s.AcceptedDifficulty < 999*float64(c.good) {
				t.Errorf("credited for %v", s.AcceptedDifficulty)
			}
		})
	}
}

// rigOn is a rig on a server.
func rigOn(t *testing.T, c *checkedPool, b *recorder) *Rig {
	t.Helper()
	s, err := ParseServer(c.listen.Addr().String(), "a.rig", "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	return New(Config{Source: NewPool(PoolConfig{Servers: []Server{s}, Agent: "test", Log: log}), Devices: devicesOf(b), Log: log})
}

// TestPoolStops has shares on their way when the rig is to end: those answered in time
// count.
func TestPoolStops(t *testing.T) {
	for _, test := range []struct {
		reply, grace, least, most time.Duration
	}{
		{300 * time.Millisecond, time.Minute, 0, 30 * time.Second},
		{time.Hour, time.Second, time.Second, 3900 * time.Millisecond}, // The grace, not the one that there is without it.
	} {
		c := newCheckedPool(t)
		c.reply = func(int) time.Duration { return test.reply }
		r := rigOn(t, c, &recorder{hashed: make(map[[32]byte]int)})
		r.cfg.Grace = test.grace
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		count := func() int { c.mu.Lock(); defer c.mu.Unlock(); return c.good }
		for deadline := time.Now().Add(time.Minute); count() < 3 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		start := time.Now()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		took, s := time.Since(start), r.Status().Shares
		if took < test.least || took > test.most {
			t.Errorf("replies after %v: the rig took %v to end", test.reply, took)
		}
		if s.Accepted+s.Unanswered < 3 || test.reply < time.Hour && s.Unanswered > 0 {
			t.Errorf("replies after %v: the rig has %+v", test.reply, s)
		}
		testnet.Wait(t, time.Minute, func() error { // The server reads what it was sent in its own time.
			if got := int(s.Accepted + s.Unanswered); got != count() {
				return fmt.Errorf("replies after %v: the server has %d shares, the rig %+v", test.reply, count(), s)
			}
			return nil
		})
	}
}
