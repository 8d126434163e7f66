package payouts_test

import (
	"testing"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestTheExampleRuns runs the scenario that shows payouts; in the short form it is read alone.
func TestTheExampleRuns(t *testing.T) {
	const path = "../../examples/payouts.yaml"
	s, err := testnet.ReadScenario(path)
	if err != nil || len(s.Steps) == 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	if !long() {
		t.Skip("it takes a minute: BYTOM_SOLO_LONG=1 runs it")
	}
	if out, err := harness.Execute(t, testnet.Solo(t), "testnet", "run", path); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
