package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/stratum"
	"github.com/bytom-solo/bytom-solo/watch"
)

// RigState is what a rig does.
type RigState string

// The states of a rig.
const (
	// RigNew is connected, and its first share since has not come yet.
	RigNew RigState = "new"
	// RigHashing sends shares as it does on average.
	RigHashing RigState = "hashing"
	// RigDegraded sends about half as many as on average, or less.
	RigDegraded RigState = "degraded"
	// RigSilent is connected, and sends no shares that are accepted.
	RigSilent RigState = "silent"
	// RigAway is not connected.
	RigAway RigState = "away"
)

const (
	// awayAlertAfter is how long a rig must be away for an alert, backAfter how long it must
	// hash again for the alert that it is back.
	awayAlertAfter, backAfter = time.Minute, time.Minute
	// flaps is how many times a rig must go within flapWindow to be flapping.
	flaps      = 6
	flapWindow = 10 * time.Minute
	// rigGrace is how long rigs have to connect after a start, or after a time without work;
	// joinGrace how long after that their shares are not counted: a rig has to prepare.
	rigGrace  = 2 * time.Minute
	joinGrace = 30 * time.Second
	// newSilentAfter is when a rig is silent of which no share was ever accepted.
	newSilentAfter = 10 * time.Minute
	// lastSeenWithin is how long before the last of all rigs one may have been here to be
	// missed after a restart.
	lastSeenWithin = time.Hour
)

// rigSight is what is seen of a rig at a look.
type rigSight struct {
	name       string
	sessions   int
	lapses     uint64 // how often its last connection ended
	difficulty float64
	accepted   uint64
	work       float64
	watches    bool // it is another node's --watch, and does not mine
	// ofFront is of one that was last seen at a front, fresh whether that was a moment ago. What is
	// wrong with it is the front's to tell.
	ofFront, fresh bool
}

// rigRecord is what is known of a rig.
type rigRecord struct {
	state    RigState
	since    time.Time // zero where that is not known
	seen     rigSight  // at the last look
	joined   time.Time
	shared   bool // a share came since it joined
	pace     rigPace
	missed   bool     // it is worth an alert if it goes, or does not come
	alerted  RigState // of the last alert; empty where all is well, or nobody was alerted
	lapses   []lapse  // within flapWindow
	flapping bool     // an alert of that was sent
}

type lapse struct {
	at    time.Time
	count uint64
}

// rigStates follows the rigs. It is safe for concurrent use.
type rigStates struct {
	alarm func(Notification)

	mu    sync.Mutex
	rigs  map[string]*rigRecord
	at    time.Time // of the last look
	ready time.Time // from when on a rig that is not here is missed
	told  []Notification
}

// newRigStates starts with the rigs that the ledger knows, all of them away.
func newRigStates(known []ledger.RigTotals, alarm func(Notification), now time.Time) *rigStates {
	w := &rigStates{alarm: alarm, rigs: make(map[string]*rigRecord), at: now, ready: now.Add(rigGrace)}
	seenAt := func(r ledger.RigTotals) time.Time {
		if r.Seen.After(now) {
			return now // The clock was ahead then. It must not hide that this one, or the others, are away.
		}
		return r.Seen
	}
	latest := time.Time{}
	for _, r := range known {
		if seen := seenAt(r); seen.After(latest) {
			latest = seen
		}
	}
	for _, r := range known {
		record := &rigRecord{
			state: RigAway, since: seenAt(r), seen: rigSight{name: r.Rig, accepted: r.Accepted, work: r.Work},
			missed: r.Accepted > 0 && latest.Sub(seenAt(r)) < lastSeenWithin,
		}
		if r.Accepted > 0 {
			record.pace.recall(r.Hashrate.Day, r.Work/float64(r.Accepted))
		}
		w.rigs[r.Rig] = record
	}
	return w
}

// of is a rig's state, and since when; zero where that is not known.
func (w *rigStates) of(name string) (RigState, time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.rigs[name]; r != nil {
		return r.state, r.since
	}
	return RigAway, time.Time{}
}

// shown is of for people and programs.
func (w *rigStates) shown(name string) (RigState, *time.Time) {
	state, since := w.of(name)
	if since.IsZero() {
		return state, nil
	}
	since = since.UTC()
	return state, &since
}

