package mining

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
)

// mineWith runs a miner on devices until the test's end.
func mineWith(t *testing.T, c *fakeChain, devices ...compute.Backend) *Miner {
	t.Helper()
	return mineChecked(t, c, nil, devices...)
}

// mineChecked is mineWith with a canary.
func mineChecked(t *testing.T, c *fakeChain, check Canary, devices ...compute.Backend) *Miner {
	t.Helper()
	g := newTestGenerator(c)
	c.onBlock = g.TipChanged
	runGenerator(t, g)
	v := compute.NewVerifier(&fakeBackend{name: "verifier", workers: 1, batch: 1})
	var names []string
	for _, d := range devices {
		names = append(names, d.Info().Name)
	}
	m := NewMiner(MinerConfig{
		Devices: devices, Settings: MinerSettings{Devices: names}, Observe: c.observe, Generator: g, Extranonces: NewExtranonces(), Canary: check,
		Submitter: NewSubmitter(SubmitterConfig{Sink: c, Source: c, Verifier: v}),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
		v.Close()
	})
	m.SetMining(true)
	return m
}

func TestMinerFindsBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		m := mineWith(t, c, &fakeBackend{name: "a", workers: 2, batch: 4, delay: 10 * time.Millisecond})
		time.Sleep(5 * time.Second)
		blocks := c.blocks()
		if len(blocks) < 10 {
			t.Fatalf("%d blocks in 5 s of 800 hashes/s at one in 16", len(blocks))
		}
		for i, b := range blocks {
			if b.Height != uint64(11+i) || b.Nonce > MaxNonce {
				t.Fatalf("block %d: height %d nonce %#x", i, b.Height, b.Nonce)
			}
		}
		d := m.Devices()[0]
		if d.Hashrate.Ten < 700 || d.Hashrate.Ten > 900 {
			t.Errorf("hashrate %.0f H/s, expected about 800", d.Hashrate.Ten)
		}
		if d.Failed != "" {
			t.Errorf("device failed: %s", d.Failed)
		}
	})
}

// TestAMinersBlocksAreNoRivals has workers that find several blocks on a tip at the same
// moment, and in one batch: the chain gets the first.
func TestAMinersBlocksAreNoRivals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		m := mineWith(t, c, &fakeBackend{name: "a", workers: 4, batch: 16, delay: 10 * time.Millisecond})
		time.Sleep(2 * time.Second)
		m.SetMining(false)
		synctest.Wait()
		if len(c.blocks()) < 50 || c.sides > 0 {
			t.Errorf("%d blocks, and %d that lost the race to them", len(c.blocks()), c.sides)
		}
	})
}

// nonceBackend is a fakeBackend that makes header hashes itself, and takes none.
type nonceBackend struct{ *fakeBackend }

func (b nonceBackend) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	return nonceHasher{&fakeHasher{b.fakeBackend, seed}}, nil
}

type nonceHasher struct{ of *fakeHasher }

func (h nonceHasher) Batch() int   { return h.of.Batch() }
func (h nonceHasher) Close() error { return nil }

func (nonceHasher) Hash(context.Context, [][32]byte, [][32]byte) error {
	return errors.New("it was given header hashes")
}

func (h nonceHasher) HashNonces(ctx context.Context, results [][32]byte, header *compute.BlockHeader, nonces []uint64) error {
	headers := make([][32]byte, len(nonces))
	for i, nonce := range nonces {
		headers[i] = header.Hash(nonce)
	}
	return h.of.Hash(ctx, results, headers)
}

// TestMinerOfADeviceThatMakesHeaderHashes finds blocks by nonces alone, and no header
// is tried twice.
func TestMinerOfADeviceThatMakesHeaderHashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		seen := make(map[[32]byte]bool)
		record := func(h [32]byte) {
			mu.Lock()
			defer mu.Unlock()
			if seen[h] {
				t.Errorf("header %x is tried again", h)
			}
			seen[h] = true
		}
		c := newFakeChain()
		m := mineWith(t, c, nonceBackend{&fakeBackend{name: "a", workers: 2, batch: 4, delay: 10 * time.Millisecond, seen: record}})
		time.Sleep(5 * time.Second)
		if n := len(c.blocks()); n < 10 {
			t.Errorf("%d blocks in 5 s of 800 hashes/s at one in 16", n)
		}
		if d := m.Devices()[0]; d.Failed != "" || d.Hashes < 3500 {
			t.Errorf("%+v", d)
		}
	})
}

func TestWorkersNeverShareAHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		seen := make(map[[32]byte]int)
		record := func(h [32]byte) { mu.Lock(); seen[h]++; mu.Unlock() }
		c := newFakeChain()
		c.tip.Bits = 1 // Nothing is ever found.
		mineWith(t, c,
			&fakeBackend{name: "a", workers: 3, batch: 5, delay: time.Millisecond, seen: record},
			&fakeBackend{name: "b", workers: 2, batch: 7, delay: time.Millisecond, seen: record})
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		if len(seen) < 10_000 {
			t.Fatalf("only %d headers", len(seen))
		}
		for h, n := range seen {
			if n > 1 {
				t.Fatalf("header %x was hashed %d times", h, n)
			}
		}
	})
}

func TestMinerSwitchesWithinOneBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		c.tip.Bits = 1
		const delay = 50 * time.Millisecond
		m := mineWith(t, c, &fakeBackend{name: "a", workers: 1, batch: 3, delay: delay})
		time.Sleep(time.Second + delay/2)
		c.connect(2)
		c.onBlock()
		time.Sleep(10 * delay)
		if wasted := m.Devices()[0].Wasted; wasted != 3 {
			t.Errorf("%d hashes went into the old tip, expected the one batch of 3 under way", wasted)
		}
	})
}

func TestAWrongDeviceIsStoppedAndTheRestMine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		m := mineWith(t, c,
			&fakeBackend{name: "bad", workers: 2, batch: 1, delay: time.Millisecond, wrong: true},
			&fakeBackend{name: "good", workers: 1, batch: 1, delay: time.Millisecond})
		time.Sleep(2 * time.Second)
		d := m.Devices()
		if d[0].Failed == "" || d[0].Hashrate.Ten > 50 {
			t.Errorf("the wrong device: %+v", d[0])
		}
		if d[1].Failed != "" || len(c.blocks()) < 10 {
			t.Errorf("the good device: %+v, %d blocks", d[1], len(c.blocks()))
		}
	})
}

func TestALostDeviceComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		var lost atomic.Bool
		lost.Store(true)
		var mu sync.Mutex
		var tries []time.Duration // since the first
		start := time.Now()
		m := mineWith(t, c, &fakeBackend{name: "a", workers: 1, batch: 1, delay: 10 * time.Millisecond, fail: func([][32]byte) error {
			if lost.Load() {
				mu.Lock()
				defer mu.Unlock()
				tries = append(tries, time.Since(start))
				return fmt.Errorf("device lost")
			}
			return nil
		}})
		// Twice as long a pause after each failure, up to a minute.
		time.Sleep(200 * time.Second)
		mu.Lock()
		if want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183}; len(c.blocks()) != 0 || !slices.EqualFunc(tries, want, func(got, want time.Duration) bool { return got == want*time.Second }) {
			t.Fatalf("%d blocks by a lost device, tried after %v, expected %d s", len(c.blocks()), tries, want)
		}
		tries = nil
		mu.Unlock()
		lost.Store(false)
		time.Sleep(60 * time.Second)
		if len(c.blocks()) < 10 || m.Devices()[0].Failed != "" {
			t.Errorf("%d blocks after the device came back: %+v", len(c.blocks()), m.Devices()[0])
		}
		// What failed before it came back does not count.
		lost.Store(true)
		time.Sleep(2 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if len(tries) != 2 {
			t.Errorf("lost again, it was tried %d times in 2 s, expected at once and after a second", len(tries))
		}
	})
}

// TestALostBatchIsHashedAgain loses the device in a batch, and looks for its headers in
// what comes after.
func TestALostBatchIsHashedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		c.tip.Bits = 1 // Nothing is ever found.
		var mu sync.Mutex
		batches, lost, seen := 0, [][32]byte(nil), make(map[[32]byte]int)
		mineWith(t, c, &fakeBackend{name: "a", workers: 1, batch: 5, delay: time.Millisecond,
			fail: func(headers [][32]byte) error {
				mu.Lock()
				defer mu.Unlock()
				if batches++; batches == 3 || batches == 4 {
					lost = append(lost, headers...)
					return errors.New("device lost")
				}
				return nil
			},
			seen: func(h [32]byte) { mu.Lock(); seen[h]++; mu.Unlock() },
		})
		time.Sleep(4 * time.Second) // The back-off is a second, then two.
		mu.Lock()
		defer mu.Unlock()
		if len(lost) != 10 {
			t.Fatalf("%d headers were in batches that were lost, expected 10", len(lost))
		}
		for _, h := range lost {
			if seen[h] != 1 {
				t.Errorf("header %x was hashed %d times after it was lost, expected once", h, seen[h])
			}
		}
	})
}

func TestSetMining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		m := mineWith(t, c, &fakeBackend{name: "a", workers: 1, batch: 1, delay: time.Millisecond})
		time.Sleep(time.Second)
		m.SetMining(false)
		time.Sleep(time.Second)
		n := len(c.blocks())
		time.Sleep(5 * time.Second)
		if m.Mining() || len(c.blocks()) != n || n == 0 {
			t.Errorf("switched off: mining %v, %d blocks, then %d", m.Mining(), n, len(c.blocks()))
		}
		m.SetMining(true)
		time.Sleep(time.Second)
		if len(c.blocks()) == n {
			t.Error("switched on again, nothing is found")
		}
	})
}

