//go:build linux || darwin

package payout

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// contents are the books but for times and entries' numbers, as text.
func contents(t testing.TB, b *Books) string {
	t.Helper()
	balances, err := b.Balances()
	must(t, err)
	owners, err := b.Owners()
	must(t, err)
	credits, err := b.Credits()
	must(t, err)
	funds, err := b.Funds()
	must(t, err)
	batches, err := b.Batches()
	must(t, err)
	for i := range credits {
		credits[i].Since = time.Time{}
	}
	for i := range owners {
		owners[i].First = time.Time{}
	}
	var manifests []string
	must(t, b.view(func(tx *bolt.Tx) error {
		return checkChain(tx, func(_ *Manifest, raw []byte) error { manifests = append(manifests, string(raw)); return nil })
	}))
	text, err := json.MarshalIndent([]any{balances, owners, credits, funds, batches, manifests}, "", " ")
	must(t, err)
	return string(text)
}

// TestACrashBetweenAnyTwoWritesChangesNothing goes on from the file as it was before each write
// of a random history, as after a kill there, and comes to the same books.
func TestACrashBetweenAnyTwoWritesChangesNothing(t *testing.T) {
	t.Parallel()
	runs := uint64(3)
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		runs = 100
	}
	crashes := 0
	for seed := range runs {
		w := newWalk(t, 100+seed, pathIn(t))
		for range 100 {
			w.act()
			w.books.db.Bolt().NoSync = true
			var files [][]byte
			clock := w.books.now
			w.books.now = func() time.Time { // Each write begins with a look at the clock.
				file, err := os.ReadFile(w.path)
				must(t, err)
				files = append(files, file)
				return clock()
			}
			w.settle()
			w.books.now = clock
			want := contents(t, w.books)
			for _, file := range files {
				crashes++
				if got := w.goOn(file); got != want {
					t.Fatalf("seed %d: after a crash the books are\n%s\nexpected\n%s", seed, got, want)
				}
			}
		}
	}
	if crashes < 100*int(runs) {
		t.Errorf("%d crashes are too few", crashes)
	}
	t.Logf("%d crashes", crashes)
}

// goOn goes on with a file as a kill left it.
func (w *walk) goOn(file []byte) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "crashed.db")
	must(w.t, os.WriteFile(path, file, 0o600))
	again := *w
	again.pool = &pool{t: w.t, chain: w.chain, log: w.log, candidates: w.candidates, now: w.now}
	again.open(path)
	again.books.db.Bolt().NoSync = true
	again.books.now = w.books.now
	again.settle()
	must(w.t, again.books.Recount())
	text := contents(w.t, again.books)
	must(w.t, again.books.Close())
	return text
}

const killedChild = "BYTOM_SOLO_TEST_PAYOUT"

// killedPool is the same pool each time: 150 blocks by pplns, dgm, solo and pps, most of them
// deep enough, and one batch.
func killedPool(t testing.TB, path string) *pool {
	p := &pool{t: t, chain: newChain(t), log: newLog("one"), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	p.open(path)
	p.books.now = func() time.Time { return p.now }
	for _, policy := range []Policy{
		{Scheme: PPLNS, WindowMilli: 3000}, {Scheme: DGM, CMillionths: 20_000, OMillionths: 995_000}, {Scheme: Solo}, {Scheme: PPS, FeeBP: 500, Reserve: 1},
	} {
		_, err := p.books.SetPolicy(policy)
		must(t, err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		policy := uint32(1 + r.IntN(4))
		for range 10 {
			p.share(fmt.Sprint("bm1q", r.IntN(20)), r.Uint64N(quarter), policy)
		}
		p.found(true)
	}
	return p
}

// TestSettlementKilled kills a process again and again while it settles, and ends with the same
// books as one that was not: each block split once.
func TestSettlementKilled(t *testing.T) {
	if path := os.Getenv(killedChild); path != "" {
		p := killedPool(t, path)
		fmt.Println("begun")
		p.step()
		fmt.Println("done")
		return
	}
	t.Parallel()
	path, r, killed := pathIn(t), rand.New(rand.NewPCG(3, 4)), 0
	for range 20 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), killedChild+"="+path)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if lines.Text() == "begun" {
				time.AfterFunc(time.Duration(r.IntN(30_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			}
		}
		if cmd.Wait() != nil {
			killed++
		}
	}
	p := killedPool(t, path)
	p.step()
	p.step()
	whole := killedPool(t, pathIn(t))
	whole.step()
	whole.step()
	if got, want := contents(t, p.books), contents(t, whole.books); got != want {
		t.Errorf("after kills the books are\n%.3000s\nexpected\n%.3000s", got, want)
	}
	// Only the latest states of dgm are kept to verify by.
	if r := p.verified(); r.Verified+len(r.Gone) != 150 || r.Verified < 100 || killed < 3 {
		t.Errorf("%d blocks verified and %d gone after %d kills, expected 150", r.Verified, len(r.Gone), killed)
	}
	t.Logf("%d kills", killed)
}
