package rigs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// sabotage is a rig that is a process of its own, what is done to it, and what its node
// should make of that.
type sabotage struct {
	args  []string // of 'testnet rigs add'
	kill  bool     // after the time that the others do well for
	state node.RigState
	alert string // the only one; empty is none
	name  string
	pid   int
}

// TestRigsThatFail has rigs do well for a time, and then be killed, muted or slowed to half,
// while another one comes and goes all the time, and one goes on. The node knows each one's
// state within two minutes, and tells once. The short form is of those that need no mean.
func TestRigsThatFail(t *testing.T) {
	t.Parallel() // It mostly waits.
	good, all, gone := 5*time.Second, 20*time.Second, "2s"
	rigs := map[string]*sabotage{
		"killed":   {args: []string{"--rate", "3"}, kill: true, state: node.RigAway},
		"flapping": {args: []string{"--rate", "2", "--difficulty", "1"}, alert: "rig.flapping"},
		"healthy":  {args: []string{"--rate", "6", "--difficulty", "2"}, state: node.RigHashing},
	}
	if computetest.Long() {
		good, all, gone = 3*time.Minute, 10*time.Minute, "30s"
		rigs["killed"].alert = "rig.away"
		rigs["muted"] = &sabotage{args: []string{"--rate", "2", "--difficulty", "1", "--fault", "mute:3m"}, state: node.RigSilent, alert: "rig.silent"}
		rigs["slowed"] = &sabotage{args: []string{"--rate", "8", "--difficulty", "2", "--fault", "slow:3m"}, state: node.RigDegraded, alert: "rig.degraded"}
	}
	rigs["flapping"].args = append(rigs["flapping"].args, "--fault", "disconnect:"+gone)
	events := filepath.Join(t.TempDir(), "events")
	n := testnet.New(t, testnet.Options{Args: []string{"--notify.command", `sh -c 'echo "$BYTOM_SOLO_EVENT $BYTOM_SOLO_RIG" >>` + events + `'`}})
	start := time.Now()
	for _, r := range rigs {
		r.add(t, n.Dir)
	}
	time.Sleep(time.Until(start.Add(good)))
	for what, r := range rigs {
		if got := stateOf(t, n, r.name); r.alert != "rig.flapping" && got != node.RigHashing {
			t.Errorf("before anything is done to it, the %s rig is %s", what, got)
		}
		if r.kill {
			kill(t, r.pid)
		}
	}
	began := time.Now() // The rigs' own times are later by what it took to add them.
	waiting := make(map[string]*sabotage)
	for what, r := range rigs {
		if r.state != "" && r.state != node.RigHashing {
			waiting[what] = r
		}
	}
	testnet.Wait(t, 2*time.Minute+10*time.Second, func() (late error) {
		for what, r := range waiting {
			if got := stateOf(t, n, r.name); got != r.state {
				late = fmt.Errorf("the %s rig is %s, expected %s", what, got, r.state)
				continue
			}
			t.Logf("%s: %s after %v", what, r.state, time.Since(began).Round(time.Second))
			delete(waiting, what)
		}
		return late
	})
	time.Sleep(time.Until(start.Add(all)))
	for what, r := range rigs {
		if r.alert != "" {
			testnet.Wait(t, 30*time.Second, func() error { // A machine that is busy has rigs go more slowly.
				if got := alertsOf(t, events, r.name); got != r.alert {
					return fmt.Errorf("alerts of the %s rig: %q, expected %q", what, got, r.alert)
				}
				return nil
			})
		}
	}
	for what, r := range rigs {
		if got := stateOf(t, n, r.name); r.state != "" && got != r.state {
			t.Errorf("in the end the %s rig is %s, expected %s", what, got, r.state)
		}
		if got := alertsOf(t, events, r.name); got != r.alert {
			t.Errorf("alerts of the %s rig: %q, expected %q", what, got, r.alert)
		}
	}
	checkFlaps(t, n, rigs["flapping"].name)
}

// add starts the rig.
func (s *sabotage) add(t *testing.T, dir string) {
	t.Helper()
	out, err := harness.Execute(t, testnet.Solo(t), append([]string{"testnet", "--dir", dir, "--json", "rigs", "add"}, s.args...)...)
	var added []fakerig.Report
	if err == nil {
		err = json.Unmarshal([]byte(out), &added)
	}
	if err != nil || len(added) != 1 {
		t.Fatalf("%v: %v\n%s", s.args, err, out)
	}
	s.name = added[0].Name
	n, err := testnet.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.pid = n.Rigs[len(n.Rigs)-1].Process.PID
}

func kill(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// stateOf is what the node says of a rig.
func stateOf(t *testing.T, n *testnet.Network, name string) node.RigState {
	t.Helper()
	var list node.RigList
	if err := n.Nodes[0].Call(node.RigsRoute, nil, &list); err != nil {
		t.Fatal(err)
	}
	for _, r := range list.Rigs {
		if r.Rig == name {
			return r.State
		}
	}
	return ""
}

// alertsOf are the events of a rig that the command was given.
func alertsOf(t *testing.T, path, name string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(raw)) {
		if event, rig, _ := strings.Cut(strings.TrimSpace(line), " "); rig == name && strings.HasPrefix(event, "rig.") {
			got = append(got, event)
		}
	}
	return strings.Join(got, " ")
}

// checkFlaps asks the rig itself how often it came.
func checkFlaps(t *testing.T, n *testnet.Network, name string) {
	t.Helper()
	now, err := testnet.Open(n.Dir)
	if err != nil {
		t.Fatal(err)
	}
	reports, err := now.ListRigs()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		if r.Name == name {
			t.Logf("the flapping rig came %d times", r.Connections)
			if r.Connections < 7 || computetest.Long() && r.Connections < 15 {
				t.Errorf("the flapping rig came %d times only", r.Connections)
			}
		}
	}
}
