package process_test

import (
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestSimulatedHashesAreOfSolonets: a build for tests touches no network with money on it.
func TestSimulatedHashesAreOfSolonets(t *testing.T) {
	program := testnet.Simulated(t)
	for _, network := range []string{"mainnet", "wisdom"} {
		out, err := harness.Execute(t, program, "node", "--home", t.TempDir(), "--chain_id", network, "--web.closed")
		if err == nil || !strings.Contains(out, "key chain_id") || !strings.Contains(out, "simulated") {
			t.Errorf("%s: %v: %s", network, err, out)
		}
	}
}
