package payout

import (
	"fmt"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
)

// manyShares are shares without a log: the owner of each and its work follow from its number.
type manyShares struct {
	*fakeLog
	owners []string
	count  uint64
	at     time.Time
}

func (s *manyShares) share(n uint64) Share {
	return Share{Sequence: n, At: s.at.Add(time.Duration(n) * time.Millisecond), Owner: s.owners[n*2654435761%uint64(len(s.owners))], Work: (1 << 63) / 150_000, Policy: 1}
}

func (s *manyShares) SharesBefore(sequence uint64, visit func(Share) bool) error {
	for n := min(sequence, s.count-1) + 1; n > 0; n-- {
		if !visit(s.share(n - 1)) {
			break
		}
	}
	return nil
}

// BenchmarkSettle2400000 splits a block among the 2.4 million shares of its window, of 100
// owners, and checks how.
func BenchmarkSettle2400000(b *testing.B) {
	s := &manyShares{fakeLog: newLog("one"), count: 2_400_000, at: time.Unix(1.7e9, 0)}
	for i := range 100 {
		s.owners = append(s.owners, fmt.Sprintf("bm1q%038d", i))
	}
	policies := []Policy{{ID: 1, Scheme: PPLNS, FeeBP: 100, WindowMilli: 7999}}
	for b.Loop() {
		m := &Manifest{Share: s.count - 1, Reward: reward, Policy: policies[0], Terms: []uint32{1}}
		must(b, m.splitPPLNS(policies, s))
		sum, work, shares := m.Fee+m.Rest, new(big.Int), uint64(0)
		for _, p := range m.Parts {
			sum, shares = sum+p.Amount, shares+p.Shares
			work.Add(work, p.Work)
		}
		// Each share is a little less than 1/300,000 of a block: 7.999 blocks of them behind the
		// winner, and a part of one more.
		if want := uint64(2_399_702); sum != reward || len(m.Parts) != 100 || !m.Full || shares != want || m.Last-m.First+1 != want {
			b.Fatalf("%d shares of %d owners, full: %v, %d neu, expected %d, 100 and %d", shares, len(m.Parts), m.Full, sum, want, uint64(reward))
		}
	}
}

// BenchmarkSettleLedger2400000 is the same with the rigs' own ledger.
func BenchmarkSettleLedger2400000(b *testing.B) {
	const count = 2_400_000
	l := ledger.Open(ledger.Config{Path: filepath.Join(b.TempDir(), "rigs.db"), Shares: count})
	defer func() { must(b, l.Close()) }()
	l.SetPolicy(1)
	l.Keep(0)
	at := time.Unix(1.7e9, 0)
	for n := range uint64(count) {
		owner := fmt.Sprintf("bm1q%038d", n*2654435761%100)
		l.Add(ledger.Entry{At: at.Add(time.Duration(n) * time.Millisecond), Rig: owner + ".rig", Owner: owner, Kind: ledger.Accepted, Effective: 1, Network: 300_000, Work: (1 << 63) / 150_000})
		if n%50_000 == 49_999 {
			must(b, l.Flush())
		}
	}
	policies := []Policy{{ID: 1, Scheme: PPLNS, FeeBP: 100, WindowMilli: 7999}}
	for b.Loop() {
		m := &Manifest{Share: count - 1, Reward: reward, Policy: policies[0], Terms: []uint32{1}}
		must(b, m.splitPPLNS(policies, FromLedger(l)))
		if want := uint64(2_399_702); len(m.Parts) != 100 || !m.Full || m.Last-m.First+1 != want {
			b.Fatalf("%d to %d of %d owners, full: %v, expected %d shares of 100", m.First, m.Last, len(m.Parts), m.Full, want)
		}
	}
}
