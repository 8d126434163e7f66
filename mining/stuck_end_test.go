package mining

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
)

// endOf runs a miner on a device, calls before after five seconds, and then ends it. It returns how long that takes, a
// minute at the most, and calls after.
func endOf(t *testing.T, c *fakeChain, sink Sink, b compute.Backend, before func(*Miner), after func()) time.Duration {
	t.Helper()
	g := newTestGenerator(c)
	c.onBlock = g.TipChanged
	runGenerator(t, g)
	v := compute.NewVerifier(&fakeBackend{name: "verifier", workers: 1, batch: 1})
	t.Cleanup(v.Close)
	m := NewMiner(MinerConfig{
		Devices: []compute.Backend{b}, Settings: MinerSettings{On: true, Devices: []string{b.Info().Name}}, Generator: g,
		Extranonces: NewExtranonces(), Submitter: NewSubmitter(SubmitterConfig{Sink: sink, Source: c, Verifier: v}),
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { _ = m.Run(ctx); close(ended) }()
	time.Sleep(5 * time.Second)
	before(m)
	cancel()
	start := time.Now()
	select {
	case <-ended:
	case <-time.After(time.Minute):
	}
	took := time.Since(start)
	after()
	<-ended
	return took
}

// TestAStuckDeviceDoesNotHoldUpTheEnd: a node whose driver does not return must end all the same, within the time
// that a stop takes, whether or not the settings were changed since the device is stuck.
func TestAStuckDeviceDoesNotHoldUpTheEnd(t *testing.T) {
	for name, before := range map[string]func(*Miner){
		"at its work": func(*Miner) {},
		"just switched off": func(m *Miner) {
			m.SetMining(false)
			time.Sleep(time.Second)
		},
		"switched off": func(m *Miner) {
			m.SetMining(false)
			time.Sleep(time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				stuck := &fakeBackend{name: "stuck", workers: 2, batch: 1, fail: func([][32]byte) error { <-release; return nil }}
				c := newFakeChain()
				c.tip.Bits = 1 // Nothing is ever found.
				if took := endOf(t, c, c, stuck, before, func() { close(release) }); took > 4*time.Second {
					t.Errorf("the end took %v", took)
				}
			})
		})
	}
}

// slowSink is a chain that takes its time.
type slowSink struct {
	*fakeChain
	answered bool
}

func (s *slowSink) Process(context.Context, *types.Block, Finder) (Outcome, error) {
	time.Sleep(20 * time.Second)
	s.answered = true
	return SideChain, nil
}

// TestTheEndWaitsForASolution: one that is on its way to the chain is not left.
func TestTheEndWaitsForASolution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		sink := &slowSink{fakeChain: c}
		b := &fakeBackend{name: "a", workers: 1, batch: 1, delay: time.Millisecond}
		if took := endOf(t, c, sink, b, func(*Miner) {}, func() {}); took < 10*time.Second || !sink.answered {
			t.Errorf("it ended after %v, answered %v", took, sink.answered)
		}
	})
}
