package node

import (
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

// TestExamples has the clients under examples mine blocks of 1 and 63 transactions
// beside the coinbase, by both ways to submit, all of which in all languages in the long
// form. They know SHA3 and nothing of Bytom.
func TestExamples(t *testing.T) {
	f := chaintest.New(t, true)
	g := mining.NewGenerator(mining.GeneratorConfig{
		Source: f.Chain, EmptyAfter: time.Hour, TxInterval: time.Millisecond,
		Payee: func() (mining.Payee, []byte, error) { return chaintest.KeyPayee, []byte("tag"), nil },
	})
	f.OnTip = g.TipChanged
	go g.Run(t.Context())
	server := httptest.NewServer(workServer(t, f, g))
	t.Cleanup(server.Close)

	source := uint64(0)
	mine := func(t *testing.T, txs int, submit string, client ...string) {
		var pool []*types.Tx
		for range txs {
			source++
			pool = append(pool, txtest.FreeTx(bc.Hash{V0: source}, 1e9))
		}
		f.Fund(t, false, pool...)
		f.PoolAdd(t, pool...)
		awaitTxs(t, f, g, txs)
		out := runProgram(t, append(client, "--node", server.URL, "--submit", submit)...)
		best := f.Bytom.BestBlockHash()
		block, err := f.Bytom.GetBlockByHash(best)
		if err != nil || len(block.Transactions) != txs+1 || !strings.Contains(out, best.String()) {
			t.Errorf("the best block is %s, of %d transactions (%v); the client said %s", best.String(), len(block.Transactions), err, out)
		}
	}
	t.Run("Go", func(t *testing.T) {
		client := filepath.Join(t.TempDir(), "gbt-client")
		runProgram(t, "go", "build", "-o", client, "../examples/gbt-client")
		mine(t, 1, "block", client)
		mine(t, 63, "solution", client)
		mine(t, 63, "block", client)
		if computetest.Long() {
			mine(t, 1, "solution", client)
		}
	})
	t.Run("Python", func(t *testing.T) {
		python, err := exec.LookPath("python3")
		if err != nil {
			t.Skip("python3 is not installed")
		}
		solo := strings.TrimSpace(runProgram(t, "go", "tool", "-n", "bytom-solo"))
		mine(t, 1, "solution", python, "../examples/gbt_client.py", "--program", solo)
		mine(t, 63, "block", python, "../examples/gbt_client.py", "--program", solo)
		if computetest.Long() {
			mine(t, 1, "block", python, "../examples/gbt_client.py", "--program", solo)
			mine(t, 63, "solution", python, "../examples/gbt_client.py", "--program", solo)
		}
	})
}

// awaitTxs waits for a template of so many transactions on the tip.
func awaitTxs(t *testing.T, f *chaintest.Fixture, g *mining.Generator, txs int) {
	t.Helper()
	templates, done := g.Subscribe()
	defer done()
	g.Force()
	timeout := time.After(time.Minute)
	for {
		select {
		case template := <-templates:
			if template != nil && len(template.Txs) == txs && template.Tip.Hash == f.Chain.Tip().Hash {
				return
			}
		case <-timeout:
			t.Fatalf("no template of %d transactions", txs)
		}
	}
}

// runProgram runs a program that must succeed, and returns what it printed.
func runProgram(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	var warnings strings.Builder
	cmd.Stderr = &warnings
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, out, warnings.String())
	}
	return string(out)
}
