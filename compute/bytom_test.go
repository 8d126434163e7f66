package compute_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/consensus/difficulty"
	"github.com/bytom/bytom/mining/tensority/go_algorithm"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// TestReferenceEqualsBytom compares the reference with Bytom's own code for
// random headers and seeds. Each run draws others.
func TestReferenceEqualsBytom(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0)) // which Bytom's code sets to 4
	n := 2
	if computetest.Long() {
		n = 50
	}
	for range n {
		var header, seed [32]byte
		for i := range header {
			header[i], seed[i] = byte(rand.Uint32()), byte(rand.Uint32())
		}
		bytomHeader, bytomSeed := bc.NewHash(header), bc.NewHash(seed)
		want := go_algorithm.LegacyAlgorithm(&bytomHeader, &bytomSeed).Byte32()
		if got := compute.Sum(compute.NewMatrices(seed), header); got != want {
			t.Fatalf("header %x seed %x: got %x, Bytom's code %x", header, seed, got, want)
		}
	}
}

// TestReferenceConformance is long, for the reference is slow; what it computes
// is tested by TestVectors in any case.
func TestReferenceConformance(t *testing.T) {
	if !computetest.Long() {
		t.Skipf("takes a minute: set %s=1", computetest.LongVariable)
	}
	b := compute.NewReference()
	defer b.Close()
	computetest.Conformance(t, b)
}

// TestBlocksOfAStockNode checks the vectors that are blocks: their fields give
// the block id that was hashed, and the recorded result passes their target.
func TestBlocksOfAStockNode(t *testing.T) {
	text, err := os.ReadFile("testdata/tensority.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Name                    string
			Header, Seed, Tensority bc.Hash
			Block                   *struct {
				Version, Height, Timestamp, Nonce, Bits uint64

				PreviousBlockHash     bc.Hash `json:"previous_block_hash"`
				TransactionMerkleRoot bc.Hash `json:"transaction_merkle_root"`
				TransactionStatusHash bc.Hash `json:"transaction_status_hash"`
			}
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}

	blocks := 0
	for _, v := range file.Vectors {
		if v.Block == nil {
			continue
		}
		blocks++
		header := types.BlockHeader{
			Version: v.Block.Version, Height: v.Block.Height, PreviousBlockHash: v.Block.PreviousBlockHash,
			Timestamp: v.Block.Timestamp, Nonce: v.Block.Nonce, Bits: v.Block.Bits,
			BlockCommitment: types.BlockCommitment{
				TransactionsMerkleRoot: v.Block.TransactionMerkleRoot,
				TransactionStatusHash:  v.Block.TransactionStatusHash,
			},
		}
		if id := header.Hash(); id != v.Header {
			t.Errorf("%s: fields give the id %x, recorded is %x", v.Name, id.Bytes(), v.Header.Bytes())
		}
		if v.Seed != *consensus.InitialSeed {
			t.Errorf("%s: not the seed of the chain's first 256 blocks", v.Name)
		}
		if difficulty.HashToBig(&v.Tensority).Cmp(difficulty.CompactToBig(v.Block.Bits)) > 0 {
			t.Errorf("%s: %x does not pass the target of bits %d", v.Name, v.Tensority.Bytes(), v.Block.Bits)
		}
	}
	if blocks == 0 {
		t.Error("the file has no block")
	}
}
