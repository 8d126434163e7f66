package mining

import (
	"crypto/sha3"
	"reflect"
	"testing"
	"time"

	"github.com/cloudflare/circl/simd/keccakf1600"
)

// TestKeccak4 compares sums of every length that there is room for with the standard
// library's.
func TestKeccak4(t *testing.T) {
	r, k := random(), newKeccak4()
	for n := range 2 * sha3Rate {
		var want [lanes][32]byte
		for j := range k.buf {
			for i := range k.buf[j] {
				k.buf[j][i] = byte(r.Uint32())
			}
			want[j] = sha3.Sum256(k.buf[j][:n])
		}
		if got := k.sum(n); got != want {
			t.Fatalf("%d bytes: %x, expected %x", n, got, want)
		}
	}
}

// TestNewJobs compares jobs made together, and roots, with such made one by one, which others hold
// to Bytom's code: for tags, payees, transactions and numbers of jobs of all sizes.
func TestNewJobs(t *testing.T) {
	if !keccakf1600.IsEnabledX4() {
		t.Log("without AVX2 jobs are made one by one here")
	}
	r, roller := random(), new(Roller)
	long := Payee{Address: "p2wsh", Program: append([]byte{0, 32}, make([]byte, 32)...)}
	for n := range 40 {
		tag := make([]byte, r.IntN(MaxTag+1))
		payee := []Payee{testPayee, long}[n%2]
		tip := Tip{Hash: randomHash(r), Height: r.Uint64N(1 << (1 + r.UintN(62))), Bits: easyBits, MedianTime: 1_600_000_000}
		template, err := newTemplate(tip, randomCandidates(r, r.IntN(40)), payee, tag, timeAt(1_600_000_001), NewParent)
		if err != nil {
			t.Fatal(err)
		}
		extranonces := make([]uint64, n)
		for i := range extranonces {
			extranonces[i] = r.Uint64()
		}
		jobs, roots := NewJobs(template, extranonces), make([][32]byte, n)
		roller.Roots(template, extranonces, roots)
		if len(jobs) != n {
			t.Fatalf("%d jobs of %d extranonces", len(jobs), n)
		}
		for i, j := range jobs {
			want := NewJob(template, extranonces[i])
			if !reflect.DeepEqual(j, want) {
				t.Fatalf("job %d of %d: %+v, expected %+v", i, n, j, want)
			}
			if roots[i] != want.root {
				t.Fatalf("root %d of %d: %x, expected %x", i, n, roots[i], want.root)
			}
		}
	}
}

// BenchmarkNewJobs makes jobs together, and reports how many times as long it takes one by
// one, measured in turns.
func BenchmarkNewJobs(b *testing.B) {
	template, err := newTemplate(Tip{Height: 700_000, Bits: easyBits}, randomCandidates(random(), 20), testPayee, []byte("a tag"), timeAt(1), NewParent)
	if err != nil {
		b.Fatal(err)
	}
	extranonces := make([]uint64, 16)
	var together, single time.Duration
	var jobs []*Job
	for b.Loop() {
		start := time.Now()
		jobs = NewJobs(template, extranonces)
		middle := time.Now()
		for i, e := range extranonces {
			if NewJob(template, e).root != jobs[i].root {
				b.Fatal("the roots differ")
			}
		}
		together, single = together+middle.Sub(start), single+time.Since(middle)
		for i := range extranonces {
			extranonces[i] += 1 << 16
		}
	}
	b.ReportMetric(float64(together.Nanoseconds())/float64(b.N*len(jobs))/1000, "µs/job")
	b.ReportMetric(float64(single)/float64(together), "one-by-one/together")
	b.ReportMetric(0, "ns/op") // A turn of both says nothing.
}
