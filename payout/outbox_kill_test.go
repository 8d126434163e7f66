//go:build linux || darwin

package payout

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"
)

// outboxChild tells a child where to pay, and at which step it is to be killed.
const outboxChild = "BYTOM_SOLO_TEST_OUTBOX"

// TestOutboxKilled kills the process at each step of a payout, or at a moment by chance, and
// goes on in others: each owner is paid exactly once, and the books are the chain's.
func TestOutboxKilled(t *testing.T) {
	if at := os.Getenv(outboxChild); at != "" {
		payInChild(t, at)
		return
	}
	t.Parallel()
	times := 2
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		times = 50
	}
	killed := 0
	for step := outboxStep(0); step <= stepGivenUp; step++ {
		for seed := range times {
			k := &killing{t: t, folder: t.TempDir(), step: step, rand: rand.New(rand.NewPCG(uint64(step), uint64(seed)))}
			k.run()
			if killed += k.kills; t.Failed() {
				t.Fatalf("step %d, seed %d", step, seed)
			}
		}
	}
	t.Logf("%d kills", killed)
	if killed < 7*times {
		t.Errorf("%d kills, expected %d at least", killed, 7*times)
	}
}

// killing is one payout with a kill in it; step 0 is a moment by chance.
type killing struct {
	t      *testing.T
	folder string
	step   outboxStep
	rand   *rand.Rand
	kills  int
}

func (k *killing) run() {
	x := newTill(k.t, filepath.Join(k.folder, "payouts.db"))
	for range 2 {
		x.settle(2*leastDue, "bm1a", "bm1b", "bm1c", "bad1")
	}
	grow(x.chain, 100)
	must(k.t, x.books.Close())
	for pass := range 8 {
		k.save(x.chain)
		k.child(pass < 6)
		k.submitted(x.chain)
		switch {
		case k.step == stepGivenUp && pass < 2, k.rand.IntN(3) == 0 && pass < 3:
			clear(x.chain.pool) // As a restart of the node does.
			if k.step == stepGivenUp {
				grow(x.chain, int(validOf(k.step))+finalDepth+1)
			}
		default:
			x.mine()
			grow(x.chain, 100)
		}
	}
	if k.step > 0 && k.kills != 1 {
		k.t.Errorf("%d kills, expected one", k.kills)
	}
	x.books = open(k.t, filepath.Join(k.folder, "payouts.db"))
	x.paidOnce(1)
}

// validOf is for how many blocks a child's payouts are valid: not for long where they are to be
// given up.
func validOf(step outboxStep) uint64 {
	if step == stepGivenUp {
		return 20
	}
	return 1000
}

// save writes the main chain for the child.
func (k *killing) save(c *fakeChain) {
	var text strings.Builder
	for _, hash := range c.main {
		raw, err := c.blocks[hash].MarshalText()
		must(k.t, err)
		text.Write(raw)
		text.WriteByte('\n')
	}
	must(k.t, os.WriteFile(filepath.Join(k.folder, "chain"), []byte(text.String()), 0o600))
}

// submitted reads what children submitted.
func (k *killing) submitted(c *fakeChain) {
	paths, err := filepath.Glob(filepath.Join(k.folder, "*.tx"))
	must(k.t, err)
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		must(k.t, err)
		must(k.t, os.Remove(path))
		tx := new(types.Tx)
		must(k.t, tx.UnmarshalText(raw))
		must(k.t, c.Submit(tx))
	}
}

// child runs one until it is done or killed, if it may be at a moment by chance.
func (k *killing) child(byChance bool) {
	step := k.step
	if k.kills > 0 {
		step = -1
	}
	cmd := exec.CommandContext(k.t.Context(), os.Args[0], "-test.run=^TestOutboxKilled$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d,%d@%s", outboxChild, step, validOf(k.step), k.folder))
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	must(k.t, cmd.Start())
	if k.step == 0 && byChance && k.rand.IntN(2) == 0 {
		after := time.AfterFunc(time.Duration(k.rand.IntN(60))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		defer after.Stop()
	}
	err := cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		k.kills++
		return
	}
	if err != nil {
		k.t.Fatalf("%v: %s", err, out.String())
	}
}

// payInChild is a node's life: two passes over the chain that it finds.
func payInChild(t *testing.T, at string) {
	var kill outboxStep
	var folder string
	var valid uint64
	if n, _ := fmt.Sscanf(at, "%d,%d@%s", &kill, &valid, &folder); n != 3 {
		t.Fatalf("%s=%q", outboxChild, at)
	}
	text, err := os.ReadFile(filepath.Join(folder, "chain"))
	must(t, err)
	c := newChain(t)
	c.rewind(1)
	for line := range strings.Lines(string(text)) {
		b := new(types.Block)
		must(t, b.UnmarshalText([]byte(strings.TrimSpace(line))))
		c.back([]*types.Block{b})
	}
	x := &till{t: t, chain: c, books: open(t, filepath.Join(folder, "payouts.db")), every: 1, valid: valid, payee: program(1)}
	x.restart()
	x.out.Chain = childChain{c, folder}
	x.out.reached = func(step outboxStep) {
		if step == kill {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	x.step()
	x.step()
}

// childChain leaves what is submitted in files.
type childChain struct {
	*fakeChain
	folder string
}

func (c childChain) Submit(tx *types.Tx) error {
	raw, err := tx.TxData.MarshalText()
	if err != nil {
		return err
	}
	path := filepath.Join(c.folder, tx.ID.String())
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(path, path+".tx")
}
