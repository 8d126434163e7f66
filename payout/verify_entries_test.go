package payout

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestVerifySeesAnEntryOfAnotherOwner: what a block pays was booked to another owner than its
// manifest says, with balances and owners that agree with the entry.
func TestVerifySeesAnEntryOfAnotherOwner(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: Solo})
	p.share("A", quarter, 1)
	p.found(true)
	p.step()
	p.verified()
	must(t, p.books.update("forge", func(w *writer) error {
		entries := w.tx.Bucket(entriesBucket)
		raw := entries.Get(number(1))
		forged := strings.Replace(string(raw), Provisional("A"), Provisional("Z"), 1)
		if forged == string(raw) {
			t.Fatal("nothing forged")
		}
		must(t, entries.Put(number(1), []byte(forged)))
		b := w.tx.Bucket(balancesBucket)
		must(t, b.Put([]byte(Provisional("Z")), b.Get([]byte(Provisional("A")))))
		must(t, b.Put([]byte(Provisional("A")), binary.BigEndian.AppendUint64(nil, 0)))
		o := w.tx.Bucket(ownersBucket)
		must(t, o.Put([]byte("Z"), o.Get([]byte("A"))))
		none, err := json.Marshal(ownerRecord{})
		must(t, err)
		return o.Put([]byte("A"), none)
	}))
	r, err := p.books.Verify(t.Context(), p.log, p.chain)
	must(t, err)
	if len(r.Problems) == 0 {
		t.Errorf("the block of A was booked to Z, and the verification says %+v", r)
	}
}

// TestVerifySeesThatABatchIsGone: a payment was deep, and a damage took its batch out of the books.
func TestVerifySeesThatABatchIsGone(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: Solo})
	p.share("bm1a", quarter, 1)
	p.found(true)
	p.step()
	x := &till{t: t, chain: p.chain, books: p.books, every: 1, valid: 400}
	x.restart()
	for range 4 { // It matures, and its payment is mined, and then deep.
		grow(p.chain, 100)
		p.step()
		must(t, x.out.Step(t.Context()))
		x.mine()
	}
	x.state(BatchPaid)
	p.step()
	p.verified()
	must(t, p.books.update("forge", func(w *writer) error {
		b := w.tx.Bucket(batchesBucket)
		id, _ := b.Cursor().First()
		return b.Delete(id)
	}))
	r, err := p.books.Verify(t.Context(), p.log, p.chain)
	must(t, err)
	if !slices.ContainsFunc(r.Problems, func(s string) bool { return strings.Contains(s, "is gone") }) {
		t.Errorf("a deep batch is gone, and the verification says %+v", r)
	}
}
