package node

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/stratum"
	"github.com/bytom-solo/bytom-solo/watch"
)

// rigLab has a rig of 12 shares a minute on a clock of its own, and one that is always well.
type rigLab struct {
	t      *testing.T
	r      *rand.Rand
	now    time.Time
	states *rigStates
	rig    rigSight
	well   rigSight
	part   float64 // of its rate
	work   bool    // there is some
	events []string
}

func newRigLab(t *testing.T) *rigLab {
	l := &rigLab{t: t, r: rand.New(rand.NewPCG(17, 7)), now: time.Unix(1_800_000_000, 0), part: 1, work: true}
	l.rig, l.well = rigSight{name: "shed.1", difficulty: 1000}, rigSight{name: "shed.2", difficulty: 1000, sessions: 1}
	l.start(nil)
	return l
}

func (l *rigLab) start(known []ledger.RigTotals) {
	l.states = newRigStates(known, func(n Notification) {
		if n.Rig == nil || n.Detail == "" {
			l.t.Errorf("%+v", n)
		}
		l.events = append(l.events, n.Event+" "+n.Rig.Rig)
	}, l.now)
}

// run goes on for a time.
func (l *rigLab) run(d time.Duration) {
	for range d / time.Second {
		l.now = l.now.Add(time.Second)
		l.mine(&l.rig, l.part) // Always in this order, so that each gets the same luck in each run.
		l.mine(&l.well, 1)
		l.states.look(l.now, l.work, []rigSight{l.rig, l.well})
	}
}

// mine has a rig, if it is here, do a second's work at a part of its rate.
func (l *rigLab) mine(rig *rigSight, part float64) {
	if rig.sessions > 0 && l.work {
		n := poisson(l.r, part*12/60)
		rig.accepted += n
		rig.work += float64(n) * rig.difficulty
	}
}

// until goes on until the rig has a state, and returns how long that took.
func (l *rigLab) until(state RigState, most time.Duration) time.Duration {
	l.t.Helper()
	for d := time.Duration(0); d <= most; d += time.Second {
		if now, since := l.states.of(l.rig.name); now == state {
			if l.now.Sub(since) > time.Second {
				l.t.Errorf("%s since %v ago", state, l.now.Sub(since))
			}
			return d
		}
		l.run(time.Second)
	}
	now, _ := l.states.of(l.rig.name)
	l.t.Fatalf("after %v the rig is %s, expected %s", most, now, state)
	return 0
}

// expect compares the events since the last call.
func (l *rigLab) expect(what string, events ...string) {
	l.t.Helper()
	if !slices.Equal(l.events, events) {
		l.t.Errorf("%s: %q were sent, expected %q", what, l.events, events)
	}
	l.events = nil
}

func (l *rigLab) connect() { l.rig.sessions = 1 }

func (l *rigLab) disconnect() { l.rig.sessions = 0; l.rig.lapses++ }

// TestRigsStatesAndAlerts takes a rig through all states: each is there in time, and raises
// one alert, and one when it is over.
func TestRigsStatesAndAlerts(t *testing.T) {
	l := newRigLab(t)
	l.connect()
	l.until(RigNew, time.Second)
	l.until(RigHashing, time.Minute)
	l.run(2 * time.Hour)
	l.expect("well")

	l.disconnect()
	l.until(RigAway, time.Second)
	l.run(time.Hour)
	l.expect("killed", "rig.away shed.1")
	l.connect()
	l.until(RigHashing, time.Minute)
	l.run(time.Hour)
	l.expect("back", "rig.back shed.1")

	l.part = 0
	if took := l.until(RigSilent, 150*time.Second); took < silentAfter-30*time.Second {
		t.Errorf("silent after %v", took)
	}
	l.run(time.Hour)
	l.expect("mute", "rig.silent shed.1")
	l.part = 1
	l.until(RigHashing, time.Minute)
	l.run(time.Hour)
	l.expect("back", "rig.back shed.1")

	l.part = 0.5
	took := l.until(RigDegraded, 25*time.Minute) // 300 shares
	t.Logf("slowed to half, the rig is degraded after %v", took)
	l.run(3 * time.Hour)
	l.expect("slow", "rig.degraded shed.1")
	l.part = 1
	l.until(RigHashing, 10*time.Minute)
	l.run(time.Hour)
	l.expect("back", "rig.back shed.1")
}

