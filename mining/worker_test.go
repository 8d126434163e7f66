package mining

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// TestSettingsThatStayTheSame has work go on where nothing is changed, and each single
// change seen.
func TestSettingsThatStayTheSame(t *testing.T) {
	base := MinerSettings{On: true, Devices: []string{"a"}, Threads: 2, Percent: 50}
	for _, test := range []struct {
		name    string
		edit    func(*MinerSettings)
		changes bool
	}{
		{"nothing", func(*MinerSettings) {}, false},
		{"off", func(s *MinerSettings) { s.On = false }, true},
		{"devices", func(s *MinerSettings) { s.Devices = []string{"b"} }, true},
		{"threads", func(s *MinerSettings) { s.Threads = 3 }, true},
		{"percent", func(s *MinerSettings) { s.Percent = 51 }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := NewMiner(MinerConfig{Settings: base})
			_, changed := m.watch()
			now := base
			test.edit(&now)
			m.Set(now)
			told := false
			select {
			case <-changed:
				told = true
			default:
			}
			if got := m.Settings(); told != test.changes || got.On != now.On || got.Threads != now.Threads || got.Percent != now.Percent || !slices.Equal(got.Devices, now.Devices) {
				t.Errorf("told %v, settings %+v; expected %v, %+v", told, got, test.changes, now)
			}
		})
	}
}

// TestAWorkerRollsBeforeItsNoncesEnd stands at the end of a job's nonces.
func TestAWorkerRollsBeforeItsNoncesEnd(t *testing.T) {
	const batch = 4
	for left, roll := range map[uint64]bool{batch: false, batch - 1: true, 0: true} {
		c := newFakeChain()
		job := testJob(t, c)
		if err := job.Template.prove(testPayee.Program); err != nil {
			t.Fatal(err)
		}
		w := &worker{miner: NewMiner(MinerConfig{Generator: newTestGenerator(c)}), lease: NewExtranonces().Lease(), job: job, nonce: MaxNonce - left, nonces: make([]uint64, batch)}
		if err := w.takeWork(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rolled := w.job != job; rolled != roll || rolled && w.nonce != 0 {
			t.Errorf("%d nonces before the last, batches of %d: rolled %v, at nonce %#x", left, batch, rolled, w.nonce)
		}
	}
}

// TestAfterItsBlockAWorkerWaits lets the template that follows a block take 50 ms: no hash
// is spent on the former tip meanwhile. Where none comes, it mines on after 100 ms.
func TestAfterItsBlockAWorkerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		m := mineWith(t, c, &fakeBackend{name: "a", workers: 1, batch: 1, delay: time.Millisecond})
		told, late := c.onBlock, 50*time.Millisecond
		c.mu.Lock()
		c.onBlock = func() { time.AfterFunc(late, told) }
		c.mu.Unlock()
		hashes, blocks := uint64(0), 0
		mined := func(d time.Duration) (newHashes uint64, newBlocks int) {
			time.Sleep(d)
			c.mu.Lock()
			defer c.mu.Unlock()
			newHashes, newBlocks = m.Devices()[0].Hashes-hashes, len(c.processed)-blocks
			hashes, blocks = hashes+newHashes, blocks+newBlocks
			return newHashes, newBlocks
		}
		// A hash takes a millisecond, so what is missing of one each was waited.
		if h, b := mined(10 * time.Second); b < 10 || h > uint64(10_000-50*(b-1)) || h < uint64(10_000-50*(b+1)) {
			t.Errorf("%d hashes in 10 s with %d blocks, each followed by 50 ms without work", h, b)
		}
		c.mu.Lock()
		late = time.Second
		c.mu.Unlock()
		// What it finds meanwhile on the former tip is worth nothing, and waited after too:
		// some 16 hashes each 116 ms.
		if h, b := mined(20 * time.Second); b < 10 || h < 1500 || h > 5000 {
			t.Errorf("%d hashes in 20 s with %d blocks, each followed by a second on the former tip: expected some 2,760", h, b)
		}
	})
}

// unusable is a device that nobody will ever hash on.
type unusable struct{ fakeBackend }

func (*unusable) NewHasher(context.Context, [32]byte) (compute.Hasher, error) {
	return nil, fmt.Errorf("%w: no variant works", compute.ErrUnusable)
}

// TestADeviceThatCannotBeUsed is stopped without another try, and the other mines on.
func TestADeviceThatCannotBeUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mineWith(t, newFakeChain(), &unusable{fakeBackend{name: "a", workers: 2}}, &fakeBackend{name: "b", workers: 1, batch: 1, delay: time.Millisecond})
		m.SetMining(true)
		time.Sleep(time.Second)
		all := m.Devices()
		if a := all[0]; !strings.Contains(a.Failed, "no variant works") || a.Trouble != "" {
			t.Errorf("%+v", a)
		}
		if b := all[1]; b.Failed != "" || b.Hashes == 0 {
			t.Errorf("%+v", b)
		}
	})
}

// growing is a device whose batch is 1 at first and then 4.
type growing struct {
	fakeBackend
	batches chan int
}

func (g *growing) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	return &growingHasher{fakeHasher{&g.fakeBackend, seed}, g, 1}, nil
}

type growingHasher struct {
	fakeHasher
	growing *growing
	batch   int
}

func (h *growingHasher) Batch() int { return h.batch }

func (h *growingHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	h.batch = 4
	select {
	case h.growing.batches <- len(headers):
	default:
	}
	return h.fakeHasher.Hash(ctx, results, headers)
}

// TestABatchThatGrows is filled from the next one on.
func TestABatchThatGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &growing{fakeBackend{name: "a", workers: 1, delay: time.Millisecond}, make(chan int, 3)}
		mineWith(t, newFakeChain(), g).SetMining(true)
		if got := [3]int{<-g.batches, <-g.batches, <-g.batches}; got != [3]int{1, 4, 4} {
			t.Errorf("batches of %v", got)
		}
	})
}
