package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestExamples has the clients under examples mine through a node as they are meant to
// be run. (node's test of that name has transactions for them.)
func TestExamples(t *testing.T) {
	n := testnet.Start(t, testnet.NodeOptions{})
	address := makeAccount(t, n)
	height := uint64(0)
	mine := func(t *testing.T, program string, args ...string) {
		t.Helper()
		for _, submit := range []string{"solution", "block"} {
			out, err := execute(t, program, append(args, "--node", n.URL, "--payee", address, "--submit", submit)...)
			if height++; err != nil {
				t.Fatalf("%v:\n%s", err, out)
			}
			if id, err := n.BlockHash(height); err != nil || !strings.Contains(out, id) {
				t.Errorf("block %d is %s (%v), the client said %s", height, id, err, out)
			}
		}
	}
	t.Run("Go", func(t *testing.T) {
		client := filepath.Join(t.TempDir(), "gbt-client")
		if out, err := execute(t, "go", "build", "-o", client, "../../examples/gbt-client"); err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		mine(t, client)
	})
	t.Run("Python", func(t *testing.T) {
		python, err := exec.LookPath("python3")
		if err != nil {
			t.Skip("python3 is not installed")
		}
		mine(t, python, "../../examples/gbt_client.py", "--program", testnet.Solo(t))
	})
}
