package rig

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// bring submits a block; its outcome comes later.
func (p *pools) bring(t *testing.T, block solution) <-chan Outcome {
	got := make(chan Outcome, 1)
	go func() { o, _ := p.submit(t.Context(), block); got <- o }()
	return got
}

// tooMany is what bytom-solo's own server says while a session's queue is full.
var tooMany = &wire.Error{Code: wire.CodeOther, Message: "Too many shares: wait for the difficulty to rise"}

// TestABlockOnADeadConnection: the server's host is cut off without a word after it has answered a share; half a
// minute later the connection is given up, and the server is back.
func TestABlockOnADeadConnection(t *testing.T) {
	runPools(t, 1, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.at(t, 0)
		if o, err := p.submit(t.Context(), p.blockOf(false)); o != Accepted {
			t.Fatal(o, err)
		}
		s := p.blockOf(true)
		p.all[0].set(func(f *fakePool) { f.mute = true }) // All that the old connection carries is lost.
		got := p.bring(t, s)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		p.all[0].set(func(f *fakePool) { f.mute, f.methods = false, nil })
		if o := <-got; o != Accepted || len(p.all[0].methods) == 0 {
			t.Errorf("the block: %v, brought again: %v, dialled %d times; log:\n%s", o, p.all[0].methods, p.all[0].count(), &p.log)
		}
	})
}

// TestABlockWhileAnotherServerHelpsOut: the server is back after ten seconds, while the rig is with the second one.
func TestABlockWhileAnotherServerHelpsOut(t *testing.T) {
	runPools(t, 2, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.at(t, 0)
		s := p.blockOf(true)
		p.all[0].set(func(f *fakePool) { f.down = true })
		p.all[0].hangUp()
		got := p.bring(t, s)
		time.Sleep(10 * time.Second)
		p.at(t, 1)
		p.all[0].set(func(f *fakePool) { f.down = false })
		if o := <-got; o != Accepted {
			t.Errorf("the block: %v, though its server is back; it was dialled %v; log:\n%s", o, p.all[0].dials, &p.log)
		}
	})
}

// TestABlockWhoseConnectionBreaksTwice: before it has an answer.
func TestABlockWhoseConnectionBreaksTwice(t *testing.T) {
	runPools(t, 1, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.at(t, 0)
		s := p.blockOf(true)
		p.all[0].set(func(f *fakePool) { f.mute = true })
		got := p.bring(t, s)
		time.Sleep(time.Second)
		for range 2 {
			p.all[0].hangUp()
			time.Sleep(5 * time.Second)
		}
		p.all[0].set(func(f *fakePool) { f.mute = false; f.methods = nil })
		time.Sleep(5 * time.Second)
		p.all[0].hangUp()
		if o := <-got; o != Accepted {
			t.Errorf("the block: %v; log:\n%s", o, &p.log)
		}
	})
}

// TestABlockWithTheServersQueueFull: bytom-solo's own server says so, and would take it a moment later.
func TestABlockWithTheServersQueueFull(t *testing.T) {
	runPools(t, 1, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.at(t, 0)
		p.all[0].set(func(f *fakePool) { f.verdict = tooMany })
		got := p.bring(t, p.blockOf(true))
		time.Sleep(3 * time.Second)
		p.all[0].set(func(f *fakePool) { f.verdict = nil })
		if o := <-got; o != Accepted {
			t.Errorf("the block: %v", o)
		}
	})
}

// TestABlockWithTheServersQueueFullAfterALostConnection: the connection breaks under a block; the server is back, and its queue is
// full for five seconds, as all rigs are.
func TestABlockWithTheServersQueueFullAfterALostConnection(t *testing.T) {
	runPools(t, 1, func([]*fakePool) {}, func(t *testing.T, p *pools) {
		p.at(t, 0)
		s := p.blockOf(true)
		p.all[0].set(func(f *fakePool) { f.mute = true })
		got := p.bring(t, s)
		time.Sleep(time.Second)
		p.all[0].set(func(f *fakePool) { f.mute, f.verdict = false, tooMany })
		p.all[0].hangUp()
		time.Sleep(5 * time.Second)
		p.all[0].set(func(f *fakePool) { f.verdict = nil })
		if o := <-got; o != Accepted {
			t.Errorf("the block: %v; log:\n%s", o, &p.log)
		}
	})
}
