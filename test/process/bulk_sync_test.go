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
	const height = 300
	source := testnet.Start(t, testnet.NodeOptions{Simulated: true, Args: []string{
		"--wallet.disable", "--solonet.tools", "--mining.address", "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7",
	}})
	if err := source.Call("/solonet-mine", map[string]any{"blocks": height}, nil); err != nil {
		t.Fatal(err)
	}
	n := testnet.Start(t, testnet.NodeOptions{Simulated: true, Args: []string{"--wallet.disable", "--log_level", "debug"}})
	n.Connect(source)
	n.WaitHeight(height, 2*time.Minute)
	testnet.WaitSameTip(n, source, time.Minute)
	bulk := regexp.MustCompile(fmt.Sprintf("bulk sync is done.* blocks=%d\n", height)) // Each came once.
	testnet.Wait(t, time.Minute, func() error {
		if log := n.Log(); !bulk.MatchString(log) {
			return fmt.Errorf("it has not caught up by %d blocks:\n%s", height, log)
		}
		return nil
	})
}
