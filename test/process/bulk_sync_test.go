package process_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestBulkSyncInSeveralAnswers catches up by three answers of a peer's, each of 128 blocks at the
// most, which are asked for before the blocks of the last one are on the chain.
func TestBulkSyncInSeveralAnswers(t *testing.T) {
	t.Parallel() // It mostly waits.
	catchUp(t, 0, 300)
}

// TestBulkSyncLeavesALongBranch catches up from a branch of its own that is longer than two answers: their
// blocks are no better than what there is.
func TestBulkSyncLeavesALongBranch(t *testing.T) {
	t.Parallel() // It mostly waits.
	catchUp(t, 270, 300)
}

// catchUp has a node that has mined so many blocks by itself meet one that has more.
func catchUp(t *testing.T, own, height int) {
	t.Helper()
	mine := func(n *testnet.Node, blocks int) {
		if err := n.Call("/solonet-mine", map[string]any{"blocks": blocks}, nil); err != nil {
			t.Fatal(err)
		}
	}
	args := func(address string) []string {
		return []string{"--wallet.disable", "--solonet.tools", "--log_level", "debug", "--mining.address", address}
	}
	source := testnet.Start(t, testnet.NodeOptions{Simulated: true, Args: args("sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7")})
	mine(source, height)
	n := testnet.Start(t, testnet.NodeOptions{Simulated: true, Args: args("sm1qlps60tdd2070f3r4yqg0lkadmkjlv0eylql24d")})
	if own > 0 {
		mine(n, own)
	}
	n.Connect(source)
	n.WaitHeight(uint64(height), 2*time.Minute)
	testnet.WaitSameTip(n, source, time.Minute)
	bulk := regexp.MustCompile(fmt.Sprintf("bulk sync is done.* blocks=%d\n", height)) // Each came once.
	testnet.Wait(t, time.Minute, func() error {
		if log := n.Log(); !bulk.MatchString(log) {
			return fmt.Errorf("it has not caught up by %d blocks:\n%s", height, log)
		}
		return nil
	})
}