// hashing is how many rigs are connected and not silent.
func (w *rigStates) hashing() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.rigs {
		if r.seen.watches {
			continue
		}
		if r.state == RigNew || r.state == RigHashing || r.state == RigDegraded {
			n++
		}
	}
	return n
}

// counts is how many rigs are in each state.
func (w *rigStates) counts() map[RigState]int {
	counts := map[RigState]int{RigNew: 0, RigHashing: 0, RigDegraded: 0, RigSilent: 0, RigAway: 0}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.rigs {
		if !r.seen.watches {
			counts[r.state]++
		}
	}
	return counts
}

// troubled are the rigs that an alert is on for, with their states.
func (w *rigStates) troubled() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for name, r := range w.rigs {
		switch {
		case r.flapping:
			list = append(list, name+" comes and goes")
		case r.alerted != "" && r.alerted != r.state:
			list = append(list, name+" was "+string(r.alerted))
		case r.alerted != "":
			list = append(list, name+" is "+string(r.state))
		}
	}
	slices.Sort(list)
	return list
}

// look takes what is seen of all rigs, and whether there is work for them. Rigs that the
// ledger has forgotten are forgotten.
func (w *rigStates) look(now time.Time, working bool, all []rigSight) {
	w.mu.Lock()
	dt := max(0, now.Sub(w.at))
	w.at = now
	if !working {
		w.ready = now.Add(rigGrace)
	}
	names := make(map[string]bool, len(all))
	for _, s := range all {
		names[s.name] = true
		r := w.rigs[s.name]
		if r == nil {
			r = &rigRecord{seen: rigSight{name: s.name}}
			w.rigs[s.name] = r
		}
		w.follow(r, s, now, dt, working)
	}
	for name := range w.rigs {
		if !names[name] {
			delete(w.rigs, name)
		}
	}
	told := w.told
	w.told = nil
	w.mu.Unlock()
	for _, note := range told {
		w.alarm(note)
	}
}

// follow brings a rig up to date.
func (w *rigStates) follow(r *rigRecord, s rigSight, now time.Time, dt time.Duration, working bool) {
	old := r.seen
	r.seen = s
	r.seen.watches = s.watches || s.sessions == 0 && old.watches && s.accepted == 0
	shares, work := s.accepted-min(s.accepted, old.accepted), max(0, s.work-old.work)
	gone := s.lapses - min(s.lapses, old.lapses)
	r.countLapses(gone, now)
	if s.sessions > 0 && (old.sessions == 0 || gone > 0) {
		r.joined, r.shared = now, false
		r.pace.pause()
	}
	r.shared = r.shared || shares > 0
	_, mute := r.pace.silent()
	switch {
	case s.sessions > 0 && !working && mute && shares == 0:
		// That nobody can send anything now does not make it hash.
	case s.sessions == 0 || !working || now.Sub(r.joined) <= joinGrace:
		r.pace.pause()
	default:
		r.pace.step(dt, shares, work, s.difficulty)
	}
	if state := r.judge(now); state != r.state || r.since.IsZero() && s.sessions > 0 {
		r.state, r.since = state, now
	}
	w.alertOf(r, now, working)
}

// judge is the state as of the last look.
func (r *rigRecord) judge(now time.Time) RigState {
	silent, _ := r.pace.silent()
	switch {
	case r.seen.sessions == 0 && r.seen.fresh:
		return RigHashing
	case r.seen.sessions == 0:
		return RigAway
	case r.seen.watches:
		return RigNew
	case silent, r.seen.accepted == 0 && now.Sub(r.joined) >= newSilentAfter:
		return RigSilent
	case !r.shared:
		return RigNew
	case r.pace.degraded:
		return RigDegraded
	}
	return RigHashing
}

func (r *rigRecord) countLapses(gone uint64, now time.Time) {
	if gone > 0 {
		r.lapses = append(r.lapses, lapse{now, gone})
	}
	for len(r.lapses) > 0 && now.Sub(r.lapses[0].at) >= flapWindow {
		r.lapses = r.lapses[1:]
	}
}

