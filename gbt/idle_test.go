package gbt

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/mining"
)

// slowSink is a chain that keeps each block until it is told to go on.
type slowSink struct {
	*chain
	came, resume chan struct{}
}

func (s *slowSink) Process(ctx context.Context, b *types.Block, by mining.Finder) (mining.Outcome, error) {
	select {
	case s.came <- struct{}{}:
	default:
	}
	<-s.resume
	return s.chain.Process(ctx, b, by)
}

// TestSwitchedOffIsAnsweredWhenNothingIsUnderWay switches a miner off while the chain has a
// block of it: there is no answer before the block's.
func TestSwitchedOffIsAnsweredWhenNothingIsUnderWay(t *testing.T) {
	c, r := server(t)
	sink := &slowSink{chain: c, came: make(chan struct{}, 1), resume: make(chan struct{})}
	v := compute.NewVerifier(computetest.SHA3{})
	t.Cleanup(v.Close)
	device := computetest.SHA3{}
	m := mining.NewMiner(mining.MinerConfig{
		Devices: []compute.Backend{device}, Settings: mining.MinerSettings{On: true, Devices: []string{device.Info().Name}},
		Generator: c.generator, Extranonces: mining.NewExtranonces(),
		Submitter: mining.NewSubmitter(mining.SubmitterConfig{Sink: sink, Source: c, Verifier: v}),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the miner ended with %v", err)
		}
	})
	resume := sync.OnceFunc(func() { close(sink.resume) })
	t.Cleanup(resume)
	c.handler.cfg.Miner = m

	<-sink.came
	answered := make(chan string, 1)
	go func() {
		_, body := post(r, "/set-mining", `{"is_mining":false}`)
		answered <- body
	}()
	for m.Mining() { // The call has come.
		time.Sleep(time.Millisecond)
	}
	select {
	case body := <-answered:
		t.Fatalf("answered with a block under way: %s", body)
	case <-time.After(100 * time.Millisecond): // An answer that does not wait comes within microseconds.
	}
	resume()
	if body := <-answered; !strings.Contains(body, `"success"`) {
		t.Errorf("switched off: %s", body)
	}
	c.mu.Lock()
	processed := len(c.processed)
	c.mu.Unlock()
	if err := m.Idle(t.Context()); err != nil || processed == 0 {
		t.Errorf("%d blocks, %v", processed, err)
	}
	time.Sleep(10 * time.Millisecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.processed) != processed {
		t.Errorf("%d blocks came after the answer", len(c.processed)-processed)
	}
}
