package rig

import (
	"testing"
	"testing/synctest"
)

// TestADeviceThatReturnsAtTheEndIsNoFault has one bring a share as the last that was on its way has its answer.
func TestADeviceThatReturnsAtTheEndIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{asked: make(chan solution), verdict: make(chan Outcome)}
		r := New(Config{Source: a})
		share := solution{work: ofSeed(0), device: newDevice(noBackend{}, 0)}
		stuck, ended := make(chan struct{}), make(chan struct{})
		r.deliver(t.Context(), share)
		<-a.asked
		go func() {
			<-stuck
			r.deliver(t.Context(), share)
		}()
		go func() { defer close(ended); r.drain(func() {}) }()
		synctest.Wait()
		a.verdict <- Accepted
		close(stuck)
		<-a.asked
		a.verdict <- Accepted
		<-ended
		r.drain(func() {})
		if got := share.device.shares.read().Accepted; got != 2 {
			t.Errorf("%d shares are accepted, expected 2", got)
		}
	})
}
