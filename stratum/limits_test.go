package stratum

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

func TestDeadlines(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		began := time.Now()
		silent := f.dial()
		if got := silent.line(); got != "" || time.Since(began) != 15*time.Second {
			t.Errorf("no login: %q after %v", got, time.Since(began))
		}
		// Lines that are no login don't count.
		chatty := f.dial()
		go func() {
			for {
				if _, err := io.WriteString(chatty.conn, `{"method":"keepalived","id":1}`+"\n"); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		began = time.Now()
		for chatty.line() != "" {
			continue
		}
		if took := time.Since(began); took > 16*time.Second {
			t.Errorf("talk without a login lasted %v", took)
		}
		idle := f.dial().login("idle.1")
		began = time.Now()
		for idle.line() != "" {
			continue
		}
		if took := time.Since(began); took < 59*time.Minute || took > 61*time.Minute {
			t.Errorf("an idle session lasted %v", took)
		}
	})
}

func TestWhoMayConnect(t *testing.T) {
	limits := func(_ *front, cfg *Config) {
		cfg.Allow = []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fd00::/8")}
		cfg.MaxSessions, cfg.MaxPerAddress = 5, 2
	}
	inBubble(t, hardBits, limits, func(t *testing.T, f *front) {
		if got := f.dialFrom("10.0.0.1:5").line(); got != "" {
			t.Errorf("from elsewhere: %s", got)
		}
		for _, from := range []string{"192.168.0.1:5", "[::ffff:192.168.0.1]:6", "[fd00::1%eth0]:7", "192.168.0.3:8"} {
			f.dialFrom(from).login("a." + from[:3])
		}
		if got := f.dialFrom("192.168.0.1:9").line(); !strings.Contains(got, "Too many connections") {
			t.Errorf("a third from an address: %q", got)
		}
		last := f.dialFrom("192.168.0.5:10").login("a.5")
		if got := f.dialFrom("192.168.0.6:11").line(); !strings.Contains(got, "Too many connections") {
			t.Errorf("a sixth in all: %q", got)
		}
		last.close()
		synctest.Wait()
		f.dialFrom("192.168.0.6:12").login("a.6")
		if st := f.server.Stats(); st.Refused != 3 || st.Connections != 6 || st.Sessions != 5 {
			t.Errorf("%+v", st)
		}
	})
}

func TestFixedDifficulty(t *testing.T) {
	inBubble(t, hardBits, func(_ *front, cfg *Config) { cfg.MinDifficulty = 10 }, func(t *testing.T, f *front) {
		for login, want := range map[string]float64{"a.b+512": 512, "a.c+3": 10} {
			r := f.dial().login(login)
			for range 5 { // Silence does not lower it.
				if d := r.job.Target.Difficulty(); d < want*0.99 || d > want*1.01 {
					t.Errorf("%s: difficulty %g", login, d)
				}
				r.message()
			}
			r.close()
		}
	})
}

// TestAFixedDifficultyIsRaisedForAFlood: shares that are too many to be verified are refused unhashed, and the rig is told to wait for
// the difficulty to rise. So it does.
func TestAFixedDifficultyIsRaisedForAFlood(t *testing.T) {
	inBubble(t, hardBits, func(f *front, cfg *Config) { f.backend.took, cfg.Budget = time.Second, 0.5 }, func(t *testing.T, f *front) {
		r := f.dial().login("a.b+4")
		defer r.close()
		if d := r.job.Target.Difficulty(); d > 4.1 {
			t.Fatalf("difficulty %g", d)
		}
		first := r.job
		go func() {
			for n := range 4 * mostWaiting {
				if _, err := fmt.Fprintf(r.conn, `{"method":"submit","params":{"job_id":"%s","nonce":"%016x"},"id":1}`+"\n", first.ID, first.Nonce+uint64(n)); err != nil {
					return
				}
			}
		}()
		for end := time.Now().Add(time.Minute); r.job.Target.Difficulty() < 5; {
			if time.Now().After(end) {
				t.Fatalf("difficulty %g after a minute; %+v", r.job.Target.Difficulty(), f.server.Stats().Shares)
			}
			r.message()
		}
	})
}

