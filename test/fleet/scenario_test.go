package fleet_test

import (
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestTheExampleRuns runs the scenario that shows fronts.
func TestTheExampleRuns(t *testing.T) {
	t.Parallel()
	if out, err := harness.Execute(t, testnet.Simulated(t), "testnet", "run", "../../examples/fronts.yaml"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestFrontsTakeAnEngine: a program that has none built in says so, and what to do.
func TestFrontsTakeAnEngine(t *testing.T) {
	t.Parallel()
	out, err := harness.Execute(t, testnet.Solo(t), "testnet", "--dir", t.TempDir()+"/net", "up", "--fronts", "1")
	if err == nil || !strings.Contains(out, "-tags engine") || !strings.Contains(out, "--engine nats://") {
		t.Errorf("%v: %s", err, out)
	}
}
