package rig

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// brittle is a backend with one worker, which takes a second for a batch of one. It counts
// its hashers.
type brittle struct {
	computetest.SHA3
	broken       atomic.Int64 // so many batches fail
	refusing     atomic.Int64 // so many hashers are not made
	closing      atomic.Pointer[error]
	opened, shut atomic.Int64
	at           chan time.Duration // when a batch began, since the start
	start        time.Time
}

func (*brittle) Info() compute.Info {
	return compute.Info{Name: "brittle", Kernel: "none", Workers: 1}
}

func (b *brittle) NewHasher(context.Context, [32]byte) (compute.Hasher, error) {
	if b.refusing.Add(-1) >= 0 {
		return nil, errors.New("out of memory")
	}
	b.opened.Add(1)
	return &brittleHasher{b: b}, nil
}

type brittleHasher struct {
	computetest.SHA3
	b *brittle
}

func (h *brittleHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	h.b.at <- time.Since(h.b.start)
	if h.b.broken.Add(-1) >= 0 {
		return errors.New("device lost")
	}
	sleepOr(ctx, time.Second, nil)
	return errors.Join(ctx.Err(), h.SHA3.Hash(ctx, results, headers))
}

func (h *brittleHasher) Close() error {
	h.b.shut.Add(1)
	if err := h.b.closing.Load(); err != nil {
		return *err
	}
	return nil
}

// runBrittle has a rig mine on a backend in a bubble of fake time. All its hashers are to
// be closed in the end.
func runBrittle(t *testing.T, b *brittle, test func(*Rig, *logText)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b.at, b.start = make(chan time.Duration, 1000), time.Now()
		var log logText
		r := New(Config{Source: &answers{}, Devices: devicesOf(b), Log: slog.New(slog.NewTextHandler(&log, nil))})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		test(r, &log)
		before := log.String()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if after := strings.TrimPrefix(log.String(), before); strings.Count(after, "\n") != 1 || !strings.Contains(after, "msg=stopped") {
			t.Errorf("the log of the end:\n%s", after)
		}
		if opened, shut := b.opened.Load(), b.shut.Load(); opened != shut || opened == 0 {
			t.Errorf("%d hashers were opened, %d closed", opened, shut)
		}
	})
}

// ofSeed is work on a seed that no hash meets.
func ofSeed(seed byte) *work {
	return newWork(types.BlockHeader{Version: 1, Bits: noneMeets}, [32]byte{seed}, newNonces(allNonces, 0))
}

// TestDeviceThatFails now and then: it is tried again after pauses that grow, as long as
// it fails, with a hasher of its own each time.
func TestDeviceThatFails(t *testing.T) {
	b := &brittle{}
	runBrittle(t, b, func(r *Rig, log *logText) {
		for round := range 2 {
			b.broken.Store(3)
			r.take(ofSeed(byte(round)))
			time.Sleep(20*time.Second + time.Millisecond)
			if n := strings.Count(log.String(), `msg="device failed, will retry" device=brittle error="hash a batch of 1: device lost"`); n != 3*(round+1) {
				t.Errorf("logged %d times:\n%s", n, log)
			}
			if round > 0 {
				<-b.at // The batch of before ends first.
			}
			last := <-b.at
			for _, pause := range []time.Duration{1, 2, 4} {
				next := <-b.at
				if gap := next - last; gap < pause*time.Second/2 || gap > pause*time.Second {
					t.Errorf("round %d: a pause of %v, expected %v or up to half less", round, gap, pause*time.Second)
				}
				last = next
			}
			for len(b.at) > 1 {
				if next := <-b.at; next-last != time.Second {
					t.Errorf("round %d: a batch began %v after the last", round, next-last)
				} else {
					last = next
				}
			}
		}
		if hashes := r.Status().Hashes; hashes < 20 {
			t.Errorf("%d hashes", hashes)
		}
	})
}

// TestDeviceWithoutMemory has no hasher for a while.
func TestDeviceWithoutMemory(t *testing.T) {
	b := &brittle{}
	b.refusing.Store(4)
	runBrittle(t, b, func(r *Rig, log *logText) {
		r.take(ofSeed(1))
		time.Sleep(20 * time.Second)
		if n := strings.Count(log.String(), "out of memory"); n < 3 || n > 4 { // The one that prepares the seed fails silently.
			t.Errorf("logged %d times:\n%s", n, log)
		}
		if r.Status().Hashes == 0 {
			t.Error("no hash")
		}
	})
}

