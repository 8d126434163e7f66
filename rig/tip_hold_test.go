package rig

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// answers is a source that answers a solution when a test says so.
type answers struct {
	asked   chan solution
	verdict chan Outcome
}

func (a *answers) run(ctx context.Context, _ *Rig) error { <-ctx.Done(); return nil }

func (a *answers) status() SourceStatus { return SourceStatus{} }

func (a *answers) submit(ctx context.Context, s solution) (Outcome, error) {
	a.asked <- s
	select {
	case o := <-a.verdict:
		if o == Accepted {
			return o, nil
		}
		return o, errors.New("refused")
	case <-ctx.Done():
		return Unanswered, ctx.Err()
	}
}

// held is a rig with a source that answers by hand.
type held struct {
	t   *testing.T
	ctx context.Context
	*Rig
	answers
	device *device
}

func runHeld(t *testing.T, test func(held)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer synctest.Wait()
		defer cancel()
		h := held{t: t, ctx: ctx, answers: answers{make(chan solution, 100), make(chan Outcome)}, device: newDevice(noBackend{}, 0)}
		h.Rig = New(Config{Source: &h.answers, Log: slog.New(slog.DiscardHandler)})
		test(h)
	})
}

// job is work of a tip that comes now.
func (h held) job(tip byte) *work {
	time.Sleep(time.Millisecond)
	w := newWork(types.BlockHeader{Version: 1, Bits: someMeet, PreviousBlockHash: bc.NewHash([32]byte{tip})}, [32]byte{}, newNonces(allNonces, 0))
	w.share, w.asked = wire.TargetFor(2), time.Now()
	h.take(w)
	time.Sleep(time.Millisecond)
	return w
}

func (h held) find(w *work, block bool) {
	h.deliver(h.ctx, solution{work: w, block: block, device: h.device})
	synctest.Wait()
}

// waits checks whether the workers are held off the work that there is.
func (h held) waits(want bool) {
	h.t.Helper()
	synctest.Wait()
	if got := h.holds.of(h.state.Load().work) != nil; got != want {
		h.t.Errorf("at %v the workers wait: %v, expected %v", time.Now().Format("05.000"), got, want)
	}
}

func (h held) submitted(want int) {
	h.t.Helper()
	synctest.Wait()
	if got := len(h.asked); got != want {
		h.t.Errorf("%d solutions were submitted, expected %d", got, want)
	}
}

// TestHoldUntilTheNextJob has a block found, others on its tip and shares with it: they
// are in vain, and the workers wait for the next tip.
func TestHoldUntilTheNextJob(t *testing.T) {
	for _, jobFirst := range []bool{false, true} {
		runHeld(t, func(h held) {
			w := h.job(1)
			h.find(w, false)
			h.verdict <- Accepted
			h.waits(false) // A share is none.
			h.find(w, true)
			h.waits(true)
			h.find(w, true)
			h.find(w, false)
			h.submitted(2)
			if jobFirst {
				h.job(2)
				h.waits(false)
			}
			h.verdict <- Accepted
			if !jobFirst {
				h.waits(true)
				time.Sleep(nextMost / 2)
				h.waits(true)
				h.job(2)
			}
			h.waits(false)
			time.Sleep(verdictMost)
			h.submitted(2) // None of the old tip any more.
			for tip := range byte(2 * missesMost) {
				h.find(h.job(10+tip), true)
				h.waits(true)
				h.verdict <- Accepted
				h.job(11 + tip)
				time.Sleep(nextMost)
			}
		})
	}
}

// TestHoldEndsWithARefusal has the source refuse a block: what was found meanwhile goes
// out, and the workers go on at once.
func TestHoldEndsWithARefusal(t *testing.T) {
	runHeld(t, func(h held) {
		w := h.job(1)
		h.find(w, true)
		h.find(w, false)
		h.find(w, true)
		h.submitted(1)
		h.verdict <- Rejected
		h.waits(false)
		h.submitted(3)
		h.verdict <- Accepted
		h.verdict <- Accepted
		time.Sleep(time.Minute)
	})
}

