package mining_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// webhook counts the notifications that it is posted, by event.
func webhook(t *testing.T) (url string, count func(event string) int) {
	t.Helper()
	var mu sync.Mutex
	got := make(map[string]int)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var n node.Notification
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil || n.Network != "solonet" {
			t.Errorf("notification %+v: %v", n, err)
		}
		mu.Lock()
		defer mu.Unlock()
		got[n.Event]++
	}))
	t.Cleanup(s.Close)
	return s.URL, func(event string) int { mu.Lock(); defer mu.Unlock(); return got[event] }
}

// TestFoundBlocksAreTold has a node mine that has no peers: a stock node gets its
// blocks by --mining.extra-nodes, a webhook and the metrics report them, and the
// journal shows them, with the node and without.
func TestFoundBlocksAreTold(t *testing.T) {
	t.Parallel()
	r := harness.NewSimulatedSolver(t)
	other := testnet.Start(t, testnet.NodeOptions{Stock: true, Simulated: true})
	hook, told := webhook(t)
	home := t.TempDir()
	args := []string{"--mining", "--mining.extra-nodes", other.URL, "--notify.webhook", hook}
	n := testnet.Start(t, testnet.NodeOptions{Simulated: true, Home: home, Args: append(args, r.Pace(40*time.Millisecond)...)})
	const blocks = 3
	n.WaitHeight(blocks, r.Limit(blocks))
	if err := n.Call("/set-mining", map[string]any{"is_mining": false}, nil); err != nil {
		t.Fatal(err)
	}
	testnet.WaitSameTip(n, other, r.Limit(20))
	height, err := n.Height()
	if err != nil {
		t.Fatal(err)
	}
	testnet.Wait(t, 30*time.Second, func() error {
		if found, main := told("block.found"), told("block.main"); found != int(height) || main != int(height) {
			return fmt.Errorf("told of %d found and %d on the chain, expected %d", found, main, height)
		}
		return nil
	})
	checkMetrics(t, n, fmt.Sprintf(`bytom_solo_block_events_total{event="main"} %d`, height),
		fmt.Sprintf(`bytom_solo_stage_duration_seconds_count{stage="solution_to_chain"} %d`, height),
		"bytom_solo_device_hashes_total{device=", "bytom_solo_template_fees_btm 0", fmt.Sprintf("bytom_solo_chain_height %d", height))

	address := strings.TrimPrefix(n.URL, "http://")
	checkJournalCommand(t, int(height), "--api_addr", address, "--home", home)
	n.Stop()
	checkJournalCommand(t, int(height), "--api_addr", address, "--home", home)

	// A third node gets them by hand.
	third := testnet.Start(t, testnet.NodeOptions{Simulated: true})
	text, err := harness.Execute(t, testnet.Solo(t), "journal", "--json", "--api_addr", address, "--home", home)
	var found []node.FoundBlock
	if err == nil {
		err = json.Unmarshal([]byte(text), &found)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for i := range found {
		hash := found[len(found)-1-i].Hash
		if out, err := harness.Execute(t, testnet.Solo(t), "journal", "resubmit", hash, "--to", third.URL, "--api_addr", address, "--home", home); err != nil {
			t.Fatalf("resubmit %s: %v: %s", hash, err, out)
		}
	}
	if h, err := third.Height(); err != nil || h != height {
		t.Errorf("the third node is at height %d, expected %d (%v)", h, height, err)
	}
	text, err = harness.Execute(t, testnet.Solo(t), "journal", "resubmit", found[0].Hash, "--api_addr", address, "--home", home)
	if err == nil || !strings.Contains(text, "--to") {
		t.Errorf("resubmitted to no node: %v: %s", err, text)
	}
}

func checkMetrics(t *testing.T, n *testnet.Node, want ...string) {
	t.Helper()
	resp, err := http.Get(n.URL + node.MetricsRoute)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range want {
		if !strings.Contains(string(raw), line) {
			t.Errorf("the metrics lack %q", line)
		}
	}
	if t.Failed() {
		t.Logf("metrics:\n%s", raw)
	}
}

// checkJournalCommand lists the journal and shows one block of it.
func checkJournalCommand(t *testing.T, blocks int, where ...string) {
	t.Helper()
	out, err := harness.Execute(t, testnet.Solo(t), append([]string{"journal"}, where...)...)
	if err != nil || strings.Count(out, "found by device simulated\n") != blocks || strings.Count(out, "submitted") != blocks {
		t.Fatalf("%v:\n%s", err, out)
	}
	hash := strings.Fields(out)[1]
	out, err = harness.Execute(t, testnet.Solo(t), append([]string{"journal", "show", hash}, where...)...)
	var b node.FoundBlock
	if err == nil {
		err = json.Unmarshal([]byte(out), &b)
	}
	if err != nil || b.Hash != hash || b.Height != uint64(blocks) || len(b.RawBlock) < 300 || len(b.Events) != 4 {
		t.Errorf("%v:\n%s", err, out)
	}
	if _, err := harness.Execute(t, testnet.Solo(t), append([]string{"journal", "show", "xyz"}, where...)...); err == nil {
		t.Error("a hash that is none was taken")
	}
}
