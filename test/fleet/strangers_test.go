package fleet_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/fleet/natsengine"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// intruder is who has reached the engine, and hears all that goes over it.
type intruder struct {
	t      *testing.T
	engine fleet.Engine

	mu    sync.Mutex
	heard [][]byte // what fronts sent
}

func newIntruder(t *testing.T, url string, node fleet.PublicKey) *intruder {
	t.Helper()
	engine, err := natsengine.Dial(natsengine.Config{URL: url, Name: "intruder"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	i := &intruder{t: t, engine: engine}
	testnet.Wait(t, time.Minute, func() error {
		if reached, why := engine.State(); !reached {
			return errors.New(why)
		}
		return nil
	})
	cancel, err := engine.Subscribe(fleet.Subject(node)+".from", func(data []byte) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.heard = append(i.heard, slices.Clone(data))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cancel)
	return i
}

// say publishes a message.
func (i *intruder) say(subject string, data []byte) {
	i.t.Helper()
	if err := i.engine.Publish(subject, data); err != nil {
		i.t.Error(err)
	}
}

// again says all that fronts have sent, twice, the latest first.
func (i *intruder) again(subject string) (many int) {
	i.mu.Lock()
	all := slices.Clone(i.heard)
	i.mu.Unlock()
	slices.Reverse(all)
	for _, data := range append(all, all...) {
		i.say(subject, data)
	}
	return len(all)
}

// logged waits until a log has these words.
func logged(t *testing.T, says interface{ Log() string }, words ...string) {
	t.Helper()
	testnet.Wait(t, 30*time.Second, func() error {
		for _, w := range words {
			if !strings.Contains(says.Log(), w) {
				return fmt.Errorf("the log does not say %q", w)
			}
		}
		return nil
	})
}

// TestStrangersOnTheEngineDoNothing has somebody send work and shares in the names of others, and
// all that fronts have sent once more.
func TestStrangersOnTheEngineDoNothing(t *testing.T) {
	t.Parallel()
	_, url := startEngine(t)
	front := testnet.NewFront(t, testnet.FrontOptions{})
	n := startNode(t, testnet.NodeOptions{}, testnet.FleetNode(t, url, front))
	key, err := fleet.OpenKey(filepath.Join(n.Home, "mining", "fleet.key"))
	if err != nil {
		t.Fatal(err)
	}
	i := newIntruder(t, url, key.Public())
	front.Start(url, payee, n.FleetAddress())
	r := newRigs(t)
	r.add(front.Stratum, "farm.rig", 2, 10)
	r.wait(20, time.Minute)

	seal := func(k fleet.Key, network string, kind fleet.Kind, body any) []byte {
		t.Helper()
		sealed, err := k.Seal(network, kind, body)
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	own, subject := fleet.NewKey(), fleet.Subject(key.Public())
	work := &fleet.Work{Boot: 1 << 60, Sequence: 9, At: time.Now().UnixMilli(), Why: "an intruder says so"}
	unsigned, newer := seal(key, "solonet", fleet.KindWork, work), seal(key, "solonet", fleet.KindWork, work)
	unsigned[len(unsigned)-1] ^= 1
	newer[1]++ // The version stands behind the byte that begins the array.
	for _, bad := range [][]byte{unsigned, newer, seal(own, "solonet", fleet.KindWork, work), seal(key, "mainnet", fleet.KindWork, work), []byte("work")} {
		i.say(subject+".work", bad)
		i.say(subject+".beat", bad)
	}
	batch := &fleet.Batch{Epoch: 1, Number: 1, Oldest: 1, Entries: []ledger.Entry{{At: time.Now(), Rig: "evil.rig", Kind: ledger.Accepted, Effective: 1, Network: 20, Work: 1}}}
	i.say(subject+".from", seal(own, "solonet", fleet.KindBatch, batch))
	i.say(subject+".from", seal(own, "solonet", fleet.KindHello, &fleet.Hello{Name: "evil", Epoch: 1, Need: 1}))
	logged(t, front, "message of another version", "message of another network", "message of an unknown sender", "message with a wrong signature", "malformed message")
	logged(t, n, "message of an unknown sender")

	r.wait(10, time.Minute)
	if many := i.again(subject + ".from"); many == 0 {
		t.Error("the intruder has heard nothing to repeat")
	}
	r.wait(10, time.Minute)
	healthy(t, front, "work is handed out")
	r.end()
	testnet.Wait(t, time.Minute, func() error { return errors.Join(kept(front), r.booked(n)) })
	if has, err := harness.Tally(n); err != nil || len(has) != len(r.all) {
		t.Errorf("the ledger has %v, %v, expected %d rigs", has, err, len(r.all))
	}
}

// TestWorkThatPaysAnotherIsNotServed has a front that was told another payee than its node has.
func TestWorkThatPaysAnotherIsNotServed(t *testing.T) {
	t.Parallel()
	_, url := startEngine(t)
	front := testnet.NewFront(t, testnet.FrontOptions{})
	n := startNode(t, testnet.NodeOptions{}, testnet.FleetNode(t, url, front))
	front.Start(url, stranger, n.FleetAddress())
	logged(t, front, "a node's work is not served")
	testnet.Wait(t, 30*time.Second, func() error {
		s, err := front.State(t.Context())
		if err == nil && (s.NotReady == nil || !strings.Contains(*s.NotReady, "whose program is")) {
			err = fmt.Errorf("the work of a node with another payee is served: %+v", s)
		}
		return err
	})
	sick(t, front, "whose program is")
}
