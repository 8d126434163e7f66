package rig

import (
	"bytes"
	"context"
	"crypto/sha3"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

func sha3Of(header [32]byte) [32]byte { return sha3.Sum256(header[:]) }

func reverse64(v uint64) uint64 { return bits.ReverseBytes64(v) }

func devicesOf(all ...compute.Backend) []compute.Backend { return all }

// noBackend is a backend that has no part in a test.
type noBackend struct{ compute.Backend }

func (noBackend) Info() compute.Info { return compute.Info{Name: "none", Kernel: "none", Workers: 1} }

// stub is a source that gives works of few nonces, one when it is asked for one.
type stub struct {
	left    int // works
	share   wire.Target
	bits    uint64
	verdict func(solution) (Outcome, error)

	mu    sync.Mutex
	found []solution
}

func (s *stub) status() SourceStatus { return SourceStatus{Kind: "stub"} }

func (s *stub) run(ctx context.Context, r *Rig) error {
	for height := uint64(1); ; height++ {
		// A worker may have asked for what it has got meanwhile.
		if now := r.state.Load().work; s.left > 0 && (now == nil || now.nonces.spent()) {
			s.left--
			h := types.BlockHeader{Version: 1, Height: height, Bits: s.bits, PreviousBlockHash: bc.NewHash([32]byte{byte(height)})}
			w := newWork(h, [32]byte{byte(height)}, newNonces(space{7 << 32, 1 << 10}, 1<<10-3))
			w.share = s.share
			r.take(w)
		}
		select {
		case <-r.fetch:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *stub) submit(_ context.Context, found solution) (Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found = append(s.found, found)
	if s.verdict != nil {
		return s.verdict(found)
	}
	return Accepted, nil
}

// TestBlocksCountMore has a share target that is harder than the network's, as at the
// easy difficulties of a private network: what meets either is a find.
func TestBlocksCountMore(t *testing.T) {
	s := &stub{left: 4, bits: someMeet, share: 1}
	r := New(Config{Source: s, Devices: devicesOf(computetest.SHA3{})})
	during(t, r, func() error {
		if r.Status().Hashes < 4<<10 {
			return errors.New("not yet done")
		}
		return nil
	})
	if blocks := r.Status().Blocks; blocks != uint64(len(s.found)) {
		t.Errorf("%d finds, of which %d blocks", len(s.found), blocks)
	}
	for _, f := range s.found {
		h := f.header()
		if result := sha3Of(h.Hash().Byte32()); !f.block || f.result != result || !f.work.network.Met(result) {
			t.Errorf("no block: %+v", f)
		}
	}
}

// liar is a backend that claims to have found what it has not.
type liar struct{ computetest.SHA3 }

func (liar) Info() compute.Info { return compute.Info{Name: "liar", Kernel: "false", Workers: 2} }

func (liar) NewHasher(context.Context, [32]byte) (compute.Hasher, error) { return liar{}, nil }

func (liar) Hash(_ context.Context, results, _ [][32]byte) error {
	clear(results) // Zero meets every target.
	time.Sleep(time.Millisecond)
	return nil
}

// TestWrongDeviceStops has one device that lies beside one that does not, and then
// alone.
func TestWrongDeviceStops(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	honest, s := computetest.SHA3{}, &stub{left: 1000, bits: noneMeets, share: wire.TargetFor(500)}
	r := New(Config{Source: s, Devices: devicesOf(honest, liar{}), Checker: honest, Log: logger})
	during(t, r, func() error {
		if d := r.Status().Devices; d[0].Shares.Accepted < 10 || d[1].Failed == "" {
			return fmt.Errorf("devices %+v", d)
		}
		return nil
	})
	d := r.Status().Devices
	if d[0].Failed != "" || d[1].Shares != (Shares{}) || !strings.Contains(d[1].Failed, "wrong result") {
		t.Errorf("devices %+v", d)
	}
	if n := strings.Count(log.String(), "level=ERROR msg=\"device stopped\" device=liar"); n != 1 {
		t.Errorf("the log tells of the device %d times:\n%s", n, &log)
	}
	r = New(Config{Source: &stub{left: 10, bits: noneMeets, share: 1}, Devices: devicesOf(liar{}), Checker: honest})
	if err := r.Run(t.Context()); !errors.Is(err, ErrWrongHashes) {
		t.Errorf("with no other device the rig ended with %v", err)
	}
	// Trusted, it goes on.
	s = &stub{left: 1000, bits: noneMeets, share: 1, verdict: func(solution) (Outcome, error) { return Low, errors.New("no") }}
	r = New(Config{Source: s, Devices: devicesOf(liar{})})
	during(t, r, func() error {
		if r.Status().Shares.Low < 10 {
			return errors.New("few refusals")
		}
		return nil
	})
}

// TestSharesOnTheirWayAreBounded has a source that answers nothing, and easy shares.
func TestSharesOnTheirWayAreBounded(t *testing.T) {
	never := make(chan struct{})
	s := &stub{left: 1000, bits: noneMeets, share: wire.TargetFor(2)}
	r := New(Config{Source: &stuck{s, never}, Devices: devicesOf(computetest.SHA3{})})
	r.maxInFlight = 10
	during(t, r, func() error {
		if n := r.Status().Shares.Unanswered; n < 100 {
			return fmt.Errorf("%d unanswered", n)
		}
		if n := r.inFlight.Load(); n > 12 { // Each worker may be counting one too many.
			t.Errorf("%d shares on their way", n)
		}
		close(never)
		return nil
	})
}

// stuck is a source that answers when it is told to.
type stuck struct {
	*stub
	answer chan struct{}
}

func (s *stuck) submit(ctx context.Context, found solution) (Outcome, error) {
	<-s.answer
	return s.stub.submit(ctx, found)
}

// TestTipSwitch changes the tip again and again: what is hashed of the old one after
// that is no more than the batches under way.
func TestTipSwitch(t *testing.T) {
	const tips = 20
	b := batcher{}
	r := New(Config{Source: &stub{}, Devices: devicesOf(b)})
	tip, most := byte(0), uint64(tips*b.Info().Workers*b.Batch())
	during(t, r, func() error {
		if hashes, want := r.Status().Hashes, 2*most/tips*uint64(tip); hashes < want {
			return fmt.Errorf("%d hashes on %d tips, expected %d", hashes, tip, want)
		}
		if tip == tips {
			return nil
		}
		tip++
		h := types.BlockHeader{Version: 1, Bits: noneMeets, PreviousBlockHash: bc.NewHash([32]byte{tip})}
		r.take(newWork(h, [32]byte{}, newNonces(allNonces, 0)))
		return errors.New("not yet done")
	})
	s := r.Status()
	if s.Wasted > most || s.Wasted == 0 {
		t.Errorf("%d of %d hashes were wasted on %d old tips, expected up to %d", s.Wasted, s.Hashes, tips, most)
	}
}

// batcher takes 5 ms for a batch.
type batcher struct{ computetest.SHA3 }

func (b batcher) NewHasher(context.Context, [32]byte) (compute.Hasher, error) { return b, nil }

func (batcher) Batch() int { return 64 }

func (b batcher) Hash(ctx context.Context, results, headers [][32]byte) error {
	time.Sleep(5 * time.Millisecond)
	return b.SHA3.Hash(ctx, results, headers)
}

// TestOutcomesAreCounted has each verdict once in a while.
func TestOutcomesAreCounted(t *testing.T) {
	next := Outcome(0)
	s := &stub{left: 1 << 20, bits: noneMeets, share: wire.TargetFor(100)}
	s.verdict = func(solution) (Outcome, error) {
		o := next
		if next = (next + 1) % outcomes; o == Accepted {
			return o, nil
		}
		return o, errors.New("no")
	}
	var log logText
	r := New(Config{Source: s, Devices: devicesOf(computetest.SHA3{}), Log: slog.New(slog.NewTextHandler(&log, nil)), Every: 10 * time.Millisecond})
	during(t, r, func() error {
		if n := r.Status().Shares; n.Unanswered < 10 {
			return fmt.Errorf("shares %+v", n)
		}
		return log.says("share accepted", "outcome=stale", "outcome=unanswered", "msg=status", "stale=", "low=", "hashes_a_share=100")
	})
	n := r.Status().Shares
	for i, count := range []uint64{n.Accepted, n.Stale, n.Duplicate, n.Low, n.Rejected, n.Lost, n.Unanswered} {
		if want := uint64(len(s.found)) / outcomes; count < want || count > want+1 {
			t.Errorf("%d %v of %d finds", count, Outcome(i), len(s.found))
		}
	}
}

func TestStatusIsServed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := New(Config{Source: &stub{left: 1 << 20, bits: noneMeets, share: wire.TargetFor(100)}, Devices: devicesOf(computetest.SHA3{}), API: l, Version: "v1"})
	url := "http://" + l.Addr().String() + "/"
	during(t, r, func() error {
		var s Status
		resp, err := http.Get(url)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
			return err
		}
		if s.Version != "v1" || s.Uptime <= 0 || s.Shares.Accepted == 0 || s.Work == nil || s.Work.Difficulty < 99 || s.Hashrate.Ten <= 0 ||
			len(s.Devices) != 1 || s.Devices[0].Name != "sha3" || s.Devices[0].Shares.Accepted == 0 || s.Source.Kind != "stub" {
			return fmt.Errorf("status %+v", s)
		}
		resp, err = http.Post(url, "", nil)
		if err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("POST: %v, %v", resp, err)
		}
		return nil
	})
	if _, err := http.Get(url); err == nil {
		t.Error("the status is served after the end")
	}
}

