package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
	"github.com/bytom-solo/bytom-solo/testnet"
)

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
	jobs   map[string]*wire.Job
	shares map[share]bool
	good   int
}

func newCheckedPool(t *testing.T) *checkedPool {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &checkedPool{t: t, listen: l, jobs: make(map[string]*wire.Job), shares: make(map[share]bool)}
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
func (c *checkedPool) next(prefix uint32) *wire.Job {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.jobs)
	j := &wire.Job{
		Version: 1, Height: uint64(n / 4), Timestamp: uint64(n / 2), Nonce: uint64(prefix) << 32, Bits: noneMeets,
		ID: fmt.Sprint(n), PreviousBlockHash: [32]byte{byte(n / 4)}, Target: wire.TargetFor(1000),
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
	in, out := wire.NewReader(conn), wire.NewWriter(conn, time.Minute)
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
		r, err := wire.ParseRequest(line)
		if err != nil {
			c.t.Error(err)
			return
		}
		if r.Method == wire.MethodLogin {
			send(wire.Response{ID: r.ID, Result: map[string]any{"status": wire.StatusOK, "job": c.next(prefix)}})
			go func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(20 * time.Millisecond):
						send(map[string]any{"method": wire.MethodJob, "params": c.next(prefix)})
					}
				}
			}()
			continue
		}
		answer := wire.Response{ID: r.ID, Result: wire.StatusResult{Status: wire.StatusOK}}
		if err := c.check(r.Params, prefix); err != nil {
			c.t.Errorf("share %s: %v", r.Params, err)
			answer.Result, answer.Error = nil, &wire.Error{Code: wire.CodeOther, Message: err.Error()}
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
	var s wire.SubmitParams
	if err := json.Unmarshal(params, &s); err != nil {
		return err
	}
	nonce, digits, err := wire.ParseNonce(s.Nonce)
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
