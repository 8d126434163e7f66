package process

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestAPeerHasOneConnection has two nodes dial each other at the same moment, again and again: whatever
// comes of it, no connection stays open that one of them has forgotten.
func TestAPeerHasOneConnection(t *testing.T) {
	a, b := testnet.Start(t, testnet.NodeOptions{}), testnet.Start(t, testnet.NodeOptions{})
	nodes := []*testnet.Node{a, b}
	files := func() (more [2]float64) {
		for i, n := range nodes {
			more[i] = figureOf(t, n, "process_open_fds")
		}
		return more
	}
	dial := func() {
		var both sync.WaitGroup
		for i, n := range nodes {
			to := nodes[1-i]
			both.Go(func() {
				_ = n.Call("/connect-peer", map[string]any{"ip": to.IP, "port": to.Port}, nil) // Mostly one of them gets none.
			})
		}
		both.Wait()
	}
	before := files()
	for range 5 {
		dial()
	}
	testnet.Wait(t, 30*time.Second, func() error {
		now := files()
		for i, n := range nodes {
			var info struct {
				Peers int `json:"peer_count"`
			}
			if err := n.Call("/net-info", nil, &info); err != nil {
				return err
			}
			if open := now[i] - before[i]; open > float64(info.Peers)+1 {
				return fmt.Errorf("node %d has %d peers, and %v files more than before it had one", i, info.Peers, open)
			}
		}
		return nil
	})
}
