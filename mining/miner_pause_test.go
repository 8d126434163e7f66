package mining

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestAPausedMinerRests hashes nothing from the batch under way on until the pause is over, and
// is idle then as one that is switched off.
func TestAPausedMinerRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		c.tip.Bits = 1 // Nothing is ever found.
		m := mineWith(t, c, &fakeBackend{name: "a", workers: 2, batch: 4, delay: 10 * time.Millisecond})
		hashes := func() uint64 { n, _ := m.Hashes(); return n }
		time.Sleep(time.Second)
		if hashes() == 0 || !m.Mining() {
			t.Fatalf("%d hashes, mining %v", hashes(), m.Mining())
		}
		m.Change(func(s *MinerSettings) { s.Paused = true })
		if err := m.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := hashes()
		time.Sleep(time.Minute)
		if s := m.Settings(); hashes() != before || m.Mining() || !s.On {
			t.Errorf("%d hashes in the pause, mining %v, %+v", hashes()-before, m.Mining(), s)
		}
		m.Change(func(s *MinerSettings) { s.Paused = false })
		time.Sleep(time.Second)
		if hashes() == before || !m.Mining() {
			t.Errorf("%d hashes after the pause, mining %v", hashes()-before, m.Mining())
		}
	})
}