// TestShortAbsencesRaiseNoAlert has a rig reconnect now and then.
func TestShortAbsencesRaiseNoAlert(t *testing.T) {
	l := newRigLab(t)
	for range 20 {
		l.connect()
		l.run(10 * time.Minute)
		l.disconnect()
		l.run(45 * time.Second)
	}
	l.expect("away for 45 s at a time")
}

// TestFlappingRigRaisesOneAlert has a rig come and go 20 times in ten minutes, for several
// hours in all: one alert, and one when it is over.
func TestFlappingRigRaisesOneAlert(t *testing.T) {
	for _, away := range []time.Duration{time.Second, 15 * time.Second, 29 * time.Second} {
		l := newRigLab(t)
		l.connect()
		l.run(time.Hour)
		for range 20 * 12 {
			l.disconnect()
			l.run(away)
			l.connect()
			l.run(30*time.Second - away)
		}
		l.expect(fmt.Sprint("away for ", away), "rig.flapping shed.1")
		l.run(time.Hour)
		l.expect("steady", "rig.back shed.1")
		for range 20 {
			l.disconnect()
			l.run(30 * time.Second)
			l.connect()
			l.run(time.Second)
		}
		l.disconnect()
		l.run(time.Hour)
		l.expect("flapping, then away", "rig.flapping shed.1", "rig.away shed.1")
	}
}

// TestReconnectionWithinASecondIsSeen has the server count what happens between two looks.
func TestReconnectionWithinASecondIsSeen(t *testing.T) {
	l := newRigLab(t)
	l.connect()
	l.run(time.Hour)
	for range 20 {
		l.rig.lapses++
		l.run(30 * time.Second)
	}
	l.expect("never seen away", "rig.flapping shed.1")
}

// TestNoWorkIsNoFaultOfRigs takes the work away, and with it the rigs: nobody misses them
// until they have had the time to come back.
func TestNoWorkIsNoFaultOfRigs(t *testing.T) {
	l := newRigLab(t)
	l.connect()
	l.run(time.Hour)
	l.work = false
	l.run(5 * time.Minute)
	if state, _ := l.states.of("shed.1"); state != RigHashing {
		t.Errorf("connected without work, the rig is %s", state)
	}
	l.disconnect()
	l.run(time.Hour)
	l.work = true
	l.run(100 * time.Second)
	l.expect("without work")
	l.run(time.Minute)
	l.expect("it does not come back", "rig.away shed.1")
}

// TestRigsAfterARestart starts with what the ledger knows.
func TestRigsAfterARestart(t *testing.T) {
	l := newRigLab(t)
	seen := func(name string, ago time.Duration, accepted uint64) ledger.RigTotals {
		return ledger.RigTotals{
			Rig: name, Seen: l.now.Add(-ago), Tally: ledger.Tally{Accepted: accepted, Work: 1000 * float64(accepted)},
			Hashrate: ledger.Rates{Day: 200},
		}
	}
	l.rig.accepted, l.rig.work = 5000, 5e6
	l.well.sessions = 0
	l.start([]ledger.RigTotals{seen("shed.1", time.Hour, 5000), seen("shed.2", 3*time.Hour, 5000), seen("shed.3", time.Hour, 0)})
	if state, since := l.states.of("shed.1"); state != RigAway || !since.Equal(l.now.Add(-time.Hour)) {
		t.Errorf("the rig is %s since %v, expected away for an hour", state, since)
	}
	l.run(rigGrace - time.Second)
	l.expect("within two minutes")
	l.run(time.Minute)
	l.expect("later: the one that was here at the end", "rig.away shed.1")
	l.connect()
	l.until(RigHashing, time.Minute)
	l.run(time.Hour)
	l.expect("it comes", "rig.back shed.1")
	if r := l.states.rigs["shed.1"].pace; r.rate() < 150 || r.rate() > 250 {
		t.Errorf("its mean is %v, expected about 200", r.rate())
	}
}

