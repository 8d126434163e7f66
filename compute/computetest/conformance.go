// Package computetest holds every Backend against the vector file and the
// reference. It is for tests alone.
package computetest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// LongVariable is the environment variable that, set to 1, makes tests thorough
// rather than quick.
const LongVariable = "BYTOM_SOLO_LONG"

// Long reports whether tests are to be thorough.
func Long() bool { return os.Getenv(LongVariable) == "1" }

// Vector is one of the vectors in compute/testdata/tensority.json.
type Vector struct {
	Name                    string
	Header, Seed, Tensority [32]byte
}

// Vectors reads the vector file, which it finds from any folder of the module.
func Vectors(t testing.TB) []Vector {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot(t), "compute", "testdata", "tensority.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct{ Name, Header, Seed, Tensority string }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	vectors := make([]Vector, len(file.Vectors))
	for i, v := range file.Vectors {
		vectors[i] = Vector{v.Name, bytes32(t, v.Header), bytes32(t, v.Seed), bytes32(t, v.Tensority)}
	}
	return vectors
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the test does not run inside the module")
		}
		dir = filepath.Dir(dir)
	}
}

func bytes32(t testing.TB, s string) [32]byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 {
		t.Fatalf("%q is not 32 bytes in hexadecimal", s)
	}
	return [32]byte(b)
}

