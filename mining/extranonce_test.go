package mining

import "testing"

// TestGrantedRangesAreNobodyElses takes leases and grants ranges in any order: no lease is in
// two hands, those of fronts and of earlier runs included.
func TestGrantedRangesAreNobodyElses(t *testing.T) {
	r := random()
	for range 20 {
		e := NewExtranonces(uint64(r.Uint32())<<32, 1<<48)
		e.next = r.Uint32()
		e.lowest = rangeOf(e.next)
		e.used[e.next+3] = struct{}{}
		granted := map[uint16]bool{}
		for range 5 {
			former := uint16(r.Uint32())
			e.Reserve(former)
			granted[former] = true
		}
		taken := map[uint32]bool{}
		for range 3000 {
			if r.IntN(10) == 0 {
				// As if many had been taken since, so that ranges are met.
				e.next += uint32(r.IntN(rangeSize))
			}
			if r.IntN(5) > 0 {
				lease := uint32(e.Lease().First() >> 32)
				if _, used := e.used[lease]; used || taken[lease] || granted[rangeOf(lease)] {
					t.Fatalf("lease %x is somebody else's", lease)
				}
				taken[lease] = true
				continue
			}
			grant, err := e.Grant()
			if err != nil {
				t.Fatal(err)
			}
			if granted[grant] {
				t.Fatalf("range %x was granted twice", grant)
			}
			for lease := range taken {
				if rangeOf(lease) == grant {
					t.Fatalf("range %x has lease %x, which was taken", grant, lease)
				}
			}
			granted[grant] = true
		}
	}
}

func TestAllRangesAreGranted(t *testing.T) {
	e := NewExtranonces()
	for n := 0; ; n++ {
		if _, err := e.Grant(); err != nil {
			if n != rangeSize-1 {
				t.Errorf("%d ranges granted, expected all but this node's own", n)
			}
			return
		}
	}
}

// TestLeasesOfRanges takes all leases of two ranges, one by one.
func TestLeasesOfRanges(t *testing.T) {
	e := NewExtranoncesIn(7)
	taken := map[uint64]bool{}
	for n := range 2 * rangeSize {
		if n == 1000 {
			if left := e.Left(); left != rangeSize-n {
				t.Errorf("%d left, expected %d", left, rangeSize-n)
			}
			e.Extend(9)
		}
		lease := e.Lease().First()
		if r := lease >> 48; r != 7 && r != 9 || taken[lease] {
			t.Fatalf("lease %x at %d", lease, n)
		}
		taken[lease] = true
	}
	if left := e.Left(); left != 0 {
		t.Errorf("%d left, expected none", left)
	}
}
