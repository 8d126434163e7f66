package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// get reads JSON.
func get(url string, out any) (err error) {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if text, ok := out.(*string); ok {
		raw, err := io.ReadAll(resp.Body)
		*text = string(raw)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// serves is nil once a front serves the work of its node of an index.
func serves(f *testnet.Front, index int) error {
	s, err := f.State(context.Background())
	if err == nil && !s.Front.Nodes[index].Served {
		err = fmt.Errorf("%s does not serve node %d: %+v", f, index, s.Front.Nodes)
	}
	return err
}

// TestAnotherNodesWorkIsServed has a front's first node hang, or die, and come back.
func TestAnotherNodesWorkIsServed(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]struct {
		leave func(*testnet.Node)
		back  func(n, peer *testnet.Node)
	}{
		"hangs": {func(n *testnet.Node) { n.Pause() }, func(n, _ *testnet.Node) { n.Resume() }},
		"dies":  {func(n *testnet.Node) { n.Kill() }, func(n, peer *testnet.Node) { n.Restart(); n.Connect(peer) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failOver(t, act.leave, act.back)
		})
	}
}

func failOver(t *testing.T, leave func(*testnet.Node), back func(n, peer *testnet.Node)) {
	_, url := startEngine(t)
	front := testnet.NewFront(t, testnet.FrontOptions{})
	flags := testnet.FleetNode(t, url, front)
	first, second := startNode(t, testnet.NodeOptions{}, flags), startNode(t, testnet.NodeOptions{}, flags)
	first.Connect(second)
	front.Start(url, payee, first.FleetAddress(), second.FleetAddress())
	r := newRigs(t)
	r.add(front.Stratum, "farm.rig", 3, 5)
	r.wait(10, time.Minute)
	if err := serves(front, 0); err != nil {
		t.Error(err)
	}

	leave(first)
	gone := time.Now()
	testnet.Wait(t, time.Minute, func() error { return serves(front, 1) })
	t.Logf("the second node's work is served after %v", time.Since(gone).Round(100*time.Millisecond))
	height, err := second.Height()
	if err != nil {
		t.Fatal(err)
	}
	second.WaitHeight(height+2, time.Minute)
	s, err := front.State(t.Context())
	if err != nil || s.Front.Kept == 0 {
		t.Errorf("no share waits for the first node: %+v, %v", s, err)
	}
	if has, err := harness.Tally(second); err != nil || len(has) > 0 {
		t.Errorf("the second node has booked shares: %v, %v", has, err)
	}

	back(first, second)
	testnet.Wait(t, time.Minute, func() error { return serves(front, 0) })
	r.wait(5, time.Minute)
	r.end()
	testnet.Wait(t, time.Minute, func() error { return errors.Join(kept(front), r.booked(first)) })
}

// TestOldWorkIsNotServed has a front's only node fall silent.
func TestOldWorkIsNotServed(t *testing.T) {
	t.Parallel()
	_, url := startEngine(t)
	front := testnet.NewFront(t, testnet.FrontOptions{Args: []string{"--max-age", "10s"}})
	n := startNode(t, testnet.NodeOptions{}, testnet.FleetNode(t, url, front))
	front.Start(url, payee, n.FleetAddress())
	r := newRigs(t)
	r.add(front.Stratum, "farm.rig", 2, 5)
	r.wait(5, time.Minute)
	healthy(t, front, "work is handed out")
	n.Kill()
	testnet.Wait(t, time.Minute, func() error {
		s, err := front.State(t.Context())
		if err == nil && (s.NotReady == nil || !strings.Contains(*s.NotReady, "no news of the node for 1")) {
			err = fmt.Errorf("work is served, of a node that is silent: %+v", s)
		}
		return err
	})
	stale := func() (sum uint64) {
		for _, rig := range r.all {
			sum += rig.Report().Stale
		}
		return sum
	}
	// Answers to shares of before may still come: those behind a block wait for what becomes of it.
	was, since := r.accepted(), stale()
	testnet.Wait(t, 20*time.Second, func() error {
		now := r.accepted()
		if now != was {
			was, since = now, stale()
		}
		if of := stale() - since; of < 5 {
			return fmt.Errorf("%d shares were stale with none accepted, expected 5: %+v", of, r.all[0].Report())
		}
		return nil
	})
	sick(t, front, "no news of the node")
	var text string
	if err := get(front.URL+"/metrics", &text); err != nil || silence(text) < 10 {
		t.Errorf("a silence of %v s, %v", silence(text), err)
	}
	n.Restart()
	r.wait(5, time.Minute)
	r.end()
	testnet.Wait(t, time.Minute, func() error { return errors.Join(kept(front), r.booked(n)) })
	healthy(t, front, "work is handed out")
}

// TestAFrontLearnsWhatBecameOfItsBlocks has a front's blocks settled while it is down: the node speaks
// of them no more, and the front asks.
func TestAFrontLearnsWhatBecameOfItsBlocks(t *testing.T) {
	t.Parallel()
	_, url := startEngine(t)
	front := testnet.NewFront(t, testnet.FrontOptions{})
	n := startNode(t, testnet.NodeOptions{}, append(testnet.FleetNode(t, url, front), "--solonet.tools"))
	front.Start(url, payee, n.FleetAddress())
	r := newRigs(t)
	r.add(front.Stratum, "farm.rig", 2, 5)
	found := func(want node.FoundBlock) error {
		var list []node.FoundBlock
		if err := (testnet.Client{URL: front.URL}).Call(t.Context(), node.FoundBlocksRoute, nil, &list); err != nil {
			return err
		}
		for _, b := range list {
			if b.State != "lost" && (b.State != want.State || b.Confirmations < want.Confirmations || want.State != string(b.Events[len(b.Events)-1].State)) {
				return fmt.Errorf("%+v, expected %s with %d confirmations", b, want.State, want.Confirmations)
			}
		}
		if len(list) == 0 {
			return errors.New("the front has found no block")
		}
		return nil
	}
	testnet.Wait(t, time.Minute, func() error { return found(node.FoundBlock{State: "main"}) })
	r.end()
	testnet.Wait(t, time.Minute, func() error { return kept(front) })
	front.Kill()
	if err := n.Call(node.SolonetMineRoute, map[string]int{"blocks": 110}, nil); err != nil {
		t.Fatal(err)
	}
	front.Launch()
	testnet.Wait(t, time.Minute, func() error { return found(node.FoundBlock{State: "matured", Confirmations: 100}) })
}

// silence is what a front's metrics say of how long its nodes have been silent, in seconds.
func silence(metrics string) (seconds float64) {
	for line := range strings.Lines(metrics) {
		if _, err := fmt.Sscanf(line, "bytom_solo_front_node_silent_seconds %g", &seconds); err == nil {
			return seconds
		}
	}
	return -2
}

func health(t *testing.T, f *testnet.Front) (string, error) {
	t.Helper()
	return harness.Execute(t, testnet.Simulated(t), "health", "--home", f.Home, "--api_addr", strings.TrimPrefix(f.URL, "http://"))
}

func healthy(t *testing.T, f *testnet.Front, says string) {
	t.Helper()
	if out, err := health(t, f); err != nil || !strings.Contains(out, says) {
		t.Errorf("health says %q, %v, expected %q", out, err, says)
	}
}

func sick(t *testing.T, f *testnet.Front, says string) {
	t.Helper()
	if out, err := health(t, f); err == nil || !strings.Contains(err.Error(), "exit status 1") || !strings.Contains(out, says) {
		t.Errorf("health says %q, %v, expected exit status 1 and %q", out, err, says)
	}
}
