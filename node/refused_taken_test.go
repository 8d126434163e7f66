package node

import (
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestARefusedBlockThatIsTakenIsNoFault: a clock was wrong, and the chain takes the block when it is right. What became of
// others says nothing of it.
func TestARefusedBlockThatIsTakenIsNoFault(t *testing.T) {
	n, now := &station{}, time.Now()
	refused := mining.Fate{ID: bc.NewHash([32]byte{1}), Height: 7}
	n.noteRefused(refused, mining.Event{State: mining.StateRefused, At: now, Detail: "time-too-new"})
	n.noteRefused(mining.Fate{ID: bc.NewHash([32]byte{2})}, mining.Event{State: mining.StateMain, At: now})
	if _, on := n.checkRefused(now); !on {
		t.Error("a refused block is no fault")
	}
	n.noteRefused(refused, mining.Event{State: mining.StateMain, At: now})
	if what, on := n.checkRefused(now); on {
		t.Errorf("it is on the best chain, and the fault says %q", what)
	}
}
