package fleet_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestOneOfTwoNodesWithAHomeIsFenced starts a node in a copy of another's home while that one runs.
// The later one has the shares from then on, the other books none and says so.
func TestOneOfTwoNodesWithAHomeIsFenced(t *testing.T) {
	t.Parallel()
	_, url := startEngine(t)
	front := testnet.NewFront(t, testnet.FrontOptions{})
	flags := testnet.FleetNode(t, url, front)
	first := startNode(t, testnet.NodeOptions{ExpectErrors: []string{"another node with this one's key serves the fronts"}}, flags)
	first.Stop()
	home := t.TempDir()
	if err := os.CopyFS(filepath.Join(home, "node"), os.DirFS(first.Home)); err != nil {
		t.Fatal(err)
	}
	first.Restart()
	front.Start(url, payee, first.FleetAddress())
	r := newRigs(t)
	r.add(front.Stratum, "farm.rig", 2, 10)
	r.wait(10, time.Minute)

	second := startNode(t, testnet.NodeOptions{Home: filepath.Join(home, "node")}, flags)
	testnet.Wait(t, time.Minute, func() error {
		var s node.Stats
		if err := get(first.URL+node.StatusRoute, &s); err != nil {
			return err
		}
		for _, f := range s.Faults {
			if f.ID == "fenced" {
				return nil
			}
		}
		return fmt.Errorf("the first node is not fenced: %+v", s.Faults)
	})
	before, err := harness.Tally(first)
	if err != nil {
		t.Fatal(err)
	}
	at := r.accepted()
	r.wait(20, time.Minute)
	r.end()
	testnet.Wait(t, time.Minute, func() error { return kept(front) })
	after, err := harness.Tally(first)
	if err != nil {
		t.Fatal(err)
	}
	has, err := harness.Tally(second)
	if err != nil {
		t.Fatal(err)
	}
	var later uint64
	for name, was := range before {
		if now := after[name]; now.Accepted != was.Accepted {
			t.Errorf("the fenced node has booked %d shares of %s, and had %d", now.Accepted, name, was.Accepted)
		}
		later += has[name].Accepted
	}
	if want := r.accepted() - at; later < want {
		t.Errorf("the later node has booked %d shares, expected the %d that came after it, or more", later, want)
	}
	if text := first.Log(); strings.Count(text, "another node with this one's key") != 1 {
		t.Errorf("it is said %d times that the node is fenced", strings.Count(text, "another node with this one's key"))
	}
}
