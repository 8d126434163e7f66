package mining

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestADeviceThatErrsIsNoticedWithoutABlock: its wrong results never claim to be a block, so that
// only another kernel can tell. The others go on.
func TestADeviceThatErrsIsNoticedWithoutABlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		check := func(_ context.Context, _ string, header, seed [32]byte) ([32]byte, error) {
			time.Sleep(2 * time.Millisecond)
			return fakeHash(header, seed), nil
		}
		m := mineChecked(t, c, check,
			&fakeBackend{name: "errs", workers: 2, batch: 3, delay: 20 * time.Millisecond, silly: true},
			&fakeBackend{name: "good", workers: 1, batch: 2, delay: 20 * time.Millisecond})
		time.Sleep(11 * time.Second)
		d := m.Devices()
		if !strings.Contains(d[0].Failed, "another kernel says") || d[0].Hashes > 1000 {
			t.Errorf("the device that errs: %+v", d[0])
		}
		// One look after a second, and then a thousand times what it takes between two.
		if d[1].Failed != "" || d[1].Checked < 5 || d[1].Checked > 7 || len(c.blocks()) < 10 {
			t.Errorf("the good device: %+v, %d blocks", d[1], len(c.blocks()))
		}
	})
}

// TestChecksGoOnOverChangesOfSettings: what was wanted when the miner was switched off holds
// nobody up.
func TestChecksGoOnOverChangesOfSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		check := func(_ context.Context, _ string, header, seed [32]byte) ([32]byte, error) {
			return fakeHash(header, seed), nil
		}
		m := mineChecked(t, newFakeChain(), check, &fakeBackend{name: "a", workers: 1, batch: 1, delay: 300 * time.Millisecond})
		for range 10 {
			time.Sleep(1100 * time.Millisecond)
			m.SetMining(false)
			time.Sleep(100 * time.Millisecond)
			m.SetMining(true)
		}
		before := m.Devices()[0]
		time.Sleep(10 * time.Second)
		if after := m.Devices()[0]; after.Checked < before.Checked+5 || after.Hashes < before.Hashes+30 || after.Failed != "" {
			t.Errorf("%+v, ten seconds before %+v", after, before)
		}
	})
}
