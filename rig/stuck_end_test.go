package rig

import (
	"context"
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
}

func (hanging) Info() compute.Info { return compute.Info{Name: "hanging", Kernel: "none", Workers: 2} }

func (b hanging) NewHasher(context.Context, [32]byte) (compute.Hasher, error) { return b, nil }

func (b hanging) Hash(_ context.Context, results, headers [][32]byte) error {
	<-b.release
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
