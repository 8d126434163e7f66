package payout

import (
	"encoding/binary"
	"encoding/json"
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
