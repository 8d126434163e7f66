package testnet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// TestTestnetRigs has rigs of each dialect, good and faulty ones, mine for a node. What
// the node counted is what they know that they have sent, and nothing is left of them.
func TestTestnetRigs(t *testing.T) {
	shares := uint64(2) // of each
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		shares = 100
	}
	dir := newDir(t)
	if _, err := cli(t, dir, "up"); err != nil {
		t.Fatal(err)
	}
	// A process of its own: they outlive it.
	out, err := harness.Execute(t, testnet.Solo(t), "testnet", "--dir", dir, "rigs", "add", "2", "--rate", "2", "--dialect", "b3",
		"--fault", "stale:10%,dup:10%,low:10%,invalid:10%,garbage:5%,disconnect:3s")
	if err != nil || !strings.Contains(out, "2 rigs mine for node 0") {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := cli(t, dir, "rigs", "add", "--dialect", "backward", "--rate", "3", "--fault", "stale:20%,dup:20%"); err != nil {
		t.Fatal(err)
	}
	testnet.Wait(t, 10*time.Minute, func() error {
		var faults fakerig.Tally
		for _, r := range rigReports(t, dir, "list") {
			if r.Accepted < shares {
				return fmt.Errorf("rig %+v has not enough shares", r)
			}
			faults.Stale += r.Stale
			faults.Duplicate += r.Duplicate
		}
		if faults.Stale == 0 || faults.Duplicate == 0 {
			return fmt.Errorf("so far %+v", faults)
		}
		return nil
	})
	n, err := testnet.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	harness.NewDescribed(t, &testnet.Node{Member: n.Nodes[0]}).Call(node.RigsRoute, "", true)
	first := rigReports(t, dir, "list")[0].Name
	host := strings.TrimPrefix(n.Nodes[0].URL, "http://")
	row := regexp.MustCompile(regexp.QuoteMeta(first) + `  hashing \S+ +127\.0\.0\.1  bytom-testnet/b3`)
	if out, err := harness.Execute(t, testnet.Solo(t), "rigs", "--api_addr", host); err != nil || !row.MatchString(out) {
		t.Errorf("%v:\n%s", err, out)
	}
	last := rigReports(t, dir, "remove", first) // Those that were added with it, too.
	if left := rigReports(t, dir, "list"); len(last) != 2 || len(left) != 1 {
		t.Fatalf("removed %+v, still there: %+v", last, left)
	}
	testnet.Wait(t, 30*time.Second, func() error { return sameCounts(n.Nodes[0], last) })
	t.Logf("of the faulty rigs: %+v", last)
	if last = rigReports(t, dir, "remove"); len(last) != 1 {
		t.Fatalf("removed %+v", last)
	}
	testnet.Wait(t, 30*time.Second, func() error { return sameCounts(n.Nodes[0], last) })
	// The node writes every few seconds, and the network's end does not wait for it to.
	testnet.Wait(t, time.Minute, func() error {
		raw, err := os.ReadFile(filepath.Join(n.Nodes[0].Home, "mining", "rigs.db"))
		if err == nil && !bytes.Contains(raw, []byte(last[0].Name)) {
			err = fmt.Errorf("the node has not written %s down", last[0].Name)
		}
		return err
	})
	rigsDown(t, dir)
	rigsWithoutNode(t, n.Nodes[0].Home, last)
}

// rigReports are what a command of 'testnet rigs' reports.
func rigReports(t *testing.T, dir string, args ...string) (all []fakerig.Report) {
	t.Helper()
	out, err := cli(t, dir, append([]string{"--json", "rigs"}, args...)...)
	if err == nil {
		err = json.Unmarshal([]byte(out), &all)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return all
}

// sameCounts compares what a node counted with what the rigs have sent.
func sameCounts(m *testnet.Member, last []fakerig.Report) error {
	var list node.RigList
	if err := m.Call(node.RigsRoute, nil, &list); err != nil {
		return err
	}
	if len(list.Rigs) != 3 {
		return fmt.Errorf("the node has %d rigs, expected 3", len(list.Rigs))
	}
	if list.Total.Blocks == 0 {
		return errors.New("the node knows of no block")
	}
	for _, r := range last {
		if r.Accepted == 0 {
			return fmt.Errorf("rig %s has no share", r.Name)
		}
		if r.Surprises > 0 || r.Unanswered > 0 {
			return fmt.Errorf("rig %s had replies that it did not expect, or not: %+v", r.Name, r)
		}
		i := slices.IndexFunc(list.Rigs, func(n node.Rig) bool { return n.Rig == r.Name })
		if i < 0 {
			return fmt.Errorf("the node does not know rig %s", r.Name)
		}
		c := list.Rigs[i]
		want := [...]uint64{r.Accepted, r.Stale, r.Duplicate, r.Low, r.Invalid}
		got := [...]uint64{c.Accepted, c.Stale, c.Duplicate, c.Low, c.Invalid}
		if c.Blocks > r.Blocks {
			return fmt.Errorf("rig %s: %d blocks, expected at most %d", r.Name, c.Blocks, r.Blocks)
		}
		if got != want || math.Abs(c.Work-r.Work) > 1e-6*r.Work {
			return fmt.Errorf("rig %s: accepted, stale, duplicate, low and invalid are %v, worth %v, expected %v and %v", r.Name, got, c.Work, want, r.Work)
		}
	}
	return nil
}

// rigsWithoutNode has 'rigs' read the ledger of a node that is down.
func rigsWithoutNode(t *testing.T, home string, last []fakerig.Report) {
	t.Helper()
	for _, args := range [][]string{nil, {"--days", "7", "--file", filepath.Join(home, "mining", "rigs.db")}} {
		out, err := harness.Execute(t, testnet.Solo(t), append([]string{"rigs", "--home", home, "--api_addr", "127.0.0.1:1"}, args...)...)
		for _, r := range last {
			if err != nil || !strings.Contains(out, r.Name) {
				t.Errorf("rigs %v: %v, without %s:\n%s", args, err, r.Name, out)
			}
		}
	}
}

// rigsDown ends a network, and looks for what it has left: rigs are added last, by a
// command that is killed.
func rigsDown(t *testing.T, dir string) {
	t.Helper()
	add := exec.Command(testnet.Solo(t), "testnet", "--dir", dir, "rigs", "add")
	if err := add.Start(); err != nil {
		t.Fatal(err)
	}
	testnet.Wait(t, time.Minute, func() error {
		if len(processesWith(t, dir, "serve")) == 0 {
			return errors.New("no rig runs yet")
		}
		return nil
	})
	if err := add.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = add.Wait() // It was killed.
	if _, err := cli(t, dir, "down"); err != nil {
		t.Fatal(err)
	}
	testnet.Wait(t, 30*time.Second, func() error {
		if left := processesWith(t, dir, dir); len(left) > 0 {
			return fmt.Errorf("left running: %q", left)
		}
		return nil
	})
}

// processesWith are the command lines that name a directory, and have another word.
func processesWith(t *testing.T, dir, word string) (found []string) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if line := string(raw); err == nil && strings.Contains(line, dir) && strings.Contains(line, word) {
			found = append(found, line)
		}
	}
	return found
}
