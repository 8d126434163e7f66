package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/client"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// fakePool is a Stratum server behind a pipe, of which a test says how it behaves.
type fakePool struct {
	mu    sync.Mutex
	dials []time.Duration // since the start
	// down refuses connections, hang has no reply to the login, refuse refuses it, drop
	// ends each session right after it, empty gives no job.
	down, hang, refuse, drop, empty bool
	sessions                        []net.Conn // those that are open
	methods                         []string   // what was asked for besides login
	header                          byte       // of its jobs
	// mute has no replies to shares, verdict refuses them, noise is sent after each login.
	mute    bool
	verdict *wire.Error
	noise   string
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

func (f *fakePool) job(id string) *wire.Job {
	return &wire.Job{
		Version: 1, Height: 7, Timestamp: 1, Nonce: wire.StartNonce(9), Bits: noneMeets, ID: id,
		PreviousBlockHash: [32]byte{f.header}, Target: wire.TargetFor(1000),
	}
}

// serve is a session.
func (f *fakePool) serve(conn net.Conn) {
	defer conn.Close()
	in, out := wire.NewReader(conn), wire.NewWriter(conn, time.Second)
	for {
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		request, err := wire.ParseRequest(line)
		if err != nil {
			return
		}
		f.mu.Lock()
		reply := wire.Response{ID: request.ID, Result: wire.StatusResult{Status: wire.StatusOK}}
		switch {
		case request.Method != wire.MethodLogin:
			f.methods = append(f.methods, request.Method)
			if reply.Error = f.verdict; reply.Error != nil {
				reply.Result = nil
			}
		case f.refuse:
			reply.Result, reply.Error = nil, &wire.Error{Code: wire.CodeUnauthorized, Message: "Unauthorized worker"}
		case !f.empty:
			reply.Result = map[string]any{"id": "x", "status": wire.StatusOK, "job": f.job("1")}
		}
		end, noise := f.refuse || f.drop, ""
		if request.Method == wire.MethodLogin {
			noise = f.noise
		}
		mute := f.mute && request.Method == wire.MethodSubmit || f.hang && request.Method == wire.MethodLogin
		f.mu.Unlock()
		if !mute && out.Send(reply) != nil || end {
			return
		}
		if noise != "" {
			_, _ = io.WriteString(conn, noise)
		}
	}
}

// pools are several fakePools, and a pool source that has them as its servers.
type pools struct {
	all []*fakePool
	*pool
	rig   *Rig
	log   logText
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
		cfg.dial = func(ctx context.Context, c client.Config) (*client.Client, error) {
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
			return client.New(ctx, near, c)
		}
		p.pool = NewPool(cfg).(*pool)
		p.rig = New(Config{Source: p.pool, Log: cfg.Log, Shares: slog.LevelDebug})
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

// blockOf is a solution of the work that there is.
func (p *pools) blockOf(block bool) solution {
	return solution{work: p.rig.state.Load().work, nonce: 5, block: block, device: newDevice(noBackend{}, 0)}
}

// mineFor has the rig find a share each second where it has work, for a time; in a long
// one less often.
func (p *pools) mineFor(t *testing.T, d time.Duration) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(max(time.Second, d/600)) {
		synctest.Wait()
		if p.rig.state.Load().work != nil {
			s := p.blockOf(false)
			go func() { _ = p.rig.submit(t.Context(), s) }()
		}
	}
}

// push sends a line to all sessions.
func (f *fakePool) push(line string) {
	f.mu.Lock()
	sessions := slices.Clone(f.sessions)
	f.mu.Unlock()
	for _, c := range sessions {
		_ = wire.NewWriter(c, time.Second).SendLine([]byte(line)) // Some are over.
	}
}

// jobText is a push of a job on a tip.
func (f *fakePool) jobText(id string, tip byte) string {
	j := f.job(id)
	j.PreviousBlockHash = [32]byte{1, tip}
	return string(append(j.AppendJSON([]byte(`{"method":"job","params":`)), '}'))
}
