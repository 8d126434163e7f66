package ledger

import (
	"slices"
	"testing"
)

// shares are those that the log of a ledger has, by a list.
func (m *ledgerModel) shares() (all []Share) {
	for i, e := range m.entries {
		if e.Kind != Accepted {
			continue
		}
		s := Share{Sequence: uint64(len(all)), At: e.At, Rig: e.Rig, Effective: e.Effective, Network: e.Network}
		if i >= m.withoutPolicy {
			s.Work, s.Owner, s.Policy = e.Work, e.Owner, m.policies[i]
		}
		all = append(all, s)
	}
	return all
}

// checkLog holds the log of shares and the blocks against the model.
func (lt *ledgerTest) checkLog() {
	t := lt.t
	t.Helper()
	want := lt.shares()
	var shares []Share
	if err := lt.ledger.Shares(func(s Share) bool { shares = append(shares, s); return true }); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(shares)
	expectShares(t, "all", shares, want)
	lt.checkVisits(want)
	blocks, err := lt.ledger.Blocks()
	if err != nil {
		t.Fatal(err)
	}
	accepted, found := uint64(0), 0
	for i, e := range lt.entries {
		if e.Kind != Accepted {
			continue
		}
		if e.Block != "" {
			if b := blocks[found]; b.Hash != e.Block || b.Rig != e.Rig || b.Height != e.Height || b.Round != uint32(found) || b.Share != accepted {
				t.Fatalf("block %d is %+v, expected %+v", found, b, e)
			}
			found++
		}
		if e.Solved != "" && i >= lt.withoutPolicy {
			if n, ok, err := lt.ledger.Solved(e.Solved); n != accepted || !ok || err != nil {
				t.Fatalf("block %s was made by share %d, %v, %v, expected %d", e.Solved, n, ok, err, accepted)
			}
		}
		accepted++
	}
	if found != len(blocks) {
		t.Fatalf("%d blocks, expected %d", len(blocks), found)
	}
	if _, ok, err := lt.ledger.Solved("nobody's"); ok || err != nil {
		t.Fatalf("a block of nobody's: %v, %v", ok, err)
	}
}

// checkVisits visits parts of the log, in both directions, and ends some of the visits early.
func (lt *ledgerTest) checkVisits(want []Share) {
	lt.t.Helper()
	for range 20 {
		from := lt.claims.IntN(len(want) + 3)
		most := lt.claims.IntN(len(want) + 3)
		var got []Share
		visit := func(s Share) bool {
			got = append(got, s)
			return len(got) < most
		}
		after := want[min(from, len(want)):]
		if err := lt.ledger.SharesFrom(uint64(from), visit); err != nil {
			lt.t.Fatal(err)
		}
		expectShares(lt.t, "from", got, after[:min(max(1, most), len(after))])
		got = nil
		if err := lt.ledger.SharesBefore(uint64(from), visit); err != nil {
			lt.t.Fatal(err)
		}
		before := slices.Clone(want[:min(from+1, len(want))])
		slices.Reverse(before)
		expectShares(lt.t, "before", got, before[:min(max(1, most), len(before))])
	}
}

func expectShares(t *testing.T, what string, got, want []Share) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d shares, expected %d", what, len(got), len(want))
	}
	for i, s := range got {
		if !s.At.Equal(want[i].At) {
			t.Fatalf("%s: share %d is of %v, expected %v", what, i, s.At, want[i].At)
		}
		if s.At = want[i].At; s != want[i] {
			t.Fatalf("%s: share %d is %+v, expected %+v", what, i, s, want[i])
		}
	}
}
