package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/mining/tensority"
	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// startPeer runs a node of ours in a process of its own, with a payee.
func startPeer(t testing.TB) *testnet.Node {
	return testnet.Start(t, testnet.NodeOptions{Args: []string{"--wallet.disable", "--mining.address", "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7"}})
}

// TestFastSync syncs a chain with a checkpoint in it. Below the checkpoint Bytom's
// fast sync vouches for the proofs, with an entry of zeros in the proof cache;
// above it each proof is computed. It holds netsyncCaller to the names that the
// functions have in the pinned Bytom.
func TestFastSync(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	f := chaintest.New(t, true)
	peer := startPeer(t)
	const checkpoint, height = 4, 6
	peer.Mine(f.Solver, height)
	var block struct {
		Hash *bc.Hash `json:"hash"`
	}
	if err := peer.Call("/get-block", map[string]any{"block_height": checkpoint}, &block); err != nil {
		t.Fatal(err)
	}
	params := consensus.NetParams["solonet"]
	params.Checkpoints = []consensus.Checkpoint{{Height: checkpoint, Hash: *block.Hash}}
	consensus.NetParams["solonet"] = params

	n := runInProcess(t, peer)
	testnet.Wait(t, 2*time.Minute, func() error {
		if h := n.bytom.chain.BestBlockHeight(); h != height {
			return fmt.Errorf("height %d, expected %d", h, height)
		}
		return nil
	})
	for h := uint64(1); h <= height; h++ {
		header, err := n.bytom.chain.GetHeaderByHeight(h)
		if err != nil {
			t.Fatal(err)
		}
		id := header.Hash()
		byFastSync := *tensority.AIHash.Hash(&id, consensus.InitialSeed) == bc.Hash{}
		if byFastSync != (h <= checkpoint) {
			t.Errorf("block %d: vouched for by the fast sync %v, the checkpoint is at %d", h, byFastSync, checkpoint)
		}
	}
}

// caughtUp is a node that has caught up with a stock peer of so many blocks.
func caughtUp(t *testing.T, height int) (*chaintest.Fixture, *testnet.Node, *Node) {
	t.Helper()
	f := chaintest.New(t, true)
	peer := startPeer(t)
	peer.Mine(f.Solver, height)
	n := runInProcess(t, peer)
	testnet.Wait(t, 2*time.Minute, func() error {
		if h := n.bytom.chain.BestBlockHeight(); h != uint64(height) {
			return fmt.Errorf("height %d, expected %d", h, height)
		}
		return nil
	})
	return f, peer, n
}

// TestKeeperSync catches up with a peer that is a little ahead: that is the block keeper's part, and it must get what it
// asks for.
func TestKeeperSync(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	_, _, n := caughtUp(t, 3)
	if got := n.bulk.Taken(); got != 0 {
		t.Errorf("%d blocks came in bulk, expected none", got)
	}
}

// TestBulkSync catches up with a peer that is well ahead, most of it by bulk: the
// block keeper only wakes up every five seconds.
func TestBulkSync(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	const height = 12
	f, peer, n := caughtUp(t, height)
	if got := n.bulk.Taken(); got < height-2 {
		t.Errorf("%d of %d blocks came in bulk", got, height)
	}
	// What follows is announced, and not bulk's.
	peer.Mine(f.Solver, 1)
	testnet.Wait(t, 2*time.Minute, func() error {
		if h := n.bytom.chain.BestBlockHeight(); h != height+1 {
			return fmt.Errorf("height %d, expected %d", h, height+1)
		}
		return nil
	})
}

// testChild is set in the processes of inOwnProcess.
const testChild = "BYTOM_SOLO_TEST_CHILD"

// inOwnProcess runs a test again in a process of its own, for tests that put a node
// on the network: Bytom's network has goroutines that nothing ends, and they read
// the package variables that the next test would set. This one mostly waits, and so is run beside others.
func inOwnProcess(t *testing.T) (done bool) {
	t.Helper()
	if os.Getenv(testChild) != "" {
		return false
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), testChild+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return true
}

// runInProcess runs a node of this process that dials peer.
func runInProcess(t *testing.T, peer *testnet.Node) *Node {
	t.Helper()
	config := NewConfig()
	b := config.Bytom
	b.RootDir, b.ChainID, b.DBBackend, b.ApiAddress = t.TempDir(), "solonet", "memdb", "127.0.0.1:0"
	b.Web.Closed, b.Wallet.Disable, b.P2P.SkipUPNP, b.P2P.LANDiscover = true, true, true, false
	b.P2P.ListenAddress = fmt.Sprintf("tcp://127.2.0.1:%d", testnet.FreePort(t, "127.2.0.1"))
	log := slog.New(slog.NewTextHandler(os.Stderr, nil)) // It outlives the test.
	ForwardBytomLog(log)
	n, err := New(t.Context(), config, log, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	testnet.Wait(t, 30*time.Second, func() error {
		return peer.Call("/connect-peer", map[string]any{"ip": "127.2.0.1", "port": portOf(t, b.P2P.ListenAddress)}, nil)
	})
	return n
}

func portOf(t *testing.T, address string) (port int) {
	t.Helper()
	if _, err := fmt.Sscanf(address, "tcp://127.2.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	return port
}
