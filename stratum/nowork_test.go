package stratum

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// lose takes the work away, or gives it back.
func (f *front) lose(why error) {
	f.chain.mu.Lock()
	f.chain.ready = why
	f.chain.mu.Unlock()
	f.generator.Force()
	synctest.Wait()
}

var errBehind = fmt.Errorf("%w: syncing, at height 3 of 7", mining.ErrNotReady)

const noWorkNow = "No work: not ready to mine: syncing, at height 3 of 7"

// TestWorkThatGoesAway: rigs are sent the reason, and disconnected; those that come back wait for it.
func TestWorkThatGoesAway(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		f.lose(errBehind)
		began := time.Now()
		m := r.message()
		if took := time.Since(began); m.Error == nil || m.Error.Message != noWorkNow || m.Method != "" || string(m.ID) != "null" || took < 9*time.Second || took > 12*time.Second {
			t.Errorf("told %+v after %v", m, took)
		}
		if got := r.line(); got != "" {
			t.Errorf("behind it: %s", got)
		}
		back := f.dial()
		defer back.close()
		back.write(`{"method":"login","params":{"login":"a.b"},"id":1}` + "\n")
		time.Sleep(5 * time.Second)
		f.lose(nil)
		if m := back.reply(); m.Error != nil || back.job.Height != 11 {
			t.Errorf("with work again: %+v", m)
		}
		time.Sleep(time.Minute)
		if st := f.server.Stats(); st.Sessions != 1 {
			t.Errorf("%d sessions, expected one", st.Sessions)
		}
	})
}

// TestNobodyToPay is none of the peers' doing, so the rigs are sent the reason soon, and in words that
// fit into what a rig reads at a time.
func TestNobodyToPay(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		f.lose(fmt.Errorf("%w: %s", mining.ErrNoPayee, strings.Repeat("why ", 500)))
		began := time.Now()
		m := r.message()
		if took := time.Since(began); m.Error == nil || !strings.HasPrefix(m.Error.Message, "No work: no mining address: why") || took < time.Second || took > 4*time.Second {
			t.Errorf("told %+v after %v", m, took)
		}
	})
}

// TestAMomentWithoutWork, as there is when a peer announces a block before it sends it, costs
// nobody a session or a share.
func TestAMomentWithoutWork(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		for n := range uint64(5) {
			f.lose(errBehind)
			time.Sleep(workPatience - 1500*time.Millisecond)
			j := r.job
			if err := r.submit(j.ID, wire.FormatNonce(find(&j, n<<10, j.Target.Met))); err != nil {
				t.Errorf("a share: %v", err)
			}
			r.write(`{"method":"getjob","id":0}` + "\n")
			if m := r.reply(); m.Error == nil || m.Error.Message != noWorkNow {
				t.Errorf("getjob: %+v", m)
			}
			f.lose(nil)
			time.Sleep(2 * time.Second)
		}
		if st := f.server.Stats(); st.Sessions != 1 || st.Shares["accepted"] != 5 {
			t.Errorf("%+v", st)
		}
	})
}

// TestSharesWithoutWork: those that were on their way are refused with the reason and not
// counted, and what is a block is submitted all the same, of the session's own or by the
// next.
func TestSharesWithoutWork(t *testing.T) {
	slow := func(f *front, cfg *Config) { f.backend.took = 12 * time.Second }
	inBubble(t, easyBits, slow, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		j := r.job
		f.lose(errBehind)
		r.write(fmt.Sprintf(`{"method":"submit","params":{"job_id":%q,"nonce":"%016x"},"id":5}`+"\n", j.ID, find(&j, 0, isShare(&j))))
		if m := r.message(); m.Error == nil || m.Error.Message != noWorkNow || string(m.ID) != "5" {
			t.Errorf("a share: %+v", m)
		}
		if m := r.message(); m.Error == nil || m.Error.Message != noWorkNow || string(m.ID) != "null" || r.line() != "" {
			t.Errorf("then: %+v", m)
		}
		if st := f.server.Stats(); st.Shares["accepted"] != 0 || st.Shares["refused"] != 1 {
			t.Errorf("%+v", st.Shares)
		}
		next := f.dial()
		defer next.close()
		next.write(`{"method":"login","params":{"login":"a.b"},"id":1}` + "\n")
		next.write(fmt.Sprintf(`{"method":"submit","params":{"job_id":%q,"nonce":"%016x"},"id":2}`+"\n", j.ID, find(&j, 0, isBlock(&j))))
		if m := next.reply(); m.Error == nil || !strings.HasPrefix(m.Error.Message, "No work: ") {
			t.Errorf("the login: %+v", m)
		}
		f.expectBlocks(t, 1)
	})
}

// TestTheClockIsSetBack: the jobs that rigs have are of a time that no block may have. Their
// shares are refused with the reason at once, and the rigs get a job of the right time.
func TestTheClockIsSetBack(t *testing.T) {
	inBubble(t, hardBits, func(f *front, _ *Config) { f.ahead.Store(int64(3 * time.Hour)) }, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		j := r.job
		share := func(n uint64) *wire.Error { return r.submit(j.ID, wire.FormatNonce(find(&j, n<<10, j.Target.Met))) }
		if err := share(0); err != nil {
			t.Fatal(err)
		}
		f.ahead.Store(0)
		if err := share(1); err == nil || !strings.Contains(err.Message, "time-too-new") {
			t.Errorf("a share of three hours ahead: %v", err)
		}
		began := time.Now()
		for r.job.Timestamp == j.Timestamp {
			r.message()
		}
		if j = r.job; j.Timestamp != uint64(time.Now().Unix()) || time.Since(began) > time.Second {
			t.Errorf("a job of %v after %v", time.Unix(int64(j.Timestamp), 0), time.Since(began))
		}
		if err := share(2); err != nil {
			t.Errorf("a share of the new job: %v", err)
		}
		if st := f.server.Stats(); st.Shares["accepted"] != 2 || st.Shares["refused"] != 1 {
			t.Errorf("%+v", st.Shares)
		}
	})
}

// TestAKnownAnswerNeedsNoWork: a rig that solves its known-answer job is let do so where there is
// no work, and is sent the reason afterwards.
func TestAKnownAnswerNeedsNoWork(t *testing.T) {
	behind := func(f *front, cfg *Config) { f.chain.ready, cfg.KnownAnswer = errBehind, true }
	inBubble(t, hardBits, behind, func(t *testing.T, f *front) {
		r := f.dial().login("a.b")
		defer r.close()
		began := time.Now()
		m := r.message()
		if took := time.Since(began); m.Error == nil || m.Error.Message != noWorkNow || took < knownAnswerTime || took > knownAnswerTime+5*time.Second {
			t.Errorf("told %+v after %v", m, took)
		}
	})
}
