package stratum

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// owners answer as a node where rigs are paid, and note what they are asked.
type owners struct {
	mu    sync.Mutex
	asked []string
}

func (o *owners) of(login string) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, login)
	name, _, _ := strings.Cut(login, ".")
	switch name {
	case "typo":
		return "", errors.New("typo looks like an address \x1b[31m " + strings.Repeat("\"\\", 1000))
	case "shed":
		return "", nil
	}
	return "bm1q" + name, nil
}

// paid has the rigs of a front have owners.
func paid(o *owners) func(*front, *Config) {
	return func(_ *front, cfg *Config) { cfg.Owner = o.of }
}

// shares are all that the ledger of a front has, the latest first.
func (f *front) shares(t *testing.T) (all []ledger.Share) {
	t.Helper()
	if err := f.ledger.Shares(func(s ledger.Share) bool { all = append(all, s); return true }); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestSharesHaveOwners: each has the owner of its session's login, who is asked for once, and
// what it is worth exactly.
func TestSharesHaveOwners(t *testing.T) {
	o := &owners{}
	inBubble(t, easyBits, paid(o), func(t *testing.T, f *front) {
		for _, login := range []string{"alice.a+2", "bob", "shed.1"} {
			r := f.dial().login(login)
			for range 3 {
				if err := r.submit(r.job.ID, wire.FormatNonce(find(&r.job, uint64(10*r.id), isShare(&r.job)))); err != nil && err.Code != wire.CodeDuplicate {
					t.Error(err)
				}
			}
			r.close()
		}
		synctest.Wait()
		if want := []string{"alice.a", "bob.0", "shed.1"}; !slices.Equal(o.asked, want) {
			t.Errorf("asked for %q, expected %q", o.asked, want)
		}
		owners := map[string]string{"alice.a": "bm1qalice", "bob.0": "bm1qbob", "shed.1": ""}
		got := make(map[string]int)
		for _, s := range f.shares(t) {
			got[s.Rig]++
			// A target is met by all that has its top 32 bits, so a difficulty of 2^n is exact.
			want := math.Ldexp(min(1, s.Effective/s.Network), 64)
			if s.Owner != owners[s.Rig] || math.Abs(float64(s.Work)/want-1) > 1e-6 {
				t.Errorf("%+v, expected the owner %q and work of %v", s, owners[s.Rig], want)
			}
		}
		if len(got) != 3 {
			t.Errorf("shares by rig: %v", got)
		}
	})
}

// TestLoginOfNoOwner is refused with the reason, in what rigs can read at a time, after a
// second; the connection ends.
func TestLoginOfNoOwner(t *testing.T) {
	o := &owners{}
	inBubble(t, hardBits, paid(o), func(t *testing.T, f *front) {
		r := f.dial()
		defer r.close()
		began := time.Now()
		r.write(`{"method":"login","params":{"login":"typo.1","pass":"x"},"id":1}` + "\n")
		line := r.line()
		m := r.note(line)
		if code(m.Error) != wire.CodeUnauthorized || !strings.Contains(m.Error.Message, "typo looks like an address ?[31m") || r.line() != "" {
			t.Errorf("%s", line)
		}
		if took := time.Since(began); took != time.Second || len(line) >= 1024 {
			t.Errorf("%d bytes after %v", len(line), took)
		}
		if st := f.server.Stats(); st.Unauthorized != 1 || st.Logins != 0 || len(f.server.Rigs()) != 0 {
			t.Errorf("%+v, rigs %+v", st, f.server.Rigs())
		}
		if rigs := f.ledger.Rigs(time.Now()); len(rigs) != 0 {
			t.Errorf("the ledger has %+v", rigs)
		}
	})
}

// TestOwnersOfBlocks: the journal knows whose a block is before the chain does, and the
// ledger which share made it.
func TestOwnersOfBlocks(t *testing.T) {
	inBubble(t, easyBits, paid(&owners{}), func(t *testing.T, f *front) {
		r := f.dial().login("alice.a")
		defer r.close()
		j := r.job
		nonce := find(&j, 0, isBlock(&j))
		if err := r.submit(j.ID, wire.FormatNonce(nonce)); err != nil {
			t.Fatal(err)
		}
		f.expectBlocks(t, 1)
		by, s := f.journal.Open()[0].By, f.shares(t)[0]
		if want := j.Target.Full().Work(mining.TargetFromBits(easyBits)); by.Owner != "bm1qalice" || by.Work != want || s.Work != want {
			t.Errorf("found by %+v, the share %+v, expected work of %d", by, s, want)
		}
		f.expectSolved(t, &j, nonce, s.Sequence)
	})
}

// expectSolved holds what the ledger says of a block.
func (f *front) expectSolved(t *testing.T, j *wire.Job, nonce uint64, want uint64) {
	t.Helper()
	hash := bc.NewHash(j.HeaderHash(nonce))
	if n, ok, err := f.ledger.Solved(hash.String()); n != want || !ok || err != nil {
		t.Errorf("block %s was made by share %d, %v, %v, expected %d", hash.String(), n, ok, err, want)
	}
}

// TestALostBlockKeepsItsOwner: one of a stale job, and one of a session that is over. They may
// come on the best chain later, and then are somebody's. Brought again they are nothing.
func TestALostBlockKeepsItsOwner(t *testing.T) {
	inBubble(t, easyBits, paid(&owners{}), func(t *testing.T, f *front) {
		r := f.dial().login("alice.a")
		defer r.close()
		old := r.job
		f.connect(7)
		time.Sleep(time.Second)
		nonce := find(&old, 0, isBlock(&old))
		if err := r.submit(old.ID, wire.FormatNonce(nonce)); code(err) != wire.CodeJobNotFound {
			t.Errorf("told %v", err)
		}
		f.expectBlocks(t, 1)
		synctest.Wait()
		if all := f.shares(t); len(all) != 1 || all[0].Owner != "bm1qalice" {
			t.Fatalf("%+v", all)
		}
		f.expectSolved(t, &old, nonce, 0)
		for i := range 3 {
			again := f.dial().login(fmt.Sprint("bob.", i))
			_ = again.submit(old.ID, wire.FormatNonce(nonce))
			again.close()
		}
		time.Sleep(time.Minute)
		if all := f.shares(t); len(all) != 1 {
			t.Errorf("the same block again is a share again: %+v", all)
		}
	})
}

// TestABlockBroughtAgain: its job is of a session that is over, and the chain has the block, or
// will never take it. It counts once at most, for whoever brought it first.
func TestABlockBroughtAgain(t *testing.T) {
	for _, refused := range []bool{false, true} {
		inBubble(t, easyBits, paid(&owners{}), func(t *testing.T, f *front) {
			r := f.dial().login("alice.a")
			old := r.job
			nonce := wire.FormatNonce(find(&old, 0, isBlock(&old)))
			r.close()
			time.Sleep(time.Second)
			tip := f.chain.Tip()
			if refused {
				f.ahead.Store(int64(-10 * time.Hour)) // No block of the job can be one.
			}
			for i := range 3 {
				r := f.dial().login(fmt.Sprint("bob.", i))
				_ = r.submit(old.ID, nonce)
				f.chain.mu.Lock()
				f.chain.tip = tip // Another took its place.
				f.chain.mu.Unlock()
				r.close()
			}
			time.Sleep(time.Minute)
			want := 1
			if refused {
				want = 0
			}
			if all := f.shares(t); len(all) != want || want > 0 && all[0].Owner != "bm1qbob" {
				t.Errorf("refused %v: %+v", refused, all)
			}
		})
	}
}
