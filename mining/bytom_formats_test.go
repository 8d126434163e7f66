package mining

import (
	"encoding/hex"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/consensus/difficulty"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// random is the tests' source: the same at each run, so that a failure can be
// looked at.
func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func randomHash(r *rand.Rand) bc.Hash {
	return bc.Hash{V0: r.Uint64(), V1: r.Uint64(), V2: r.Uint64(), V3: r.Uint64()}
}

func TestHeaderHashIsBytoms(t *testing.T) {
	r := random()
	for range 200 {
		h := types.BlockHeader{
			Version: r.Uint64(), Height: r.Uint64(), PreviousBlockHash: randomHash(r),
			Timestamp: r.Uint64(), Nonce: r.Uint64(), Bits: r.Uint64(),
			BlockCommitment: types.BlockCommitment{TransactionsMerkleRoot: randomHash(r), TransactionStatusHash: randomHash(r)},
		}
		if got := bc.NewHash(newBlockHeader(&h).Hash(h.Nonce)); got != h.Hash() {
			t.Fatalf("header %+v: hash %s, Bytom says %s", h, got.String(), (&bc.Hash{}).String())
		}
	}
}

func TestTargetIsBytoms(t *testing.T) {
	r := random()
	bits := []uint64{0, 1, 0x20 << 56, 2305843009214532812, 0x1d00000000047a1d, 3<<56 | 0x7fffffffffffff, 1<<56 | 0xffffff, 0xff<<56 | 1}
	for range 2000 {
		bits = append(bits, uint64(r.IntN(36))<<56|r.Uint64()&0x007fffffffffffff>>r.IntN(56))
	}
	top := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	for _, b := range bits {
		want := difficulty.CompactToBig(b)
		target := TargetFromBits(b)
		clamped := want
		if want.Cmp(top) > 0 {
			clamped = top
		}
		if got := new(big.Int).SetBytes(target[:]); got.Cmp(clamped) != 0 {
			t.Fatalf("bits %#x: target %x, Bytom says %x", b, got, want)
		}
		// Results at, just below and just above the target, and anywhere.
		for _, result := range [][32]byte{reversed(target, 0), reversed(target, -1), reversed(target, 1), randomHash(r).Byte32()} {
			id := bc.NewHash(result)
			if got, want := target.Met(result), difficulty.HashToBig(&id).Cmp(want) <= 0; got != want {
				t.Fatalf("bits %#x result %x: met %v, Bytom says %v", b, result, got, want)
			}
		}
	}
	if negative := TargetFromBits(0x20<<56 | 0x0080000000000001); negative != (Target{}) {
		t.Errorf("negative bits give target %s, expected zero", negative)
	}
}

// reversed is a Tensority result whose number is the target plus delta, or the
// target itself where that leaves 256 bits.
func reversed(target Target, delta int64) [32]byte {
	n := new(big.Int).SetBytes(target[:])
	n.Add(n, big.NewInt(delta))
	if n.Sign() < 0 || n.BitLen() > 256 {
		n.SetBytes(target[:])
	}
	var be, le [32]byte
	n.FillBytes(be[:])
	for i, b := range be {
		le[31-i] = b
	}
	return le
}

// TestJobIsBytomsBlock rebuilds blocks of 1 to 65 transactions, and some larger,
// with Bytom's own code and compares every hash in them.
func TestJobIsBytomsBlock(t *testing.T) {
	r := random()
	sizes := []int{127, 128, 129, 500}
	for n := range 65 {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		chosen := randomCandidates(r, n)
		tip := Tip{Hash: randomHash(r), Height: r.Uint64N(2_000_000), Bits: easyBits, MedianTime: 1_600_000_000}
		template, err := newTemplate(tip, chosen, testPayee, []byte("a tag"), timeAt(1_600_000_001), NewParent)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			job := NewJob(template, r.Uint64())
			timestamp, nonce := tip.MedianTime+1+r.Uint64N(1000), r.Uint64()&MaxNonce
			block, err := job.Block(timestamp, nonce)
			if err != nil {
				t.Fatal(err)
			}
			checkBlock(t, job, block, timestamp, nonce, n)
		}
	}
}