// TestSeedsArePrepared counts for which seeds hashers were made.
func TestSeedsArePrepared(t *testing.T) {
	b := &seedWatcher{count: make(map[byte]int)}
	r := New(Config{Source: &stub{left: 3, bits: noneMeets, share: 1}, Devices: devicesOf(b), Threads: 1})
	during(t, r, func() error {
		if r.Status().Hashes < 3<<10 {
			return errors.New("not yet done")
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		// One for the worker, one for whoever prepares it, who may come late for the first.
		if b.count[3] < 2 {
			return fmt.Errorf("hashers by seed: %v", b.count)
		}
		return nil
	})
	if len(b.count) != 3 || b.count[3] != 2 {
		t.Errorf("hashers by seed: %v", b.count)
	}
}

type seedWatcher struct {
	computetest.SHA3
	mu    sync.Mutex
	count map[byte]int // by the first byte of the seed
}

func (b *seedWatcher) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	b.mu.Lock()
	b.count[seed[0]]++
	b.mu.Unlock()
	return b.SHA3.NewHasher(ctx, seed)
}

func TestBenchmark(t *testing.T) {
	if _, err := Benchmark(t.Context(), devicesOf(computetest.SHA3{}), 0, time.Minute, nil); !errors.Is(err, ErrWrongHashes) {
		t.Errorf("another hash: %v", err)
	}
	b, err := cpu.New(cpu.Config{})
	if errors.Is(err, cpu.ErrNoCgo) {
		computetest.Require(t, "cpu", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	results, err := Benchmark(t.Context(), devicesOf(b), 0, 300*time.Millisecond, nil)
	if err != nil || len(results) != 1 || results[0].Hashes == 0 || results[0].HashesPerSecond <= 0 {
		t.Errorf("%+v, %v", results, err)
	}
}

// TestBenchmarkResults holds known results to the reference, and to what a rig of the
// time found.
func TestBenchmarkResults(t *testing.T) {
	if got := benchmarkResults[0x39]; got != 0xd7a473107caec394 {
		t.Errorf("the share of the time: %x", got)
	}
	if !computetest.Long() {
		t.Skip("the reference is slow, and TestBenchmark has a kernel compute them; BYTOM_SOLO_LONG=1 does both")
	}
	var job wire.Job
	if err := json.Unmarshal([]byte(benchmarkJob), &job); err != nil {
		t.Fatal(err)
	}
	m := compute.NewMatrices(job.Seed)
	for _, i := range []uint64{0, 0x39, 0x3f} {
		result := compute.Sum(m, job.HeaderHash(job.Nonce+i))
		if got := fmt.Sprintf("%x", result[:8]); got != fmt.Sprintf("%016x", benchmarkResults[i]) {
			t.Errorf("nonce %d: %s, expected %016x", i, got, benchmarkResults[i])
		}
	}
}