// TestNewRigThatSendsNothing is silent after ten minutes, and one that nobody has ever seen
// hash is not missed.
func TestNewRigThatSendsNothing(t *testing.T) {
	l := newRigLab(t)
	l.connect()
	l.part = 0
	l.until(RigNew, time.Second)
	if took := l.until(RigSilent, 11*time.Minute); took < 9*time.Minute {
		t.Errorf("silent after %v", took)
	}
	l.run(time.Minute)
	l.expect("silent", "rig.silent shed.1")
	l = newRigLab(t)
	l.connect()
	l.part = 0
	l.run(time.Minute)
	l.disconnect()
	l.run(time.Hour)
	l.expect("never seen to hash")
}

// TestTroubledRigsAreListed has the fault name them.
func TestTroubledRigsAreListed(t *testing.T) {
	l := newRigLab(t)
	l.connect()
	l.run(time.Hour)
	if list := l.states.troubled(); len(list) > 0 || l.states.hashing() != 2 {
		t.Errorf("troubled %v, %d hashing", list, l.states.hashing())
	}
	l.disconnect()
	l.run(5 * time.Minute)
	if list := strings.Join(l.states.troubled(), ", "); list != "shed.1 is away" || l.states.hashing() != 1 {
		t.Errorf("troubled %v, %d hashing", list, l.states.hashing())
	}
	l.states.look(l.now, true, []rigSight{l.well})
	if _, since := l.states.of("shed.1"); !since.IsZero() || len(l.states.rigs) != 1 {
		t.Error("a rig that the ledger has forgotten is remembered")
	}
}

// TestWatcherIsNoRig has another node's --watch be connected for an hour: it sends no shares,
// which is no trouble, and is nobody who mines.
func TestWatcherIsNoRig(t *testing.T) {
	s := stratum.RigStatus{Name: "a.watch", Sessions: 1, Difficulty: 1000, Agents: []string{watch.Agent}}
	now := time.Now()
	states := newRigStates(nil, func(n Notification) { t.Errorf("%+v", n) }, now)
	for range 3600 {
		now = now.Add(time.Second)
		states.look(now, true, sightsOf([]stratum.RigStatus{s}, []ledger.RigTally{{Rig: s.Name}}, nil, now))
	}
	if state, _ := states.of(s.Name); state != RigNew || states.hashing() != 0 || len(states.troubled()) != 0 {
		t.Errorf("it is %s, %d mine, trouble %v", state, states.hashing(), states.troubled())
	}
}

// TestRigsOfAFrontAreNotAway: they have no connection here. While the front brings shares they hash;
// after that they are away, and the alert is the front's to send.
func TestRigsOfAFrontAreNotAway(t *testing.T) {
	l := ledger.Open(ledger.Config{Path: filepath.Join(t.TempDir(), "rigs.db"), Log: slog.New(slog.DiscardHandler)})
	defer l.Close()
	elsewhere := newFrontRigs(l)
	now := time.Now()
	states := newRigStates(nil, func(n Notification) { t.Errorf("%+v", n) }, now)
	for number := range uint64(3) {
		entry := ledger.Entry{At: now.Add(-time.Hour), Rig: "hall.1", Kind: ledger.Accepted, Effective: 1000, Network: 1e6, Work: 1000}
		if booked, err := elsewhere.Book(ledger.BatchID{Front: "hall", Epoch: 1, Number: number + 1, Oldest: 1}, []ledger.Entry{entry}); !booked || err != nil {
			t.Fatal(booked, err)
		}
		states.look(now, true, sightsOf(nil, l.Tallies(), elsewhere, now))
		if state, _ := states.of("hall.1"); state != RigHashing || states.hashing() != 1 {
			t.Errorf("batch %d: it is %s, %d hash", number, state, states.hashing())
		}
	}
	for range 20 * 60 {
		now = now.Add(time.Second)
		states.look(now, true, sightsOf(nil, l.Tallies(), elsewhere, now))
	}
	if state, _ := states.of("hall.1"); state != RigAway || len(states.troubled()) != 0 {
		t.Errorf("it is %s, trouble %v", state, states.troubled())
	}
}