// TestASilentRigIsLowered, and each share is judged by the target that its own job had.
func TestASilentRigIsLowered(t *testing.T) {
	inBubble(t, hardBits, func(_ *front, cfg *Config) { cfg.StartDifficulty = 1 << 20 }, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		first := r.job
		for r.job.Target.Difficulty() > 1000 {
			r.message()
		}
		easy := r.job
		nonce := find(&easy, 0, easy.Target.Met)
		if err := r.submit(easy.ID, wire.FormatNonce(nonce)); err != nil {
			t.Errorf("a share of the easy job: %v", err)
		}
		hard := find(&first, 0, easy.Target.Met)
		if first.Target.Met(fakeHash(first.HeaderHash(hard))) {
			t.Skip("a lucky hash")
		}
		if err := r.submit(first.ID, wire.FormatNonce(hard)); code(err) != wire.CodeLow {
			t.Errorf("a share of the hard job that meets the easy target: %v", err)
		}
	})
}

// TestStaleSharesAreWork: the difficulty of a rig whose shares all come too late for their
// tip is that of one whose don't. What is a share is drawn, by the same lots in each run: of
// true hashes, one rig in 50,000 seems to have changed its hashrate, and is measured anew.
func TestStaleSharesAreWork(t *testing.T) {
	share := [32]byte(bytes.Repeat([]byte{0xff}, 32)) // for any target, but no block
	clear(share[28:])
	drawn := func(_ *front, cfg *Config) {
		cfg.StartDifficulty, cfg.MinDifficulty = 16, 16
		cfg.Hash = func(context.Context, [32]byte, [32]byte) ([32]byte, error) { return share, nil }
	}
	lots := rand.New(rand.NewPCG(1, 9))
	inBubble(t, hardBits, drawn, func(t *testing.T, f *front) {
		prompt, late := f.dial().login("a.prompt"), f.dialFrom("10.0.0.2:1000").login("a.late")
		defer prompt.close()
		defer late.close()
		try := func(r *testRig, j wire.Job, n uint64) {
			if lots.Float64()*j.Target.Difficulty() < 1 {
				_ = r.submit(j.ID, wire.FormatNonce(j.Nonce+n))
			}
		}
		for tip := range 90 {
			former := late.job
			f.connect(byte(tip + 2))
			for _, r := range []*testRig{prompt, late} {
				for tip := r.job.Height; r.job.Height == tip; {
					r.message()
				}
			}
			for n := range uint64(200) { // 100 H/s for two seconds
				time.Sleep(10 * time.Millisecond)
				try(prompt, prompt.job, n)
				try(late, former, n)
			}
		}
		if st := f.server.Stats(); st.Shares["stale"] < 100 || st.Shares["accepted"] < 100 {
			t.Errorf("%+v", st.Shares)
		}
		if p, l := prompt.job.Target.Difficulty(), late.job.Target.Difficulty(); p < 64 || l < p/2 || l > p*2 {
			t.Errorf("difficulty %g and, of stale shares, %g", p, l)
		}
	})
}

// TestASlowReader loses its connection, and nobody's time.
func TestASlowReader(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		stuck := f.connection("10.0.0.9:1")
		if _, err := io.WriteString(stuck, `{"method":"login","params":{"login":"stuck.1"},"id":1}`+"\n"); err != nil {
			t.Fatal(err)
		}
		r := f.dial().login("good.1")
		defer r.close()
		for i := range 20 {
			time.Sleep(time.Second)
			began := time.Now()
			f.connect(byte(50 + i))
			for r.job.Height != uint64(12+i) {
				r.message()
			}
			if took := time.Since(began); took > 100*time.Millisecond {
				t.Errorf("tip %d took %v", i, took)
			}
		}
		if st := f.server.Stats(); st.Sessions != 1 {
			t.Errorf("%d sessions: the stuck one is still there", st.Sessions)
		}
	})
}

// TestTheReadOfAFloodIsHeld: requests without a reply are bounded.
func TestTheReadOfAFloodIsHeld(t *testing.T) {
	inBubble(t, hardBits, func(f *front, cfg *Config) { f.backend.took, cfg.Budget = time.Second, 0.1 }, func(t *testing.T, f *front) {
		r := f.dial().login("a.b+1")
		defer r.close()
		sent := 0
		go func() {
			for ; ; sent++ {
				if _, err := fmt.Fprintf(r.conn, `{"method":"submit","params":{"job_id":"%s","nonce":"%x"},"id":1}`+"\n", r.job.ID, sent+1); err != nil {
					return
				}
			}
		}()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if sent < mostWaiting || sent > mostReplies+mostWaiting+10 {
			t.Errorf("%d read", sent)
		}
		if n := f.backend.hashes.Load(); n > 3 {
			t.Errorf("%d hashes", n)
		}
	})
}
