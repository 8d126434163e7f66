package load_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// What honest ones may lose to an attack: their p99 is at most so many times what it is in quiet,
// and a second in any case, which a busy machine takes from time to time. The node's memory grows
// by so much at the most.
const (
	mostSlower = 20
	mostTime   = time.Second
	mostMemory = 400 // MB
)

// assault says how an attack is made.
type assault struct {
	connections int
	last, pause time.Duration // of the attack, and between two things that one of them does
}

// TestAttacks has a node attacked in each way that there is, while it serves honest ones.
// BYTOM_SOLO_LONG=1 has each attack be of 2,000 connections and last for 10 s.
func TestAttacks(t *testing.T) {
	how, shares, tips := assault{20, 100 * time.Millisecond, 5 * time.Millisecond}, 10*time.Millisecond, "150ms"
	long := os.Getenv("BYTOM_SOLO_LONG") != ""
	if long {
		how, shares, tips = assault{2000, 10 * time.Second, 0}, 50*time.Millisecond, "500ms"
	}
	b := newBed(t, 0, shares, tips)
	quiet := b.quiet(3 * how.last)
	before := costOf(t, b.node)
	for _, a := range attacks {
		b.attack(a, how, quiet)
		if long {
			b.recovers(before)
		}
	}
	b.recovers(before)
}

// quiet is how the honest ones are served without an attack.
func (b *bed) quiet(last time.Duration) served {
	b.t.Helper()
	b.serves(last / 4) // What the start takes.
	quiet := b.serves(last)
	b.t.Logf("in quiet: %v", quiet)
	return quiet
}

// serves is how the honest ones are served for so long, and until each has been served at all.
func (b *bed) serves(last time.Duration) served {
	b.t.Helper()
	time.Sleep(last)
	testnet.Wait(b.t, 20*time.Second, func() error {
		for _, took := range []*times{&b.judged.took, &b.jobs, &b.calls, &b.blocks} {
			if took.count() == 0 {
				return errors.New("one kind of honest ones has got nothing")
			}
		}
		return nil
	})
	return served{b.judged.took.drain(), b.jobs.drain(), b.calls.drain(), b.blocks.drain()}
}

// attack makes one, and holds the node to what it may cost.
func (b *bed) attack(a attack, how assault, quiet served) {
	b.t.Helper()
	before := memoryOf(b.t, b.node, "VmRSS")
	forgetPeak(b.t, b.node)
	ctx, stop := context.WithCancel(b.t.Context())
	over := make(chan int64)
	go func() { over <- a.launch(ctx, b, how.connections, how.pause) }()
	during := b.serves(how.last)
	peak := memoryOf(b.t, b.node, "VmHWM")
	stop()
	b.t.Logf("%s, %d times: %v; %d MB, at most %d", a.name, <-over, during, before, peak)
	for what, took := range during.each() {
		most := max(mostTime, mostSlower*quiet.each()[what].quantile(0.99))
		if p99 := took.quantile(0.99); p99 > most {
			b.t.Errorf("%s: %s took %v, expected %v at the most", a.name, what, took, most)
		}
	}
	if peak > before+mostMemory {
		b.t.Errorf("%s: the node took %d MB, and %d before: expected %d more at the most", a.name, peak, before, mostMemory)
	}
	b.check()
}

// recovers holds the node to take no more than it did, a while after an attack.
func (b *bed) recovers(before cost) {
	b.t.Helper()
	testnet.Wait(b.t, 20*time.Second, func() error {
		if now := costOf(b.t, b.node); now.files > before.files+10 || now.goroutines > before.goroutines+20 {
			return fmt.Errorf("after the attack: %v, before %v", now, before)
		}
		return nil
	})
}
