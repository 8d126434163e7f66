package mining

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// clingingBackend is a fakeBackend whose hashers don't let go until release is closed.
type clingingBackend struct {
	*fakeBackend
	release chan struct{}
}

func (b clingingBackend) NewHasher(_ context.Context, seed [32]byte) (compute.Hasher, error) {
	return clingingHasher{&fakeHasher{b.fakeBackend, seed}, b.release}, nil
}

type clingingHasher struct {
	*fakeHasher
	release chan struct{}
}

func (h clingingHasher) Close() error { <-h.release; return nil }

// TestADeviceThatDoesNotLetGoIsInTrouble: a driver can hang over what is freed at a change of the seed, too, and the card then
// stands still.
func TestADeviceThatDoesNotLetGoIsInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		c.tip.Bits = 1 // Nothing is ever found.
		release := make(chan struct{})
		m := mineWith(t, c, clingingBackend{&fakeBackend{name: "a", workers: 1, batch: 1, delay: time.Second}, release})
		time.Sleep(10 * time.Second)
		c.mu.Lock()
		c.tip.Hash.V0++
		c.tip.Seed.V0++
		c.mu.Unlock()
		c.onBlock()
		time.Sleep(10 * time.Minute)
		if d := m.Devices()[0]; d.Trouble == "" {
			t.Errorf("%+v", d)
		}
		close(release)
		time.Sleep(10 * time.Second)
		if d := m.Devices()[0]; d.Trouble != "" || d.Hashes < 15 {
			t.Errorf("when it has let go: %+v", d)
		}
	})
}
