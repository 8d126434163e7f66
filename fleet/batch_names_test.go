package fleet

import (
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
)

// TestABatchOfARigWithoutAName is refused: no ledger can write it.
func TestABatchOfARigWithoutAName(t *testing.T) {
	raw, err := (&Batch{Epoch: 1, Number: 1, Oldest: 1, Entries: []ledger.Entry{{At: time.Now(), Effective: 1, Network: 10, Work: 1}}}).MarshalCBOR()
	if err != nil {
		t.Fatal(err)
	}
	if err := new(Batch).UnmarshalCBOR(raw); err == nil {
		t.Error("a rig without a name is taken")
	}
}
