package compute

import (
	"bytes"
	"crypto/sha3"
	"encoding/hex"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"unsafe"

	"github.com/bytom-solo/bytom-solo/pin"
)

var update = flag.Bool("update", false, "write testdata/tensority.json anew")

const (
	vectorsPath    = "testdata/tensority.json"
	vectorsComment = "Tensority test vectors with the values on the way, made by the reference " +
		"(go test ./compute -run TestVectors -update); the steps are those of docs/tensority.md. " +
		"All bytes are in hexadecimal, headers, seeds, ids and results in the order in which the chain prints them. " +
		"A matrix or state is hashed and shown row by row, an int8 as its two's complement byte. " +
		"header: the header hash to be proved. matrices_sha3: SHA3-256 of all 256 matrices one after the other. " +
		"state_1 is a chain's state after its first product, state_64 at its end. " +
		"sum: the four chains' end states added mod 256. folded: what the last SHA3-256 is taken of. " +
		"source: who has published the result; blocks were mined by Bytom's own node v1.1.1 on a solonet " +
		"and their fields are given as the node's API prints them, with integers in decimal."
)

// vectorFile is testdata/tensority.json.
type vectorFile struct {
	Comment string   `json:"_comment"`
	Vectors []vector `json:"vectors"`
}

type vector struct {
	Name      string        `json:"name"`
	Source    string        `json:"source"`
	Block     *vectorBlock  `json:"block,omitempty"`
	Header    string        `json:"header"`
	Seed      string        `json:"seed"`
	Seeds     vectorSeed    `json:"seed_expansion"`
	Slices    []vectorSlice `json:"slices"`
	SumRow0   string        `json:"sum_row_0"`
	SumSHA3   string        `json:"sum_sha3"`
	Folded    string        `json:"folded"`
	Tensority string        `json:"tensority"`
}

type vectorSeed struct {
	Extended      string `json:"extended_seed"`
	Matrix0Row0   string `json:"matrix_0_row_0"`
	Matrix255Row0 string `json:"matrix_255_row_0"`
	MatricesSHA3  string `json:"matrices_sha3"`
}

type vectorSlice struct {
	Indices     string `json:"indices"`
	State1Row0  string `json:"state_1_row_0"`
	State1SHA3  string `json:"state_1_sha3"`
	State64Row0 string `json:"state_64_row_0"`
	State64SHA3 string `json:"state_64_sha3"`
}

// vectorBlock is the header of a block that a stock node has mined; its id is
// the vector's header.
type vectorBlock struct {
	Version               uint64 `json:"version"`
	Height                uint64 `json:"height"`
	PreviousBlockHash     string `json:"previous_block_hash"`
	Timestamp             uint64 `json:"timestamp"`
	TransactionMerkleRoot string `json:"transaction_merkle_root"`
	TransactionStatusHash string `json:"transaction_status_hash"`
	Nonce                 uint64 `json:"nonce"`
	Bits                  uint64 `json:"bits"`
}

// TestVectors holds the vector file against the reference and the reference
// against results that others have published. The short form makes a third of the
// vectors anew, others in each run, and takes the rest as they are.
func TestVectors(t *testing.T) {
	made := vectorFile{Comment: vectorsComment, Vectors: make([]vector, len(vectorInputs))}
	drawn := rand.Perm(len(vectorInputs))
	if !*update && os.Getenv("BYTOM_SOLO_LONG") != "1" {
		readVectors(t, &made)
		drawn = drawn[:len(drawn)/3]
	}
	matrices := NewSeedCache(len(vectorInputs), func(seed [32]byte) (*Matrices, error) { return NewMatrices(seed), nil }, nil)

	// One goroutine a vector, as many at a time as there are cores.
	slots := make(chan struct{}, pin.Cores())
	var group sync.WaitGroup
	for _, i := range drawn {
		in := vectorInputs[i]
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			m, release, err := matrices.Acquire(t.Context(), hash32(in.seed))
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			made.Vectors[i] = makeVector(t, m, in)
		})
	}
	group.Wait()

	for i, in := range vectorInputs {
		if got := made.Vectors[i].Tensority; in.want != "" && got != in.want {
			t.Errorf("%s: got %s, published is %s", in.name, got, in.want)
		}
	}
	compareFile(t, made)
}

// readVectors reads the file's vectors, which have to be those of the inputs.
func readVectors(t *testing.T, file *vectorFile) {
	t.Helper()
	text, err := os.ReadFile(vectorsPath)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, file); err != nil || len(file.Vectors) != len(vectorInputs) {
		t.Fatalf("%d vectors of %d inputs: %v", len(file.Vectors), len(vectorInputs), err)
	}
	file.Comment = vectorsComment
	for i, in := range vectorInputs {
		if v := file.Vectors[i]; v.Name != in.name || v.Header != in.header || v.Seed != in.seed {
			t.Fatalf("vector %d is %s, expected %s", i, v.Name, in.name)
		}
	}
}

func compareFile(t *testing.T, made vectorFile) {
	t.Helper()
	text, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update && !t.Failed() {
		if err := os.WriteFile(vectorsPath, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(vectorsPath)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, text) {
		t.Errorf("%s is not what the reference computes; see -update", vectorsPath)
	}
}

// makeVector computes a vector step by step with the reference's own parts.
func makeVector(t *testing.T, m *Matrices, in vectorInput) vector {
	extended := ExtendSeed(hash32(in.seed))
	v := vector{
		Name: in.name, Source: in.source, Block: in.block, Header: in.header, Seed: in.seed,
		Seeds: vectorSeed{
			Extended:      hex.EncodeToString(extended[:]),
			Matrix0Row0:   row0(m.Matrix(0)),
			Matrix255Row0: row0(m.Matrix(Count - 1)),
			MatricesSHA3:  sha3Hex(matrixBytes(&m.m[0], Count)),
		},
	}

	header := hash32(in.header)
	var total [Size][Size]uint8
	for _, indices := range Indices(header) {
		first, err := chain(t.Context(), m, indices[:1])
		if err != nil {
			t.Error(err)
			return v
		}
		end, err := chain(t.Context(), m, append(indices[:], indices[:]...))
		if err != nil {
			t.Error(err)
			return v
		}
		v.Slices = append(v.Slices, vectorSlice{
			Indices:    hex.EncodeToString(indices[:]),
			State1Row0: row0(first), State1SHA3: sha3Hex(matrixBytes(first, 1)),
			State64Row0: row0(end), State64SHA3: sha3Hex(matrixBytes(end, 1)),
		})
		addTo(&total, end)
	}
	v.SumRow0 = hex.EncodeToString(total[0][:])
	v.SumSHA3 = sha3Hex(unsafe.Slice(&total[0][0], Size*Size))
	folded := foldRows(&total)
	v.Folded = hex.EncodeToString(folded[:])
	v.Tensority = sha3Hex(folded[:])
	return v
}

// matrixBytes are the elements of count matrices that lie one after the other.
func matrixBytes(first *Matrix, count int) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(first)), count*Size*Size)
}

func row0(m *Matrix) string { return hex.EncodeToString(matrixBytes(m, 1)[:Size]) }

func sha3Hex(b []byte) string {
	h := sha3.Sum256(b)
	return hex.EncodeToString(h[:])
}
