package testnet

import (
	"flag"
	"os"
	"testing"

	"github.com/bytom/bytom/config"
	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
	"github.com/bytom-solo/bytom-solo/mining"
)

var premine = flag.Bool("premine", false, "mine the premined blocks anew and log their nonces")

// verifier computes hashes with the fastest kernel that this machine has.
func verifier(t testing.TB) *compute.Verifier {
	t.Helper()
	backend, err := cpu.New(cpu.Config{})
	if err != nil {
		t.Skipf("no kernel for this machine: %v", err)
	}
	v := compute.NewVerifier(backend)
	t.Cleanup(func() {
		v.Close()
		if err := backend.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

// TestPremineNonces holds every nonce to being the lowest that meets the target. The
// flag -premine finds them.
func TestPremineNonces(t *testing.T) {
	if os.Getenv("BYTOM_SOLO_LONG") == "" && !*premine {
		t.Skip("2,300 hashes; BYTOM_SOLO_LONG=1 does it, and TestWallet has nodes check the nonces")
	}
	v := verifier(t)
	target := mining.TargetFromBits(genesisBits)
	consensus.ActiveNetParams = consensus.SoloNetParams
	previous := config.GenesisBlock().Hash()
	for i, nonce := range premineNonces {
		block, err := premineBlock(uint64(i+1), previous)
		if err != nil {
			t.Fatal(err)
		}
		for {
			result, err := v.Hash(t.Context(), block.Hash().Byte32(), consensus.InitialSeed.Byte32())
			if err != nil {
				t.Fatal(err)
			}
			if target.Met(result) {
				break
			}
			block.Nonce++
		}
		if *premine {
			t.Logf("%d,", block.Nonce)
		} else if block.Nonce != uint64(nonce) {
			t.Fatalf("block %d: the lowest nonce is %d, not %d", i+1, block.Nonce, nonce)
		}
		previous = block.Hash()
	}
}
