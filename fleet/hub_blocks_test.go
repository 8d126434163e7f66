package fleet

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestABlockThatHangsFillsNoPlaces has a front bring a block again and again by both ways, as it does each few seconds, while the
// chain waits for room on its disk. Another block still gets to the node, which writes it down.
func TestABlockThatHangsFillsNoPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs, brought := make(chan struct{}), 0
		h := newHubTest(t, func() Verdict { return Verdict{} })
		h.cfg.Found = func(context.Context, PublicKey, *Block) Verdict {
			brought++
			<-hangs
			return Verdict{Outcome: int(mining.MainChain), Main: true}
		}
		again := func(raw string) {
			h.take(t.Context(), h.seal(KindBlock, &Block{Raw: []byte(raw)}))
			synctest.Wait()
			go func() {
				_, err := h.TakeSealedBlock(t.Context(), h.seal(KindBlock, &Block{Raw: []byte(raw)}))
				if err != nil && !errors.Is(err, errUnderWay) {
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		for range 100 {
			again("a")
		}
		if brought != mostWays {
			t.Errorf("one block is on its way %d times, expected %d", brought, mostWays)
		}
		brought = 0
		again("b")
		if brought != 2 {
			t.Errorf("another block came by %d ways, expected 2", brought)
		}
		close(hangs)
		synctest.Wait()
		if brought = 0; len(h.ways) != 0 {
			t.Errorf("%d blocks are on their way in the end", len(h.ways))
		}
		again("a")
		if brought != 2 {
			t.Errorf("when the chain answers again, it came by %d ways", brought)
		}
	})
}