func checkBlock(t *testing.T, job *Job, block *types.Block, timestamp, nonce uint64, txs int) {
	t.Helper()
	ids := []*bc.Tx{}
	for _, tx := range block.Transactions {
		ids = append(ids, types.NewTx(tx.TxData).Tx)
	}
	root, err := types.TxMerkleRoot(ids)
	if err != nil {
		t.Fatal(err)
	}
	if root != block.TransactionsMerkleRoot || root != job.Root() {
		t.Fatalf("%d transactions: root %s, Bytom says %s", txs, block.TransactionsMerkleRoot.String(), root.String())
	}
	if got := bc.NewHash(NewHeaders(&block.BlockHeader).Hash(nonce)); got != block.Hash() {
		t.Errorf("the header alone hashes to %s", got.String())
	}
	if got := bc.NewHash(job.HeaderHash(timestamp, nonce)); got != block.Hash() {
		t.Fatalf("%d transactions: header hash differs from the block's id", txs)
	}
	text, err := block.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var back types.Block
	if err := back.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	if back.Hash() != block.Hash() || len(back.Transactions) != txs+1 {
		t.Fatalf("%d transactions: the block does not survive serialisation", txs)
	}
	if got, want := block.Transactions[0].SerializedSize, back.Transactions[0].SerializedSize; got != want {
		t.Fatalf("coinbase size %d, on the wire %d", got, want)
	}
}

func randomCandidates(r *rand.Rand, n int) []Candidate {
	var out []Candidate
	for range n {
		tx := types.NewTx(types.TxData{
			Version: 1, SerializedSize: 100,
			Inputs:  []*types.TxInput{types.NewSpendInput(nil, randomHash(r), *consensus.BTMAssetID, 1000, 0, []byte{0x51})},
			Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, 900, []byte{0x51})},
		})
		out = append(out, Candidate{Tx: tx, Fee: r.Uint64N(1000), Gas: r.Uint64N(1000), GasOnly: r.IntN(4) == 0})
	}
	return out
}

func TestCoinbasePaysSubsidyAndFees(t *testing.T) {
	chosen := randomCandidates(random(), 5)
	fees := uint64(0)
	for _, c := range chosen {
		fees += c.Fee
	}
	template, err := newTemplate(Tip{Height: 839_999, Bits: easyBits}, chosen, testPayee, nil, timeAt(5000), NewParent)
	if err != nil {
		t.Fatal(err)
	}
	block, err := NewJob(template, 7).Block(5000, 1)
	if err != nil {
		t.Fatal(err)
	}
	outputs := block.Transactions[0].Outputs
	want := consensus.BlockSubsidy(840_000) + fees
	if len(outputs) != 1 || outputs[0].Amount != want || template.Value != want {
		t.Fatalf("coinbase outputs %+v, expected one of %d", outputs, want)
	}
}

func TestCoinbaseRefusesWhatIsNotAPayee(t *testing.T) {
	for name, program := range map[string][]byte{
		"none": nil, "anyone": {0x51}, "short": {0, 20, 1}, "p2pkh": append([]byte{0x76, 0xa9, 20}, make([]byte, 22)...),
	} {
		if err := (Payee{Program: program}).Check(); err == nil {
			t.Errorf("%s: program %x was taken for a payee", name, program)
		}
	}
	if _, err := newCoinbase(1, 1, testPayee, make([]byte, 200)); err == nil {
		t.Error("a tag of 200 bytes was accepted")
	}
	// 128 bytes hold a zero, the height's two digits, the tag and eight of the extranonce.
	for size, fits := range map[int]bool{117: true, 118: false} {
		if _, err := newCoinbase(10, 1, testPayee, make([]byte, size)); (err == nil) != fits {
			t.Errorf("a tag of %d bytes: %v, expected that it fits: %v", size, err, fits)
		}
	}
	if _, err := newCoinbase(1<<63, 1, testPayee, make([]byte, MaxTag)); err != nil {
		t.Errorf("the longest tag at the highest height: %v", err)
	}
}

func TestTimestampIsAboveTheMedian(t *testing.T) {
	tip := Tip{Bits: easyBits, MedianTime: 10_000}
	behind, err := newTemplate(tip, nil, testPayee, nil, timeAt(9_000), NewParent)
	if err != nil {
		t.Fatal(err)
	}
	if behind.Timestamp != 10_001 {
		t.Errorf("with the clock behind the median: timestamp %d, expected 10001", behind.Timestamp)
	}
}

func TestRollAllocatesNothing(t *testing.T) {
	template, err := newTemplate(Tip{Bits: easyBits}, randomCandidates(random(), 100), testPayee, nil, timeAt(1), NewParent)
	if err != nil {
		t.Fatal(err)
	}
	extranonce := uint64(0)
	if n := testing.AllocsPerRun(100, func() { extranonce++; climb(template.coinbase.id(extranonce), template.branch) }); n != 0 {
		t.Errorf("a roll allocates %v times", n)
	}
}

