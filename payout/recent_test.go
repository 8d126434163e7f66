package payout

import (
	"fmt"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// TestAnOwnersBlocksAreReadAlone: an owner's page, which anybody may ask for, reads no manifest
// in which the owner has no part, and explains no part of others.
func TestAnOwnersBlocksAreReadAlone(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPLNS, WindowMilli: 500})
	for _, owner := range []string{"A", "B", "A", "C"} {
		p.share(owner, quarter*2, 1)
		p.found(true)
	}
	p.step()
	all, err := p.books.RecentOf("A", 9)
	if err != nil || len(all) != 4 {
		t.Fatalf("%d blocks, %v, expected all 4", len(all), err)
	}
	for _, e := range all {
		if len(e.Reasons) != 1 || e.Reasons[0].Owner != "A" || e.Reasons[0].OfWork == 0 {
			t.Errorf("block %d: reasons %+v", e.Height, e.Reasons)
		}
	}
	must(t, p.books.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(manifestsBucket).Put(number(2), []byte(`{"owner":"B`)) }))
	if _, err := p.books.Recent(9); err == nil {
		t.Error("what can't be read is read")
	}
	if all, err = p.books.RecentOf("A", 9); err != nil || len(all) != 3 {
		t.Errorf("%d blocks, %v, expected 3", len(all), err)
	}
}

// BenchmarkRecentOf is an owner's page where the owner has a part of each of 1000 blocks.
func BenchmarkRecentOf(b *testing.B) {
	for _, owners := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(owners), func(b *testing.B) {
			p := newPool(b, Policy{Scheme: PPLNS, WindowMilli: 2000})
			p.books.db.Bolt().NoSync = true
			for i := range owners {
				p.share(fmt.Sprintf("bm1q%058d", i), 1<<62/uint64(owners), 1)
			}
			for range 1000 {
				p.found(true)
			}
			p.step()
			for b.Loop() {
				if _, err := p.books.RecentOf(fmt.Sprintf("bm1q%058d", 1), 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