// TestHashersAreClosed when the seed changes; what fails of that is logged, and no more.
func TestHashersAreClosed(t *testing.T) {
	b := &brittle{}
	runBrittle(t, b, func(r *Rig, log *logText) {
		for seed := range byte(5) {
			r.take(ofSeed(seed))
			time.Sleep(3 * time.Second)
			if open := b.opened.Load() - b.shut.Load(); open != 1 {
				t.Errorf("seed %d: %d hashers are open", seed, open)
			}
		}
		if text := log.String(); strings.Contains(text, "WARN") {
			t.Errorf("the log:\n%s", text)
		}
		err := errors.New("busy")
		b.closing.Store(&err)
		r.take(ofSeed(9))
		time.Sleep(3 * time.Second)
		b.closing.Store(nil)
		if n := strings.Count(log.String(), `msg="a device did not let go of its work" device=brittle error=busy`); n != 1 {
			t.Errorf("logged %d times:\n%s", n, log)
		}
	})
}

// TestSharesOnTheirWay has as many as there may be: more are not submitted, but for a
// block, and others are as soon as those have been answered.
func TestSharesOnTheirWay(t *testing.T) {
	runHeld(t, func(h held) {
		h.maxInFlight = 3
		w := h.job(1)
		for round := range 3 {
			for range 5 {
				h.find(w, false)
			}
			h.submitted(3)
			h.find(w, true)
			h.submitted(4)
			for range 4 {
				h.verdict <- Rejected
				<-h.asked
			}
			synctest.Wait()
			if s := h.device.shares.read(); s.Rejected != uint64(4*(round+1)) || s.Unanswered != uint64(2*(round+1)) {
				t.Errorf("round %d: %+v", round, s)
			}
		}
	})
}

// TestGrace ends a rig with a share on its way: it counts if the reply comes within four
// seconds, and is given up then.
func TestGrace(t *testing.T) {
	for _, test := range []struct {
		reply, took time.Duration
		want        Shares
	}{
		{4*time.Second - 1, 4*time.Second - 1, Shares{Accepted: 1}},
		{4*time.Second + 1, 4 * time.Second, Shares{Unanswered: 1}},
	} {
		synctest.Test(t, func(t *testing.T) {
			source := &answers{make(chan solution, 1), make(chan Outcome, 1)}
			r := New(Config{Source: source, Devices: devicesOf(batcher{})})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- r.Run(ctx) }()
			w := newWork(types.BlockHeader{Version: 1, Bits: noneMeets}, [32]byte{}, newNonces(space{0, 1}, 0))
			w.share = ^wire.Target(0)
			r.take(w)
			<-source.asked
			start := time.Now()
			cancel()
			defer time.AfterFunc(test.reply, func() { source.verdict <- Accepted }).Stop()
			if err := <-ended; err != nil || time.Since(start) != test.took || r.Status().Shares != test.want {
				t.Errorf("a reply after %v: %v after %v, shares %+v", test.reply, err, time.Since(start), r.Status().Shares)
			}
		})
	}
}

// unusable is a device that nobody will ever hash on.
type unusable struct{ computetest.SHA3 }

func (unusable) NewHasher(context.Context, [32]byte) (compute.Hasher, error) {
	return nil, fmt.Errorf("%w: no variant works", compute.ErrUnusable)
}

// TestADeviceThatCannotBeUsed is stopped without another try; without another, so is the rig.
func TestADeviceThatCannotBeUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := New(Config{Source: &stub{left: 1, bits: noneMeets, share: 1}, Devices: devicesOf(unusable{})})
		if err := r.Run(t.Context()); !errors.Is(err, ErrWrongHashes) {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		if d := r.Status().Devices[0]; !strings.Contains(d.Failed, "no variant works") {
			t.Errorf("%+v", d)
		}
	})
}

// growing is a device whose batch is 1 at first and then 4.
type growing struct {
	computetest.SHA3
	batches chan int
	batch   *int
}

func (growing) Info() compute.Info { return compute.Info{Name: "growing", Kernel: "none", Workers: 1} }

func (g growing) NewHasher(context.Context, [32]byte) (compute.Hasher, error) { return g, nil }

func (g growing) Batch() int { return *g.batch }

func (g growing) Hash(ctx context.Context, results, headers [][32]byte) error {
	*g.batch = 4
	select {
	case g.batches <- len(headers):
	default:
	}
	return g.SHA3.Hash(ctx, results, headers)
}

// TestABatchThatGrows is filled from the next one on.
func TestABatchThatGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		batch := 1
		g := growing{batches: make(chan int, 3), batch: &batch}
		r := New(Config{Source: &stub{left: 1, bits: noneMeets, share: 1}, Devices: devicesOf(g)})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		if got := [3]int{<-g.batches, <-g.batches, <-g.batches}; got != [3]int{1, 4, 4} {
			t.Errorf("batches of %v", got)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