// TestHeaderOnTheWire compares headers with Bytom's own serialisation of them.
func TestHeaderOnTheWire(t *testing.T) {
	r := random()
	for range 1000 {
		tip := Tip{
			Hash: bc.Hash{V0: r.Uint64(), V3: r.Uint64()}, Height: r.Uint64() >> (2 + r.IntN(62)),
			Bits: r.Uint64() >> (1 + r.IntN(63)), MedianTime: r.Uint64() >> (1 + r.IntN(62)),
		}
		template, err := newTemplate(tip, nil, testPayee, nil, timeAt(1), NewParent)
		if err != nil {
			t.Fatal(err)
		}
		j, nonce := NewJob(template, r.Uint64()), r.Uint64N(MaxNonce+1)
		h := j.Header(template.Timestamp, nonce)
		want, err := h.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(j.AppendHeader(nil, template.Timestamp, nonce)); got != string(want) {
			t.Fatalf("%+v:\n%s, Bytom writes\n%s", h, got, want)
		}
	}
}

func TestLeasesNeverShareAnExtranonce(t *testing.T) {
	space := NewExtranonces()
	seen := make(map[uint64]bool)
	for range 100 {
		l := space.Lease()
		for range 100 {
			x := l.Next()
			if seen[x] {
				t.Fatalf("extranonce %#x was handed out twice", x)
			}
			seen[x] = true
		}
	}
}

// TestRollIsBytomsRoot compares rolls with Bytom's own root of the whole tree: for each
// number of transactions up to 130 and around the powers of two beyond, or for all up
// to 4,096.
func TestRollIsBytomsRoot(t *testing.T) {
	r := random()
	chosen := randomCandidates(r, 4095)
	for n := 1; n <= 4096; n++ {
		if n > 130 && bits.OnesCount(uint(n-1)) > 1 && bits.OnesCount(uint(n)) > 1 && bits.OnesCount(uint(n+1)) > 1 && os.Getenv("BYTOM_SOLO_LONG") == "" {
			continue
		}
		template, err := newTemplate(Tip{Bits: easyBits}, chosen[:n-1], testPayee, nil, timeAt(1), NewParent)
		if err != nil {
			t.Fatal(err)
		}
		extranonce := r.Uint64()
		if got, want := NewJob(template, extranonce).Root(), rebuiltRoot(t, template, extranonce); got != want {
			t.Fatalf("%d transactions: root %s, Bytom says %s", n, got.String(), want.String())
		}
	}
}

// rebuiltRoot is the root by Bytom's own code, of a coinbase built anew and the whole
// tree.
func rebuiltRoot(t testing.TB, template *Template, extranonce uint64) bc.Hash {
	coinbase, err := template.coinbase.tx(extranonce)
	if err != nil {
		t.Fatal(err)
	}
	txs := []*bc.Tx{coinbase.Tx}
	for _, tx := range template.Txs {
		txs = append(txs, tx.Tx)
	}
	root, err := types.TxMerkleRoot(txs)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// BenchmarkRoll takes a new extranonce into the root, and reports how many times as
// long Bytom's own code takes to build the tree anew, measured in turns.
func BenchmarkRoll(b *testing.B) {
	for _, n := range []int{1, 64, 4096} {
		template, err := newTemplate(Tip{Bits: easyBits}, randomCandidates(random(), n-1), testPayee, nil, timeAt(1), NewParent)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(sizeName(n), func(b *testing.B) {
			b.ReportAllocs()
			var rolls, rebuilds time.Duration
			extranonce := uint64(0)
			for b.Loop() {
				start := time.Now()
				var rolled [32]byte
				for range 100 {
					extranonce++
					rolled = climb(template.coinbase.id(extranonce), template.branch)
				}
				middle := time.Now()
				rebuilt := rebuiltRoot(b, template, extranonce)
				rolls, rebuilds = rolls+middle.Sub(start), rebuilds+time.Since(middle)
				if rebuilt.Byte32() != rolled {
					b.Fatal("the roots differ")
				}
			}
			perRoll := rolls / time.Duration(100*b.N)
			b.ReportMetric(float64(perRoll.Nanoseconds())/1000, "µs/roll")
			b.ReportMetric(float64(rebuilds/time.Duration(b.N))/float64(perRoll), "rolls/rebuild")
			b.ReportMetric(0, "ns/op") // A turn of both says nothing.
		})
	}
}

func BenchmarkHeaderHash(b *testing.B) {
	template, err := newTemplate(Tip{Bits: easyBits}, nil, testPayee, nil, timeAt(1), NewParent)
	if err != nil {
		b.Fatal(err)
	}
	job := NewJob(template, 1)
	for i := range b.N {
		job.HeaderHash(1, uint64(i))
	}
}