// TestSwitchedOffNothingIsUnderWay switches a miner off while the chain has a block of it.
func TestSwitchedOffNothingIsUnderWay(t *testing.T) {
	c := newFakeChain()
	submitting, resume := make(chan struct{}, 1), make(chan struct{})
	var underWay atomic.Int32
	c.outcome = func(*types.Block) (Outcome, error) {
		underWay.Add(1)
		defer underWay.Add(-1)
		mark(submitting)
		<-resume
		return SideChain, nil
	}
	m := mineWith(t, c, &fakeBackend{name: "a", workers: 1, batch: 1})
	<-submitting
	if err := m.Idle(t.Context()); err != nil {
		t.Errorf("on: %v", err)
	}
	m.SetMining(false)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Idle(over); !errors.Is(err, context.Canceled) {
		t.Errorf("off, with a block under way: %v", err)
	}
	close(resume)
	if err := m.Idle(t.Context()); err != nil || underWay.Load() != 0 {
		t.Errorf("off, %d blocks are under way: %v", underWay.Load(), err)
	}
}

// TestSettingsChangeWhileItRuns moves the work from one device to another, and to
// fewer workers.
func TestSettingsChangeWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		c.tip.Bits = 1
		m := mineWith(t, c,
			&fakeBackend{name: "a", workers: 4, batch: 1, delay: 10 * time.Millisecond},
			&fakeBackend{name: "b", workers: 4, batch: 1, delay: 10 * time.Millisecond})
		for _, test := range []struct {
			settings MinerSettings
			a, b     float64
		}{
			{MinerSettings{On: true, Devices: []string{"a", "b"}}, 400, 400},
			{MinerSettings{On: true, Devices: []string{"b"}}, 0, 400},
			{MinerSettings{On: true, Devices: []string{"a"}, Threads: 1}, 100, 0},
			{MinerSettings{On: true, Devices: []string{"a"}, Threads: -1}, 300, 0},
			{MinerSettings{On: true, Devices: []string{"a"}, Threads: -9}, 100, 0},
			{MinerSettings{On: true, Devices: []string{"a", "b"}, Percent: 25}, 100, 100},
			{MinerSettings{On: true, Devices: []string{"a"}, Percent: 100}, 400, 0},
			{MinerSettings{On: true}, 0, 0},
			{MinerSettings{Devices: []string{"a", "b"}}, 0, 0},
		} {
			m.Set(test.settings)
			time.Sleep(30 * time.Second)
			d := m.Devices()
			near := func(got, want float64) bool { return got >= 0.9*want && got <= 1.1*want }
			if !near(d[0].Hashrate.Ten, test.a) || !near(d[1].Hashrate.Ten, test.b) {
				t.Errorf("%+v: %.0f and %.0f H/s, expected %.0f and %.0f", test.settings, d[0].Hashrate.Ten, d[1].Hashrate.Ten, test.a, test.b)
			}
			if used := test.a > 0 || !test.settings.On; d[0].Used != used {
				t.Errorf("%+v: a is used: %v", test.settings, d[0].Used)
			}
		}
	})
}

// TestStagesOfDevicesAreObserved changes the tip and the seed under a miner.
func TestStagesOfDevicesAreObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		c.tip.Bits = 1
		var mu sync.Mutex
		seen := make(map[Stage][]time.Duration)
		b := &fakeBackend{name: "a", workers: 1, batch: 1, delay: 10 * time.Millisecond, prepare: 30 * time.Millisecond}
		c.observe = func(s Stage, d time.Duration) { mu.Lock(); defer mu.Unlock(); seen[s] = append(seen[s], d) }
		m := mineWith(t, c, b)
		time.Sleep(time.Second)
		for i := range 10 {
			c.mu.Lock()
			c.tip.Hash.V0++
			if i == 5 {
				c.tip.Seed.V0++
			}
			c.mu.Unlock()
			c.onBlock()
			time.Sleep(time.Second + time.Millisecond)
		}
		mu.Lock()
		defer mu.Unlock()
		if got := seen[StageSwitch]; len(got) != 10 || slices.Max(got) > 10*time.Millisecond {
			t.Errorf("switched after %v, expected ten times within a batch of 10 ms", got)
		}
		if got := seen[StageSeed]; len(got) != 1 || got[0] > 30*time.Millisecond {
			t.Errorf("dead time %v, expected one of 30 ms at the most", got)
		}
		if d := m.Devices()[0]; d.SeedSwitch != seen[StageSeed][0].Seconds() {
			t.Errorf("dead time told: %v", d.SeedSwitch)
		}
	})
}