// alertOf sends what the operator should know of a rig.
func (w *rigStates) alertOf(r *rigRecord, now time.Time, working bool) {
	var lapses uint64
	for _, l := range r.lapses {
		lapses += l.count
	}
	r.missed = r.missed || r.shared
	lasted := now.Sub(r.since)
	_, sure := r.pace.silent()
	switch {
	case lapses >= flaps && !r.flapping && r.missed:
		r.flapping = true
		w.tell(r, "rig.flapping", fmt.Sprintf("%s has gone %d times in %v", r.seen.name, lapses, flapWindow))
	case r.flapping && lapses > 0:
		// Its coming and going is known.
	case r.flapping && r.state == RigHashing:
		r.flapping, r.alerted = false, ""
		w.tell(r, "rig.back", fmt.Sprintf("%s has been here for %v without a break", r.seen.name, flapWindow))
	case r.flapping:
		r.flapping, r.alerted = false, "" // What it does now is worth an alert of its own.
	case r.state == RigAway && r.missed && !r.seen.ofFront && working && lasted >= awayAlertAfter && !now.Before(w.ready):
		w.raise(r, "rig.away", fmt.Sprintf("%s is not connected any more", r.seen.name))
	case r.state == RigSilent && (sure || r.seen.accepted == 0) && r.alerted != RigSilent:
		w.raise(r, "rig.silent", fmt.Sprintf("%s is connected, and has sent no good share for %v", r.seen.name, r.pace.quiet.Round(time.Second)))
	case r.state == RigDegraded:
		w.raise(r, "rig.degraded", fmt.Sprintf("%s does about half of what it does on average, or less", r.seen.name))
	case r.state == RigHashing && r.alerted != "" && lasted >= backAfter:
		w.tell(r, "rig.back", fmt.Sprintf("%s hashes again; it was %s", r.seen.name, r.alerted))
		r.alerted = ""
	}
}

// raise sends an alert, unless that of the rig's state was the last one.
func (w *rigStates) raise(r *rigRecord, event, detail string) {
	if r.alerted == r.state {
		return
	}
	r.alerted = r.state
	w.tell(r, event, detail)
}

func (w *rigStates) tell(r *rigRecord, event, detail string) {
	w.told = append(w.told, Notification{
		Event: event, At: w.at, Detail: detail,
		Rig: &RigAlert{Rig: r.seen.name, State: r.state, Since: r.since},
	})
}

// RigAlert is the rig that an event is about.
type RigAlert struct {
	Rig   string    `json:"rig"`
	State RigState  `json:"state"`
	Since time.Time `json:"since"`
}

// sightsOf puts what the server, the ledger and fronts know of rigs together.
func sightsOf(live []stratum.RigStatus, tallies []ledger.RigTally, elsewhere *frontRigs, now time.Time) []rigSight {
	online := make(map[string]stratum.RigStatus, len(live))
	for _, r := range live {
		online[r.Name] = r
	}
	all := make([]rigSight, 0, len(tallies))
	for _, t := range tallies {
		r := online[t.Rig]
		ofFront, fresh := elsewhere.of(t.Rig, now)
		sessions, watches := miningSessions(r), false
		if sessions == 0 && t.Accepted == 0 { // What has had a share accepted is a rig, which has gone.
			sessions, watches = r.Sessions, r.Sessions > 0
		}
		all = append(all, rigSight{t.Rig, sessions, r.Lapses, r.Difficulty, t.Accepted, t.Work, watches, ofFront, fresh})
	}
	slices.SortFunc(all, func(a, b rigSight) int { return strings.Compare(a.name, b.name) })
	return all
}

// miningSessions is how many connections of a rig are none of another node's --watch, which may have its login.
func miningSessions(r stratum.RigStatus) int {
	sessions := r.Sessions
	for _, agent := range r.Agents {
		if agent == watch.Agent {
			sessions--
		}
	}
	return sessions
}

// watchRigs follows the rigs until ctx ends.
func (n *station) watchRigs(ctx context.Context) error {
	each := time.NewTicker(time.Second)
	defer each.Stop()
	for {
		select {
		case <-each.C:
			_, err := n.templates.Current()
			var live []stratum.RigStatus
			if n.rigs != nil {
				live = n.rigs.Rigs()
			}
			now := time.Now()
			n.rigStates.look(now, err == nil, sightsOf(live, n.ledger.Tallies(), n.elsewhere, now))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