// Conformance runs everything that a Backend promises. It needs some fifty
// hashes of the backend, and a few of the reference.
func Conformance(t *testing.T, b compute.Backend) {
	vectors := Vectors(t)
	t.Run("info", func(t *testing.T) { testInfo(t, b) })
	t.Run("self-test", func(t *testing.T) {
		if err := compute.SelfTest(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("vectors", func(t *testing.T) { testVectors(t, b, vectors) })
	t.Run("batches", func(t *testing.T) { testBatches(t, b, vectors) })
	t.Run("seed switches", func(t *testing.T) { testSeedSwitches(t, b, vectors) })
	t.Run("concurrent hashers", func(t *testing.T) { testConcurrent(t, b, vectors) })
	t.Run("cancelled context", func(t *testing.T) { testCancelled(t, b, vectors[0]) })
	t.Run("random", func(t *testing.T) { testRandom(t, b) })
	t.Run("nonces", func(t *testing.T) { testNonces(t, b) })
}

func testInfo(t *testing.T, b compute.Backend) {
	info := b.Info()
	if info.Name == "" || info.Kernel == "" || info.Workers < 1 {
		t.Errorf("incomplete: %+v", info)
	}
	if again := b.Info(); again != info {
		t.Errorf("not constant: %+v, then %+v", info, again)
	}
}

// shortVectors is how long a short run begins with the vectors of another seed, in an order that
// is drawn: a backend that takes longer for all of them has some in each run.
const shortVectors = 3 * time.Second

// testVectors hashes the vectors of each seed as one batch.
func testVectors(t *testing.T, b compute.Backend, vectors []Vector) {
	groups, start := bySeed(vectors), time.Now()
	for n, i := range rand.Perm(len(groups)) {
		if n > 0 && !Long() && time.Since(start) > shortVectors {
			t.Logf("the vectors of %d seeds of %d", n, len(groups))
			break
		}
		group := groups[i]
		h := newHasher(t, b, group[0].Seed)
		check(t, h, group)
		closeHasher(t, h)
	}
}

// testBatches hashes batches of every awkward length: none, one, and one more
// than the hasher likes.
func testBatches(t *testing.T, b compute.Backend, vectors []Vector) {
	group := largest(bySeed(vectors))
	h := newHasher(t, b, group[0].Seed)
	defer closeHasher(t, h)
	if h.Batch() < 1 {
		t.Fatalf("preferred batch is %d", h.Batch())
	}
	for _, n := range []int{0, 1, h.Batch() + 1, 1} {
		check(t, h, repeat(group, n))
	}
	for _, lengths := range [][2]int{{0, 1}, {1, 0}, {2, 3}, {3, 2}} {
		if err := h.Hash(t.Context(), make([][32]byte, lengths[0]), make([][32]byte, lengths[1])); err == nil {
			t.Errorf("%d results of %d headers: no error", lengths[0], lengths[1])
		}
	}
	check(t, h, group[:1]) // still good after the errors
}

// testSeedSwitches goes back and forth between more seeds than a backend keeps,
// while a Hasher of the first stays open: its matrices must not be freed.
func testSeedSwitches(t *testing.T, b compute.Backend, vectors []Vector) {
	groups := bySeed(vectors)[: compute.SeedsKept+2 : compute.SeedsKept+2]
	open := newHasher(t, b, groups[0][0].Seed)
	defer closeHasher(t, open)
	for _, group := range append(groups, groups[1], groups[0]) {
		h := newHasher(t, b, group[0].Seed)
		check(t, h, group[:1])
		closeHasher(t, h)
	}
	check(t, open, groups[0][:1])
}

// testConcurrent runs more Hashers at a time than there are workers, all of
// them asking for the same new seeds at once.
func testConcurrent(t *testing.T, b compute.Backend, vectors []Vector) {
	groups := bySeed(vectors)
	var group sync.WaitGroup
	for i := range b.Info().Workers + 2 {
		group.Go(func() {
			mine := groups[len(groups)-1-i%2]
			h, err := b.NewHasher(t.Context(), mine[0].Seed)
			if err != nil {
				t.Error(err)
				return
			}
			defer h.Close()
			check(t, h, mine[:1])
		})
	}
	group.Wait()
}

func testCancelled(t *testing.T, b compute.Backend, v Vector) {
	ctx, cancel := context.WithCancel(t.Context())
	h, err := b.NewHasher(ctx, v.Seed)
	if err != nil {
		t.Fatal(err)
	}
	defer closeHasher(t, h)
	cancel()

	if err := h.Hash(ctx, make([][32]byte, 1), [][32]byte{v.Header}); !errors.Is(err, context.Canceled) {
		t.Errorf("Hash after cancel: %v", err)
	}
	if h, err := b.NewHasher(ctx, [32]byte{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("NewHasher after cancel: %v, %v", h, err)
	}
	check(t, h, []Vector{v}) // under a context of its own it goes on
}

// longRandom is how long testRandom begins with new seeds on a backend, or a machine,
// that makes a hash in seconds.
const longRandom = 5 * time.Minute

// drawn are random headers under a random seed, which the backends of a short run share: the
// reference takes longer for them than all backends together.
var drawn = sync.OnceValue(func() []Vector { return referenceVectors(random32(), 3) })

// testRandom compares hashes of random headers under random seeds with the
// reference. Each run draws others; a failure prints its header and seed.
func testRandom(t *testing.T, b compute.Backend) {
	if !Long() {
		h := newHasher(t, b, drawn()[0].Seed)
		check(t, h, drawn())
		closeHasher(t, h)
		return
	}
	const seeds, headers = 20, 10
	start := time.Now()
	for i := range seeds {
		if i > 0 && time.Since(start) > longRandom {
			t.Logf("%d seeds of %d, with %d headers each, in %s", i, seeds, headers, time.Since(start).Round(time.Second))
			break
		}
		group := referenceVectors(random32(), headers)
		h := newHasher(t, b, group[0].Seed)
		check(t, h, group)
		closeHasher(t, h)
	}
}

// testNonces compares hashes of a random header's nonces with the reference, if the
// backend's device makes header hashes: a batch of one, and more than a batch.
func testNonces(t *testing.T, b compute.Backend) {
	seed := random32()
	h := newHasher(t, b, seed)
	defer closeHasher(t, h)
	n, ok := h.(compute.NonceHasher)
	if !ok {
		t.Skip("header hashes are made on the CPU")
	}
	var header compute.BlockHeader
	for i := range header {
		header[i] = byte(rand.Uint32())
	}
	m := compute.NewMatrices(seed)
	for _, nonces := range [][]uint64{{rand.Uint64()}, {0, 1<<63 - 1, rand.Uint64() >> 40}, {}} {
		nonces = append(nonces, make([]uint64, max(0, len(nonces)-1)*n.Batch())...)
		results := make([][32]byte, len(nonces))
		if err := n.HashNonces(t.Context(), results, &header, nonces); err != nil {
			t.Fatal(err)
		}
		known := make(map[uint64][32]byte)
		for i, nonce := range nonces {
			if _, ok := known[nonce]; !ok {
				known[nonce] = compute.Sum(m, header.Hash(nonce))
			}
			if results[i] != known[nonce] {
				t.Errorf("header %x seed %x nonce %#x (%d of %d): got %x, want %x", header, seed, nonce, i, len(nonces), results[i], known[nonce])
			}
		}
	}
	if err := n.HashNonces(t.Context(), make([][32]byte, 2), &header, []uint64{1}); err == nil {
		t.Error("2 results of 1 nonce: no error")
	}
}

// referenceVectors has the reference compute vectors with random headers.
func referenceVectors(seed [32]byte, n int) []Vector {
	m := compute.NewMatrices(seed)
	group := make([]Vector, n)
	var running sync.WaitGroup
	for i := range group {
		running.Go(func() {
			header := random32()
			name := fmt.Sprintf("random header %x seed %x", header, seed)
			group[i] = Vector{name, header, seed, compute.Sum(m, header)}
		})
	}
	running.Wait()
	return group
}

func random32() (r [32]byte) {
	for i := range r {
		r[i] = byte(rand.Uint32())
	}
	return r
}

// check hashes the vectors' headers in one call.
func check(t *testing.T, h compute.Hasher, vectors []Vector) {
	t.Helper()
	headers, results := make([][32]byte, len(vectors)), make([][32]byte, len(vectors))
	for i, v := range vectors {
		headers[i] = v.Header
	}
	if err := h.Hash(t.Context(), results, headers); err != nil {
		t.Errorf("hash: %v", err)
		return
	}
	for i, v := range vectors {
		if results[i] != v.Tensority {
			t.Errorf("%s (%d of %d): got %x, want %x", v.Name, i, len(vectors), results[i], v.Tensority)
		}
		if headers[i] != v.Header {
			t.Errorf("%s: Hash has changed its header", v.Name)
		}
	}
}

func newHasher(t *testing.T, b compute.Backend, seed [32]byte) compute.Hasher {
	t.Helper()
	h, err := b.NewHasher(t.Context(), seed)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func closeHasher(t *testing.T, h compute.Hasher) {
	t.Helper()
	if err := h.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// bySeed groups vectors that share a seed, in the order of the file.
func bySeed(vectors []Vector) [][]Vector {
	var groups [][]Vector
	position := map[[32]byte]int{}
	for _, v := range vectors {
		i, ok := position[v.Seed]
		if !ok {
			i = len(groups)
			position[v.Seed] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], v)
	}
	return groups
}

func largest(groups [][]Vector) []Vector {
	best := groups[0]
	for _, g := range groups {
		if len(g) > len(best) {
			best = g
		}
	}
	return best
}

// repeat returns n vectors, going round the given ones.
func repeat(vectors []Vector, n int) []Vector {
	repeated := make([]Vector, n)
	for i := range repeated {
		repeated[i] = vectors[i%len(vectors)]
	}
	return repeated
}

// Require skips a test because something that it needs is missing on this
// machine, or fails it if the environment variable TENSORITY_REQUIRE, a list
// separated by commas, says that it must be there.
func Require(t testing.TB, name, reason string) {
	t.Helper()
	for required := range strings.SplitSeq(os.Getenv("TENSORITY_REQUIRE"), ",") {
		if strings.TrimSpace(required) == name {
			t.Fatalf("%s is required and missing: %s", name, reason)
		}
	}
	t.Skipf("no %s: %s", name, reason)
}
