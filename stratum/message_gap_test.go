package stratum

import (
	"fmt"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestNoGapForRigsThatReadLines: our rig has the reply to its block and the job that
// follows without a pause, old versions too. Who may take what a read yields for one
// message, or has only a name that is like it, keeps the gap.
func TestNoGapForRigsThatReadLines(t *testing.T) {
	for agent, gap := range map[string]bool{
		"bytom-solo/0.1.0": false, "bytom-solo/dev": false,
		"bmminer/2.0.0": true, "": true, "my bytom-solo/1": true, "bytom-solo": true, "bytom-testnet/b3": true,
	} {
		inBubble(t, easyBits, nil, func(t *testing.T, f *front) {
			r := f.dial().loginAs(agent)
			defer r.close()
			began := time.Now()
			const blocks = 20
			for n := range uint64(blocks) {
				height := r.job.Height
				if height != 11+n {
					t.Fatalf("%q: a job of height %d, expected %d", agent, height, 11+n)
				}
				if err := r.submit(r.job.ID, wire.FormatNonce(find(&r.job, 0, isBlock(&r.job)))); err != nil {
					t.Fatalf("%q: %v", agent, err)
				}
				for r.job.Height == height {
					r.message()
				}
			}
			took := time.Since(began)
			if !gap && took > blocks*20*time.Millisecond || gap && took < blocks*100*time.Millisecond {
				t.Errorf("%q: %d blocks took %v", agent, blocks, took)
			}
		})
	}
}

// TestNoJobWaitsForReplies: a rig is owed replies to many shares, which wait for their
// hashes or are ready, when there is a new tip. Its job comes at once, or after one gap.
func TestNoJobWaitsForReplies(t *testing.T) {
	for agent, most := range map[string]time.Duration{"bytom-solo/0.1.0": time.Millisecond, "bmminer/2.0.0": 100 * time.Millisecond} {
		for _, ready := range []bool{false, true} {
			slow := func(f *front, cfg *Config) { f.backend.took, cfg.Workers = time.Second, 1 }
			inBubble(t, hardBits, slow, func(t *testing.T, f *front) {
				r := f.dial().loginAs(agent)
				defer r.close()
				time.Sleep(time.Second)
				j := r.job
				for n := range uint64(10) {
					nonce := wire.FormatNonce(find(&j, n<<10, j.Target.Met))
					if ready {
						nonce = "no nonce" // It costs no hash to refuse.
					}
					r.write(fmt.Sprintf(`{"method":"submit","params":{"job_id":%q,"nonce":%q},"id":%d}`+"\n", j.ID, nonce, n+1))
				}
				time.Sleep(10 * time.Millisecond)
				f.connect(9)
				began := time.Now()
				for r.job.Height != 12 {
					r.message()
				}
				if took := time.Since(began); took > most {
					t.Errorf("%q, replies ready %v: the job came after %v", agent, ready, took)
				}
			})
		}
	}
}

// TestBelowDifficultyOne: on a network where each hash is a block, a rig that waits for the
// job that follows its block has all it sends taken, and spends its time on hashing: what
// became the tip costs no budget, and nothing waits for a gap.
func TestBelowDifficultyOne(t *testing.T) {
	const (
		everyHash = 0x21<<56 | 1<<52 // 2^292, which is clamped
		hash      = 50 * time.Millisecond
		verifying = 30 * time.Millisecond
		shares    = 100
	)
	busy := func(f *front, cfg *Config) { f.backend.took, cfg.Budget = verifying, 5 }
	inBubble(t, everyHash, busy, func(t *testing.T, f *front) {
		r := f.dial().loginAs("bytom-solo/0.1.0")
		defer r.close()
		began := time.Now()
		for n := range shares {
			time.Sleep(hash)
			height := r.job.Height
			if err := r.submit(r.job.ID, wire.FormatNonce(r.job.Nonce)); err != nil {
				t.Fatalf("share %d: %v", n, err)
			}
			for r.job.Height == height {
				r.message()
			}
		}
		if took := time.Since(began); took > shares*(hash+verifying+10*time.Millisecond) {
			t.Errorf("%d shares took %v", shares, took)
		}
		f.expectBlocks(t, shares)
	})
}
