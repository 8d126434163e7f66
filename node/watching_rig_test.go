package node

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/stratum"
	"github.com/bytom-solo/bytom-solo/stratum/client"
	"github.com/bytom-solo/bytom-solo/watch"
)

// rigsStation is a station with a port for rigs and a ledger of theirs, and nothing else.
func rigsStation(t *testing.T) *station {
	t.Helper()
	f := chaintest.NewQuick(t)
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	generator := mining.NewGenerator(mining.GeneratorConfig{
		Source: f.Chain, Payee: func() (mining.Payee, []byte, error) { return chaintest.Payee, nil, nil },
	})
	n := &station{ledger: ledger.InMemory(), rigPort: port}
	n.rigs = stratum.NewServer(stratum.Config{
		Listener: port, Templates: generator, Extranonces: mining.NewExtranonces(), Hash: f.Verifier.Hash, Workers: 1, StartDifficulty: 8,
		Submitter: mining.NewSubmitter(mining.SubmitterConfig{Sink: f.Chain, Source: f.Chain, Verifier: f.Verifier}), Book: stratum.InLedger(n.ledger),
	})
	n.rigStates = newRigStates(nil, func(Notification) {}, time.Now())
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = generator.Run(ctx) })
	running.Go(func() { _ = n.rigs.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	return n
}

// connectRig logs a rig in, and waits until it has work.
func connectRig(t *testing.T, n *station, login, agent string) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), client.Config{Address: n.rigPort.Addr().String(), Login: login, Agent: agent})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	<-c.Jobs()
	n.rigStates.look(time.Now(), true, sightsOf(n.rigs.Rigs(), n.ledger.Tallies(), nil, time.Now()))
	return c
}

// TestAWatcherIsNotOnline: the page says that a node mines which has rigs online, and another node's --watch
// is none. The fault nothing-mines, and the metric of rigs' states, say so already.
func TestAWatcherIsNotOnline(t *testing.T) {
	n := rigsStation(t)
	connectRig(t, n, "a.watch", watch.Agent)
	var s Stats
	if s.addRigs(n); s.Rigs.Online != 0 || n.rigStates.hashing() != 0 {
		t.Errorf("with a watcher alone %d rigs are online, and %d mine", s.Rigs.Online, n.rigStates.hashing())
	}
	connectRig(t, n, "a.rig", "x/1")
	s = Stats{}
	if s.addRigs(n); s.Rigs.Online != 1 || n.rigStates.hashing() != 1 {
		t.Errorf("with a rig %d are online, and %d mine", s.Rigs.Online, n.rigStates.hashing())
	}
}

// TestARigThatIsAwayHasNoDifficulty: docs/monitoring.md says that the metric is 0 then.
func TestARigThatIsAwayHasNoDifficulty(t *testing.T) {
	n := rigsStation(t)
	c := connectRig(t, n, "a.rig", "x/1")
	difficulty := func() float64 {
		all := prometheus.NewRegistry()
		all.MustRegister(newRigMetrics(n.rigs, n.ledger))
		families, err := all.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "bytom_solo_rig_difficulty_hashes" {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		t.Fatal("no such metric")
		return 0
	}
	if d := difficulty(); d < 1 {
		t.Errorf("connected, its difficulty is %v", d)
	}
	_ = c.Close()
	for n.rigs.Stats().Rigs > 0 {
		time.Sleep(time.Millisecond)
	}
	if d := difficulty(); d != 0 {
		t.Errorf("away, its difficulty is %v", d)
	}
}

// TestAWatcherHidesNoRig: another node's --watch logs in by the login of a rig, as its owner has it. The rig that mines is
// one all the same, and is missed when it goes, whoever watches.
func TestAWatcherHidesNoRig(t *testing.T) {
	n := rigsStation(t)
	rig := connectRig(t, n, "a.rig", "x/1")
	connectRig(t, n, "a.rig", watch.Agent)
	if online, hashing := n.onlineRigs(), n.rigStates.hashing(); online != 1 || hashing != 1 {
		t.Errorf("with a watcher of its name %d rigs are online, and %d mine", online, hashing)
	}
	_ = rig.Close()
	for n.rigs.Rigs()[0].Sessions > 1 {
		time.Sleep(time.Millisecond)
	}
	n.rigStates.look(time.Now(), true, sightsOf(n.rigs.Rigs(), []ledger.RigTally{{Rig: "a.rig", Tally: ledger.Tally{Accepted: 1}}}, nil, time.Now()))
	if state, _ := n.rigStates.of("a.rig"); state != RigAway || n.onlineRigs() != 0 {
		t.Errorf("it has gone, and is %s, with %d online", state, n.onlineRigs())
	}
}

// TestAWatcherThatHasGoneIsNoRigAway: the metric of rigs' states is of rigs.
func TestAWatcherThatHasGoneIsNoRigAway(t *testing.T) {
	n := rigsStation(t)
	c := connectRig(t, n, "a.watch", watch.Agent)
	_ = c.Close()
	for n.rigs.Stats().Rigs > 0 {
		time.Sleep(time.Millisecond)
	}
	n.rigStates.look(time.Now(), true, sightsOf(n.rigs.Rigs(), n.ledger.Tallies(), nil, time.Now()))
	if away := n.rigStates.counts()[RigAway]; away != 0 {
		t.Errorf("%d rigs are away", away)
	}
}
