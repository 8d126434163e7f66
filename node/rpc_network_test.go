package node

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// TestNetworkHashrate has a chain of 5 blocks whose distances in time differ: the rate is
// the work of the blocks asked for by the time that they took.
func TestNetworkHashrate(t *testing.T) {
	f := chaintest.NewQuick(t)
	_, tools := withTools(t, f, "a")
	for i := range 5 {
		if detail := ask(t, tools, SolonetClockRoute, fmt.Sprintf(`{"advance":%d}`, 100*i*i), &struct{}{}); detail != "" {
			t.Fatal(detail)
		}
		if detail := ask(t, tools, SolonetMineRoute, `{}`, &struct{}{}); detail != "" {
			t.Fatal(detail)
		}
	}
	w := rpcNetwork{&Node{bytom: &bytom{chain: f.Bytom}}}
	at := f.Bytom.GetBlockIndex().NodeByHeight
	for _, c := range []struct {
		blocks   int
		height   int64
		from, to uint64
	}{
		{2, -1, 3, 5}, {2, 5, 3, 5}, {2, 3, 1, 3}, {99, 4, 0, 4}, {1, 1, 0, 1}, {1, -1, 4, 5},
		{0, -1, 0, 5}, {-1, 4, 0, 4}, // All since the last retarget.
	} {
		first, last := at(c.from), at(c.to)
		work, _ := new(big.Float).SetInt(new(big.Int).Sub(last.WorkSum, first.WorkSum)).Float64()
		want := work / float64(last.Timestamp-first.Timestamp)
		if got, err := w.Hashrate(c.blocks, c.height); err != nil || got != want || got == 0 {
			t.Errorf("%d blocks up to %d: %v, %v, expected %v", c.blocks, c.height, got, err, want)
		}
	}
	if got, err := w.Hashrate(3, 0); err != nil || got != 0 {
		t.Errorf("up to the genesis: %v, %v", got, err)
	}
	if got, err := w.Hashrate(3, 6); err == nil {
		t.Errorf("up to a block that there is not: %v", got)
	}
}
