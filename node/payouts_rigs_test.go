package node

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
)

// TestRigsOfAnOwner: by the address and by a mapping, in capitals too. Asking for them, which
// anybody may, tells nothing of the operator's rigs and writes nothing to the log.
func TestRigsOfAnOwner(t *testing.T) {
	address, log := addressOf(t, 7), new(bytes.Buffer)
	o, err := newOwners(ownerList{"barn": address, "shed.two": address}, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	n := &Node{station: station{ledger: ledger.InMemory(), owners: o}}
	for _, rig := range []string{address + ".1", "BARN.x", "shed.one", "Shed.Two", addressOf(t, 8) + ".1"} {
		n.ledger.Login(time.Now(), rig, "", "")
	}
	for i := range 2 * mostTold {
		n.ledger.Login(time.Now(), fmt.Sprintf("shed.%d", i), "", "")
	}
	var got []string
	for range 2 {
		got = nil
		for _, r := range n.rigsOf(address) {
			got = append(got, r.Name)
		}
	}
	if want := fmt.Sprint([]string{"BARN.x", "Shed.Two", address + ".1"}); fmt.Sprint(got) != want {
		t.Errorf("rigs %v, expected %v", got, want)
	}
	for _, nobody := range []string{"", "shed", addressOf(t, 9)} {
		if rigs := n.rigsOf(nobody); len(rigs) != 0 {
			t.Errorf("%q has %d rigs, the first %v", nobody, len(rigs), rigs[0])
		}
	}
	if log.Len() > 0 {
		t.Errorf("the log has %d bytes, beginning with %.200s", log.Len(), log)
	}
}
