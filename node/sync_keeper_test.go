package node

import (
	"fmt"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestKeeperSync catches up with a peer that is a little ahead: that is the block keeper's part, and it must get what it
// asks for.
func TestKeeperSync(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	f := chaintest.New(t, true)
	peer := startPeer(t)
	const height = 3
	peer.Mine(f.Solver, height)
	n := runInProcess(t, peer)
	testnet.Wait(t, 2*time.Minute, func() error {
		if h := n.bytom.chain.BestBlockHeight(); h != height {
			return fmt.Errorf("height %d, expected %d", h, height)
		}
		return nil
	})
	if got := n.bulk.Taken(); got != 0 {
		t.Errorf("%d blocks came in bulk, expected none", got)
	}
}