// TestHoldIsBounded has a source that does not answer, or that sends no other work.
func TestHoldIsBounded(t *testing.T) {
	runHeld(t, func(h held) {
		w := h.job(1)
		h.find(w, true)
		time.Sleep(verdictMost - time.Millisecond)
		h.waits(true)
		time.Sleep(time.Millisecond)
		h.waits(false)
		h.find(w, false) // The shares go on.
		h.submitted(2)
		h.verdict <- Rejected
		h.verdict <- Rejected
	})
	runHeld(t, func(h held) {
		w := h.job(1)
		for i := range missesMost {
			h.find(w, true)
			h.submitted(i + 1)
			h.verdict <- Accepted
			time.Sleep(nextMost - time.Millisecond)
			h.waits(true)
			time.Sleep(time.Millisecond)
			h.waits(false)
		}
		// Each share is a block there, by the bits: it no longer waits, and all go out.
		for i := range 10 {
			h.find(w, true)
			h.find(w, i%2 == 0)
			h.waits(false)
			h.submitted(missesMost + 2*(i+1))
		}
		for range 20 {
			h.verdict <- Accepted
		}
		time.Sleep(nextMost)
		// Until a block is followed by other work.
		h.find(w, true)
		h.verdict <- Accepted
		w = h.job(2)
		time.Sleep(nextMost)
		h.find(w, true)
		h.waits(true)
		h.verdict <- Rejected
	})
}

// TestHoldOfTheSameTip has work of the same tip come: before the verdict it is as old as
// what there was, after it the source's will.
func TestHoldOfTheSameTip(t *testing.T) {
	runHeld(t, func(h held) {
		h.find(h.job(1), true)
		w := h.job(1)
		h.waits(true)
		time.Sleep(time.Millisecond)
		h.verdict <- Accepted
		h.waits(true)
		h.find(w, false)
		h.submitted(1)
		w = h.job(1)
		h.waits(false)
		h.find(w, false)
		h.submitted(2)
		h.verdict <- Accepted
		time.Sleep(verdictMost)
		h.submitted(2)
	})
}

// TestWorkersAreHeld has workers for whom each hash is a block: none of them hashes more
// than the batch in which the first was found, until there is other work.
func TestWorkersAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, source := batcher{}, &answers{make(chan solution, 1000), make(chan Outcome)}
		r := New(Config{Source: source, Devices: devicesOf(b)})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		batches := uint64(0)
		most := uint64(b.Info().Workers * b.Batch())
		for tip := range byte(3) {
			h := types.BlockHeader{Version: 1, Bits: 0x21<<56 | 1<<40, PreviousBlockHash: bc.NewHash([32]byte{tip})}
			w := newWork(h, [32]byte{}, newNonces(allNonces, 0))
			w.asked = time.Now()
			r.take(w)
			time.Sleep(verdictMost / 2)
			batches += most
			if hashes := r.Status().Hashes; hashes > batches || hashes == 0 {
				t.Errorf("tip %d: %d hashes, expected up to %d", tip, hashes, batches)
			}
			source.verdict <- Accepted
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := len(source.asked); n != 3 {
			t.Errorf("%d blocks went out", n)
		}
	})
}

// TestHoldOutlivesASecondVerdict has one block of a tip taken and another refused: the
// workers wait for the work that follows all the same.
func TestHoldOutlivesASecondVerdict(t *testing.T) {
	runHeld(t, func(h held) {
		w := h.job(1)
		first, second := h.holds.begin(w), h.holds.begin(w)
		h.holds.settle(first, true, func() bool { return true })
		h.holds.settle(second, false, nil)
		h.waits(true)
		time.Sleep(nextMost)
		h.waits(false)
	})
}
