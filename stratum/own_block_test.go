package stratum

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestNoHashAgainstOurOwnBlock: what is stale because a block of ours was taken can win
// nothing, block or not, and costs no hash.
func TestNoHashAgainstOurOwnBlock(t *testing.T) {
	inBubble(t, easyBits, nil, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		old := r.job
		first := find(&old, 0, isBlock(&old))
		if err := r.submit(old.ID, wire.FormatNonce(first)); err != nil {
			t.Fatal(err)
		}
		f.expectBlocks(t, 1)
		time.Sleep(time.Second)
		before := f.backend.hashes.Load()
		second := find(&old, first+1-old.Nonce, isBlock(&old))
		if err := r.submit(old.ID, wire.FormatNonce(second)); code(err) != wire.CodeJobNotFound || err.Message != "Block expired" {
			t.Errorf("told %v", err)
		}
		time.Sleep(10 * time.Second)
		if n := f.backend.hashes.Load() - before; n != 0 {
			t.Errorf("%d hashes were spent on it", n)
		}
		f.expectBlocks(t, 1)
	})
}

// TestNoHashAgainstABlockTakenMeanwhile: as above, but ours is taken while the stale one
// waits for its hash.
func TestNoHashAgainstABlockTakenMeanwhile(t *testing.T) {
	slow := func(f *front, cfg *Config) { f.backend.took, cfg.Workers = time.Second, 1 }
	inBubble(t, easyBits, slow, func(t *testing.T, f *front) {
		r, other := f.dial().login("a.b"), f.dial().login("a.c")
		defer r.close()
		defer other.close()
		old := f.chain.Tip()
		submit := func(r *testRig) {
			r.write(fmt.Sprintf(`{"method":"submit","params":{"id":"a.b","job_id":"%s","nonce":"%s"},"id":5}`+"\n", r.job.ID, wire.FormatNonce(find(&r.job, 0, isBlock(&r.job)))))
			synctest.Wait()
		}
		submit(r) // Its hash takes a second.
		f.connect(7)
		synctest.Wait()
		submit(other) // It is stale, and waits behind the first.
		if n := f.backend.hashes.Load(); n != 1 {
			t.Fatalf("%d hashes are under way", n)
		}
		f.chain.mu.Lock()
		f.chain.tip = old // The first wins the race after all.
		f.chain.mu.Unlock()
		time.Sleep(10 * time.Second)
		if p, _ := f.chain.blocks(); p != 1 || f.backend.hashes.Load() != 1 {
			t.Errorf("%d blocks, %d hashes, expected one each", p, f.backend.hashes.Load())
		}
	})
}
