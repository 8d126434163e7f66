package fleet_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestABlockWaitsForNoEngine has a front find a block while node and engine are gone, and killed with it. When
// it is started again, and the node is there, the block goes by HTTP: no engine lets the front in.
func TestABlockWaitsForNoEngine(t *testing.T) {
	t.Parallel()
	engine, url := startEngine(t)
	front := testnet.NewFront(t, testnet.FrontOptions{})
	n := startNode(t, testnet.NodeOptions{}, testnet.FleetNode(t, url, front))
	front.Start(url, payee, n.FleetAddress())
	r := newRigs(t)
	r.add(front.Stratum, "farm.rig", 1, 5)
	r.wait(3, time.Minute)
	n.Kill()
	engine.Kill()
	testnet.Wait(t, time.Minute, func() error {
		var list []node.FoundBlock
		if err := (testnet.Client{URL: front.URL}).Call(t.Context(), node.FoundBlocksRoute, nil, &list); err != nil {
			return err
		}
		for _, b := range list {
			if len(b.Events) > 0 && b.State != "main" && b.State != "lost" {
				return nil
			}
		}
		return errors.New("the front has no block that no node has answered for")
	})
	front.Kill()
	r.end()
	n.Restart()
	before, err := n.Height()
	if err != nil {
		t.Fatal(err)
	}
	again := harness.Start(t, testnet.Simulated(t), "front", "--home", front.Home, "--chain_id", "solonet", "--name", "front", "--engine", url,
		"--node", n.FleetAddress(), "--mining.address", payee, "--api_addr", "127.0.0.1:0", "--stratum.listen", "127.0.0.1:0")
	testnet.Wait(t, 30*time.Second, func() error {
		now, err := n.Height()
		if err == nil && now <= before {
			err = fmt.Errorf("the node is at height %d, expected more", now)
		}
		return err
	})
	if again.Ended() {
		t.Errorf("the front has ended: %s", again.Text())
	}
}
