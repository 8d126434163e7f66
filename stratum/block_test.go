package stratum

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// expectBlocks waits until the chain has had so many blocks, each journaled. It is for
// bubbles.
func (f *front) expectBlocks(t *testing.T, n int) {
	t.Helper()
	for range 100 {
		if p, _ := f.chain.blocks(); p >= n {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	synctest.Wait() // The chain has the last one before it is announced and counted.
	p, a := f.chain.blocks()
	if fates := f.journal.Open(); p != n || a != n || len(fates) != n {
		t.Errorf("%d blocks processed, %d announced, %d journaled, expected %d", p, a, len(fates), n)
	} else if n > 0 && (fates[0].By.Kind != mining.FoundByRig || fates[0].By.Name == "" || fates[0].By.Address == "") {
		t.Errorf("block %s was found by %+v, expected a rig", fates[0].ID.String(), fates[0].By)
	}
}

// TestABlockOfAPastJob: of the same tip, two jobs ago.
func TestABlockOfAPastJob(t *testing.T) {
	inBubble(t, easyBits, nil, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		old := r.job
		time.Sleep(3 * time.Minute) // The job comes again, four times or more.
		if err := r.submit(old.ID, wire.FormatNonce(find(&old, 0, isBlock(&old)))); err != nil {
			t.Error(err)
		}
		f.expectBlocks(t, 1)
	})
}

// TestABlockOfAStaleJob is refused as stale, and tried all the same: it may win a race.
func TestABlockOfAStaleJob(t *testing.T) {
	inBubble(t, easyBits, nil, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		old := r.job
		f.connect(7)
		time.Sleep(time.Second)
		if err := r.submit(old.ID, wire.FormatNonce(find(&old, 0, isBlock(&old)))); code(err) != wire.CodeJobNotFound || err.Message != "Block expired" {
			t.Errorf("told %v", err)
		}
		f.expectBlocks(t, 1)
		if st := f.server.Stats(); st.Shares["stale"] != 1 || st.Shares["accepted"] != 0 || st.Blocks != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// TestABlockOfASessionThatIsOver: the connection goes while the share waits for its hash.
func TestABlockOfASessionThatIsOver(t *testing.T) {
	inBubble(t, easyBits, func(f *front, _ *Config) { f.backend.took = time.Second }, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		j := r.job
		r.write(fmt.Sprintf(`{"method":"submit","params":{"id":"a.b","job_id":"%s","nonce":"%016x"},"id":5}`+"\n", j.ID, find(&j, 0, isBlock(&j))))
		// An end of the connection is taken for the end of its half; this one is thrown out.
		_, _ = io.WriteString(r.conn, strings.Repeat("x", wire.MaxLine))
		time.Sleep(100 * time.Millisecond)
		if p, _ := f.chain.blocks(); f.server.Stats().Sessions != 0 || p != 0 {
			t.Errorf("the session goes on, %d blocks", p)
		}
		f.expectBlocks(t, 1)
		r.close()
	})
}

// TestABlockBroughtByTheNextSession: the rig lost its connection, which the server may not know yet, found a block, and
// comes back with it.
func TestABlockBroughtByTheNextSession(t *testing.T) {
	for _, known := range []bool{true, false} {
		inBubble(t, easyBits, nil, func(t *testing.T, f *front) {
			gone := f.dial().login("a.b")
			defer gone.close()
			old := gone.job
			if known {
				gone.close()
				time.Sleep(time.Second)
			}
			r := f.dial().login("a.b")
			defer r.close()
			if err := r.submit(old.ID, wire.FormatNonce(find(&old, 0, isShare(&old)))); code(err) != wire.CodeJobNotFound {
				t.Errorf("a share: %v", err)
			}
			if err := r.submit(old.ID, wire.FormatNonce(find(&old, 0, isBlock(&old)))); err != nil {
				t.Errorf("a block: %v", err)
			}
			f.expectBlocks(t, 1)
		})
	}
}

// TestABlockWithItsQueueFull: a rig floods with what is of no worth, then finds a block.
func TestABlockWithItsQueueFull(t *testing.T) {
	crowded := func(f *front, cfg *Config) { f.backend.took, cfg.Budget = 50*time.Millisecond, 1 }
	inBubble(t, easyBits, crowded, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		j := r.job
		for i := range 40 {
			r.write(fmt.Sprintf(`{"method":"submit","params":{"job_id":"%s","nonce":"%016x"},"id":%d}`+"\n", j.ID, j.Nonce+1<<20+uint64(i), i))
		}
		if n := f.server.queue.length(); n < 20 {
			t.Errorf("%d shares in the queue", n)
		}
		r.write(fmt.Sprintf(`{"method":"submit","params":{"job_id":"%s","nonce":"%016x"},"id":99}`+"\n", j.ID, find(&j, 0, isBlock(&j))))
		for string(r.reply().ID) != "99" {
			continue
		}
		if p, _ := f.chain.blocks(); p == 0 {
			t.Error("no block")
		}
	})
}

// TestABlockThroughAFlood: on a network where a share is hardly ever a block, ten rigs fill
// the queue many times over. A quiet rig's share is hashed in its turn all the same.
func TestABlockThroughAFlood(t *testing.T) {
	crowded := func(f *front, cfg *Config) { f.backend.took, cfg.Budget = 10*time.Millisecond, 5 }
	const bits = 0x1b<<56 | 1<<50 // one in 16,384
	inBubble(t, bits, crowded, func(t *testing.T, f *front) {
		for i := range 10 {
			r := f.dial().login(fmt.Sprint("flood.", i, "+1"))
			defer r.close()
			go flood(r)
		}
		time.Sleep(5 * time.Second)
		if st := f.server.Stats(); st.Waiting > 10*mostWaiting || st.Waiting < 5*mostWaiting {
			t.Errorf("%d shares wait", st.Waiting)
		}
		before := f.backend.hashes.Load()
		r := f.dial().login("quiet.1+1")
		defer r.close()
		j := r.job
		began := time.Now()
		if err := r.submit(j.ID, wire.FormatNonce(find(&j, 0, isBlock(&j)))); err != nil {
			t.Error(err)
		}
		if p, _ := f.chain.blocks(); p != 1 {
			t.Errorf("%d blocks", p)
		}
		took, hashed := time.Since(began), f.backend.hashes.Load()-before
		if took > 5*time.Second || hashed > int64(5*took.Seconds())+3 {
			t.Errorf("after %v and %d hashes", took, hashed)
		}
	})
}

// TestARefusedBlockIsAShare: what the chain says is not the rig's fault.
func TestARefusedBlockIsAShare(t *testing.T) {
	inBubble(t, easyBits, nil, func(t *testing.T, f *front) {
		f.ahead.Store(int64(-10 * time.Hour)) // Its timestamp is far ahead of the chain's clock now.
		r := f.dial()
		defer r.close()
		f.chain.mu.Lock()
		f.chain.tip.MedianTime = uint64(time.Now().Unix())
		f.chain.mu.Unlock()
		f.connect(5)
		synctest.Wait()
		r.login("a.b")
		j := r.job
		if err := r.submit(j.ID, wire.FormatNonce(find(&j, 0, isBlock(&j)))); err != nil {
			t.Errorf("told %v", err)
		}
		if log := f.log.String(); !strings.Contains(log, "block of a rig not taken") || !strings.Contains(log, mining.ErrTimeTooNew.Error()) {
			t.Errorf("the log:\n%s", log)
		}
	})
}

// TestABlockWhileTheServerStops: what has been read still gets out.
func TestABlockWhileTheServerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, easyBits, func(f *front, _ *Config) { f.backend.took = 300 * time.Millisecond })
		synctest.Wait()
		r := f.dial().login("a.b")
		defer r.close()
		j := r.job
		nonce := find(&j, 0, isBlock(&j))
		for i := range 5 { // Two at a time are hashed.
			r.write(fmt.Sprintf(`{"method":"submit","params":{"job_id":"%s","nonce":"%016x"},"id":%d}`+"\n", j.ID, j.Nonce+1<<20+uint64(i), i))
		}
		r.write(fmt.Sprintf(`{"method":"submit","params":{"job_id":"%s","nonce":"%016x"},"id":9}`+"\n", j.ID, nonce))
		synctest.Wait()
		f.close()
		if !slices.ContainsFunc(f.chain.processed, func(b *types.Block) bool { return b.Nonce == nonce }) {
			t.Error("no block")
		}
	})
}
