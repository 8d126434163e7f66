package rig

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestAPausedRigRests hashes nothing from the batch under way on, and goes on with the work
// that came meanwhile. The source is not told: its session goes on.
func TestAPausedRigRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &brittle{at: make(chan time.Duration, 1000), start: time.Now()}
		var log logText
		r := New(Config{Source: &answers{}, Devices: devicesOf(b), Log: slog.New(slog.NewTextHandler(&log, nil)), Every: 10 * time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		give := func(height uint64, seed byte) {
			r.take(newWork(types.BlockHeader{Version: 1, Height: height, Bits: noneMeets, PreviousBlockHash: bc.NewHash([32]byte{byte(height)})}, [32]byte{seed}, newNonces(space{0, 1 << 20}, 0)))
		}
		give(1, 1)
		time.Sleep(5500 * time.Millisecond)
		if n := len(b.at); n != 6 || r.Resume() || r.Status().Paused {
			t.Fatalf("%d batches of a second in 5.5 s", n)
		}
		if !r.Pause() || r.Pause() || !r.Status().Paused {
			t.Error("it is not paused once")
		}
		time.Sleep(time.Second)
		opened := b.opened.Load()
		give(2, 2)
		time.Sleep(time.Minute)
		if n, h := len(b.at), r.Status().Hashes; n != 6 || h != 6 || b.opened.Load() != opened {
			t.Errorf("%d batches, %d hashes in all, %d seeds prepared in the pause", n, h, b.opened.Load()-opened)
		}
		if !strings.Contains(log.String(), "msg=status paused=true") {
			t.Errorf("the status says nothing of the pause:\n%s", log.String())
		}
		if !r.Resume() || r.Resume() || r.Status().Paused {
			t.Error("it does not go on once")
		}
		time.Sleep(5500 * time.Millisecond)
		if s := r.Status(); s.Hashes != 11 || s.Work.Height != 2 {
			t.Errorf("%d hashes after the pause, expected 5, of height %d", s.Hashes-6, s.Work.Height)
		}
		r.Pause()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestBestSolution is the best of all, of a device that found several.
func TestBestSolution(t *testing.T) {
	s := &stub{left: 4, bits: someMeet, share: 1}
	r := New(Config{Source: s, Devices: devicesOf(computetest.SHA3{})})
	during(t, r, func() error {
		if r.Status().Hashes < 4<<10 {
			return errors.New("not yet done")
		}
		return nil
	})
	best := 0.0
	for _, f := range s.found {
		best = max(best, wire.DifficultyOf(f.result))
	}
	if got := r.Status().Devices[0].Best; got != best || best == 0 {
		t.Errorf("best %v of %d, expected %v", got, len(s.found), best)
	}
}
