package stratum

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// findWhole is the first nonce of eight digits whose hash passes the test as it stands, and misses the job's target as the lower
// half of one of the rig's own.
func findWhole(j *wire.Job, test func(hash [32]byte) bool) uint64 {
	low := *j
	low.Nonce = 0x10000000
	n := find(&low, 0, test)
	for j.Target.Met(fakeHash(j.HeaderHash(j.Nonce&^(1<<32-1) | n))) {
		n = find(&low, n-low.Nonce+1, test)
	}
	return n
}

// TestOneShareInTwoForms: a nonce whose upper half is zero, in sixteen digits and then in eight.
func TestOneShareInTwoForms(t *testing.T) {
	for _, swap := range []bool{false, true} {
		inBubble(t, hardBits, func(_ *front, cfg *Config) { cfg.MinDifficulty, cfg.StartDifficulty = 4, 4 }, func(t *testing.T, f *front) {
			r := f.dial().login("a.b")
			defer r.close()
			j := r.job
			n := findWhole(&j, j.Target.Met)
			forms := []string{fmt.Sprintf("%016x", n), fmt.Sprintf("%08x", n)}
			if swap {
				forms[0], forms[1] = forms[1], forms[0]
			}
			if err := r.submit(j.ID, forms[0]); err != nil {
				t.Errorf("first: %v", err)
			}
			if err := r.submit(j.ID, forms[1]); code(err) != wire.CodeDuplicate {
				t.Errorf("the same nonce as %s: %v, expected a duplicate", forms[1], err)
			}
			if st := f.server.Stats(); st.Shares["accepted"] != 1 {
				t.Errorf("one share counted %d times", st.Shares["accepted"])
			}
		})
	}
}

// TestSharesComeAgain: on one tip, once more shares have come than are remembered.
func TestSharesComeAgain(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		r := f.dial().login("a.b+1")
		defer r.close()
		j := r.job
		for i := range uint64(2049) {
			if err := r.submit(j.ID, wire.FormatNonce(j.Nonce+i)); err != nil {
				t.Fatalf("share %d: %v", i, err)
			}
		}
		time.Sleep(time.Second)
		for i := range uint64(10) {
			if err := r.submit(j.ID, wire.FormatNonce(j.Nonce+i)); code(err) != wire.CodeDuplicate {
				t.Fatalf("share %d again: %v, expected a duplicate", i, err)
			}
		}
	})
}

// TestABlockBroughtAgainIsADuplicate: the server took it, and its answer was lost with the connection. The rig takes
// a duplicate for a yes, and "job not found" for a block of unknown fate. That holds for each meaning of its nonce.
func TestABlockBroughtAgainIsADuplicate(t *testing.T) {
	for _, nonceOf := range []func(*wire.Job) string{
		func(j *wire.Job) string { return wire.FormatNonce(find(j, 0, isBlock(j))) },
		func(j *wire.Job) string { return fmt.Sprintf("%08x", findWhole(j, isBlock(j))) },
	} {
		inBubble(t, easyBits, func(_ *front, cfg *Config) { cfg.MinDifficulty, cfg.StartDifficulty = 4, 4 }, func(t *testing.T, f *front) {
			r := f.dial().login("a.b")
			old := r.job
			nonce := nonceOf(&old)
			if err := r.submit(old.ID, nonce); err != nil {
				t.Fatal(err)
			}
			f.expectBlocks(t, 1)
			r.close()
			time.Sleep(time.Second)
			r = f.dial().login("a.b")
			defer r.close()
			if err := r.submit(old.ID, nonce); code(err) != wire.CodeDuplicate {
				t.Errorf("the block that the chain has: %v, expected a duplicate", err)
			}
		})
	}
}

// TestStaleSharesCrowdNoneOut: they cost nothing and are never counted; enough of them would have a session forget those that were.
func TestStaleSharesCrowdNoneOut(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		r := f.dial().login("a.b+1")
		defer r.close()
		old := r.job
		f.connect(7)
		synctest.Wait()
		r.message()
		for i := range uint64(5) {
			if err := r.submit(r.job.ID, wire.FormatNonce(r.job.Nonce+i)); err != nil {
				t.Fatal(err)
			}
		}
		for _, again := range []string{"Block expired", "Duplicate share"} {
			if err := r.submit(old.ID, "00000001"); err == nil || err.Message != again {
				t.Errorf("a stale share: %v, expected %q", err, again)
			}
		}
		s := f.server.sessions[0]
		s.mu.Lock()
		defer s.mu.Unlock()
		if n := len(s.seen.few) + len(s.seen.many); n != 5 {
			t.Errorf("%d shares are remembered, expected the 5 that were counted", n)
		}
	})
}
