package stratum

import (
	"fmt"
	"testing"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestBadSharesAreCounted: of fifty shares forty bad ones are too many, and 39 are not. The first time
// the rig gets its job again, the second time in a row it is dropped.
func TestBadSharesAreCounted(t *testing.T) {
	const again, lost, neither = "again", "lost", ""
	for _, c := range []struct {
		bad  []int // of each fifty
		want []string
	}{
		{[]int{39, 39, 39}, []string{neither, neither, neither}},
		{[]int{40, 40}, []string{again, lost}},
		{[]int{40, 39, 40, 50}, []string{again, neither, again, lost}},
		{[]int{0, 50}, []string{neither, again}},
	} {
		var m badShares
		for round, bad := range c.bad {
			m.resend = false
			for n := range 50 {
				if m.resend || m.drop {
					t.Errorf("%v: judged after %d of round %d", c.bad, n, round)
				}
				// What is not the rig's doing does not count.
				m.count(verdictStale)
				m.count(verdictRefused)
				switch {
				case n >= bad:
					m.count(verdictAccepted)
				default:
					m.count([]verdict{verdictLow, verdictDuplicate, verdictInvalid}[n%3])
				}
			}
			got := map[[2]bool]string{{true, false}: again, {false, true}: lost, {false, false}: neither}[[2]bool{m.resend, m.drop}]
			if got != c.want[round] {
				t.Errorf("%v, round %d: %q, expected %q", c.bad, round, got, c.want[round])
			}
		}
	}
}

// TestBadShares: who sends nothing else gets the job again, and then is dropped.
func TestBadShares(t *testing.T) {
	inBubble(t, hardBits, func(_ *front, cfg *Config) { cfg.StartDifficulty, cfg.MinDifficulty = 1<<31, 1<<31 }, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		sent, again := 0, false
		for id, lost := r.job.ID, false; !lost; sent++ {
			if sent > 3*judgedAtOnce {
				t.Fatal("never dropped")
			}
			r.write(fmt.Sprintf(`{"method":"submit","params":{"job_id":"%s","nonce":"%016x"},"id":1}`+"\n", r.job.ID, r.job.Nonce+uint64(sent)))
			for m := r.message(); ; m = r.message() {
				if m.Method == wire.MethodJob {
					again = again || r.job.ID != id && sent >= judgedAtOnce-1 && sent < judgedAtOnce+2
					continue
				}
				lost = m.Error.Message == "Too many bad shares"
				if lost = lost || code(m.Error) != wire.CodeLow; lost {
					break
				}
				break
			}
		}
		if !again || sent < 2*judgedAtOnce || r.line() != "" {
			t.Errorf("dropped after %d, job sent again: %v", sent, again)
		}
		r = f.dial().login("a.b") // Nobody is banned.
		r.close()
	})
}
