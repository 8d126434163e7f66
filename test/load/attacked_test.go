package load_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
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

// TestAttacks has a node attacked in each way that there is, while it serves honest ones.
// BYTOM_SOLO_LONG=1 has each attack be of 2,000 connections and last for 10 s, and holds the node to how
// long the honest ones wait; beside other tests, that is theirs.
func TestAttacks(t *testing.T) {
	how, last, shares, tips := assault{Connections: 20, Pause: 5 * time.Millisecond}, 100*time.Millisecond, 10*time.Millisecond, "150ms"
	long := os.Getenv("BYTOM_SOLO_LONG") != ""
	if long {
		how, last, shares, tips = assault{Connections: 2000}, 10*time.Second, 100*time.Millisecond, "500ms"
	}
	b := newBed(t, 0, shares, tips)
	b.timed = long
	quiet := b.quiet(3 * last)
	by, before := newAssailants(t), costOf(t, b.node)
	for _, a := range attacks {
		how.Attack = a.name
		b.attack(by, how, last, quiet)
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
func (b *bed) attack(by *assailants, how assault, last time.Duration, quiet served) {
	b.t.Helper()
	before := memoryOf(b.t, b.node, "VmRSS")
	forgetPeak(b.t, b.node)
	how.RPC, how.Rigs, how.Peers = strings.TrimPrefix(b.node.URL, "http://"), b.stratum, fmt.Sprintf("%s:%d", b.node.IP, b.node.Port)
	by.begin(how)
	during := b.serves(last)
	peak := memoryOf(b.t, b.node, "VmHWM")
	ended := time.Now()
	b.t.Logf("%s, %s times: %v; %d MB, at most %d; over in %v", how.Attack, by.end(), during, before, peak, time.Since(ended))
	for what, took := range during.each() {
		most := max(mostTime, mostSlower*quiet.each()[what].quantile(0.99))
		if p99 := took.quantile(0.99); b.timed && p99 > most {
			b.t.Errorf("%s: %s took %v, expected %v at the most", how.Attack, what, took, most)
		}
	}
	if peak > before+mostMemory {
		b.t.Errorf("%s: the node took %d MB, and %d before: expected %d more at the most", how.Attack, peak, before, mostMemory)
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
