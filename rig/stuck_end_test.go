package rig

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// hanging is a backend that does not return from a batch until release is closed.
type hanging struct {
	computetest.SHA3
	release chan struct{}
	pace    time.Duration // of a batch from then on: a bubble's clock stands still while somebody computes
}

func (hanging) Info() compute.Info { return compute.Info{Name: "hanging", Kernel: "none", Workers: 2} }

func (b hanging) NewHasher(context.Context, [32]byte) (compute.Hasher, error) { return b, nil }

func (b hanging) Hash(_ context.Context, results, headers [][32]byte) error {
	<-b.release
	time.Sleep(b.pace)
	return b.SHA3.Hash(context.Background(), results, headers)
}

// TestAStuckDeviceDoesNotHoldUpTheEnd: a rig whose driver does not return ends all the same.
func TestAStuckDeviceDoesNotHoldUpTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := hanging{release: make(chan struct{})}
		r := New(Config{Source: &answers{}, Devices: devicesOf(b)})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		r.take(ofSeed(0))
		time.Sleep(time.Minute)
		cancel()
		var err error
		select {
		case err = <-ended:
		case <-time.After(r.cfg.Grace + time.Millisecond):
			t.Error("it has not ended in time")
			defer func() { <-ended }()
		}
		close(b.release)
		if err != nil {
			t.Error(err)
		}
	})
}

// TestAStuckDeviceIsToldOf: whoever watches a rig of several cards sees nothing of one that stands still in the sum. The log says so once, and
// when it is over, and the status as JSON says it meanwhile.
func TestAStuckDeviceIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logText
		b := hanging{release: make(chan struct{}), pace: time.Second}
		r := New(Config{Source: &answers{}, Devices: devicesOf(b), Log: slog.New(slog.NewTextHandler(&log, nil))})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		r.take(ofSeed(0))
		status := func() string {
			raw, err := json.Marshal(r.Status())
			if err != nil {
				t.Fatal(err)
			}
			return string(raw)
		}
		time.Sleep(2 * time.Minute)
		if strings.Contains(log.String(), "does not return") || strings.Contains(status(), "trouble") {
			t.Errorf("a call may take that long: %s\n%s", status(), &log)
		}
		time.Sleep(10 * time.Minute)
		if n := strings.Count(log.String(), "a device does not return from its work"); n != 1 || !strings.Contains(status(), `"trouble":"it has not returned from its work for 12m0s`) {
			t.Errorf("told %d times, expected once: %s\n%s", n, status(), &log)
		}
		if !strings.Contains(log.String(), "hanging=stuck") {
			t.Errorf("the status line does not say so:\n%s", &log)
		}
		close(b.release)
		time.Sleep(2 * time.Minute)
		if !strings.Contains(log.String(), "a device has returned to work") || strings.Contains(status(), "trouble") {
			t.Errorf("when it goes on: %s\n%s", status(), &log)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
