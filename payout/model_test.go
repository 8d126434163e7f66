package payout

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// walk is a random history of a pool: shares, blocks that are found, lost and come back,
// however deep, batches and their ends, funds that are spent by hand, other logs, restarts.
type walk struct {
	*pool
	rand   *rand.Rand
	path   string
	owners []string
	policy uint32
}

func newWalk(t testing.TB, seed uint64, path string) *walk {
	w := &walk{pool: &pool{t: t, chain: newChain(t), log: newLog("log 0"), now: time.Now().Add(-1000 * time.Hour)}, rand: rand.New(rand.NewPCG(seed, 18)), path: path}
	w.open(path)
	w.books.now = func() time.Time { return w.now }
	for i := range 6 {
		w.owners = append(w.owners, fmt.Sprintf("bm1q%c", 'a'+rune(i)))
	}
	w.setPolicy()
	return w
}

func (w *walk) setPolicy() {
	p := []Policy{
		{Scheme: Solo, FeeBP: 100},
		{Scheme: PPLNS, FeeBP: uint32(w.rand.IntN(300)), WindowMilli: uint32(500 + w.rand.IntN(8000))},
		{Scheme: DGM, FeeBP: 50, CMillionths: uint32(1 + w.rand.IntN(500_000)), OMillionths: uint32(w.rand.IntN(999_999))},
		{Scheme: PPS, FeeBP: 500, Reserve: 1},
	}[w.rand.IntN(4)]
	p, err := w.books.SetPolicy(p)
	must(w.t, err)
	w.policy = p.ID
}

// act does one random thing.
func (w *walk) act() {
	w.now = w.now.Add(time.Duration(w.rand.IntN(600)-60) * time.Second) // Set back at times.
	switch n := w.rand.IntN(100); {
	case n < 35:
		for range 1 + w.rand.IntN(20) {
			owner := append(w.owners, "")[w.rand.IntN(len(w.owners)+1)]
			w.share(owner, 1+w.rand.Uint64N(1<<(50+w.rand.IntN(14))), w.policy)
		}
	case n < 50:
		if len(w.log.shares) > 0 {
			w.found(w.rand.IntN(5) > 0)
		}
	case n < 62:
		grow(w.chain, 1+w.rand.IntN(60))
	case n < 68:
		w.reorganise()
	case n < 72:
		w.setPolicy()
	case n < 73:
		w.log = newLog(fmt.Sprint("log ", w.rand.Uint64()))
		w.settler.shares = w.log
	case n < 75:
		w.byHand()
	case n < 78:
		must(w.t, w.books.Resume())
	case n < 88:
		w.stage()
	case n < 97:
		w.mine()
	default:
		must(w.t, w.books.Close())
		before := w.books
		w.open(w.path)
		w.books.now = before.now
	}
}

// settle has settler and outbox do all that there is to do.
func (w *walk) settle() {
	w.step()
	w.follow()
	w.step()
}

// reorganise takes blocks off, at times more than a coinbase's hundred, and puts others, or
// the same again, there.
func (w *walk) reorganise() {
	best, _ := w.chain.Best()
	n := int(min(best, uint64(1+w.rand.IntN([]int{4, 60, 250}[w.rand.IntN(3)]))))
	off := w.chain.rewind(n)
	grow(w.chain, 1+w.rand.IntN(n+2))
	switch w.rand.IntN(4) {
	case 0:
		w.chain.forget(off)
	case 1, 2:
		w.step()
		w.follow()
		now, _ := w.chain.Best()
		w.chain.rewind(int(now - (best - uint64(n))))
		w.chain.back(off)
	}
}

// funds are those of a state.
func (w *walk) funds(state FundState) (some []Fund) {
	all, err := w.books.Funds()
	must(w.t, err)
	for _, f := range all {
		if f.State == state {
			some = append(some, f)
		}
	}
	return some
}

// byHand spends a fund, ready or staged, by a transaction of the operator's.
func (w *walk) byHand() {
	all := append(w.funds(FundReady), w.funds(FundStaged)...)
	if len(all) == 0 {
		return
	}
	f := all[w.rand.IntN(len(all))]
	if unspent, err := w.chain.Unspent(f.Output); err == nil && unspent {
		w.chain.mine([]byte{0x51}, spend(0, []Fund{f}, []Payment{{"x", f.Amount}}, 0))
	}
}

// stage stores a batch that pays some of what is due, and signs it or not.
func (w *walk) stage() {
	owners, err := w.books.Owners()
	must(w.t, err)
	ready := w.funds(FundReady)
	ready = ready[:min(len(ready), 1+w.rand.IntN(4))]
	left := uint64(0)
	for _, f := range ready {
		left += f.Amount
	}
	if left < 2000 {
		return
	}
	fee := uint64(w.rand.IntN(1000))
	left -= fee
	var payments []Payment
	for _, o := range owners {
		if amount := min(o.Payable, left); amount > 0 && w.rand.IntN(4) > 0 {
			payments, left = append(payments, Payment{o.Owner, amount}), left-amount
		}
	}
	best, _ := w.chain.Best()
	batch := batchOf(w.t, best+uint64(1+w.rand.IntN(200)), fee, ready, payments)
	batch.Height = best
	why, err := w.books.Stopped()
	must(w.t, err)
	if err := w.books.Stage(batch); err == nil && (len(payments) == 0 || why != "") || err != nil && len(payments) > 0 && why == "" {
		w.t.Errorf("staged %d payments, stopped: %q: %v", len(payments), why, err)
	}
	if w.rand.IntN(3) > 0 {
		w.sign()
	}
}

func (w *walk) batches() []Batch {
	all, err := w.books.Batches()
	must(w.t, err)
	return all
}

// sign signs what is stored.
func (w *walk) sign() {
	for _, b := range w.batches() {
		if b.State == BatchStored {
			must(w.t, w.books.SetSigned(b.ID, b.Unsigned))
		}
	}
}

// mine has the chain take a signed transaction that it can take.
func (w *walk) mine() {
	w.sign()
	best, _ := w.chain.Best()
	for _, b := range w.batches() {
		there := !slices.ContainsFunc(b.Inputs, func(id bc.Hash) bool { ok, _ := w.chain.Unspent(id); return !ok })
		if b.State != BatchSigned || !there || best >= b.TimeRange || w.rand.IntN(3) == 0 {
			continue
		}
		tx, err := b.Tx()
		must(w.t, err)
		w.chain.mine([]byte{0x51}, []*types.Tx{tx}...)
	}
}

const deep = 6

// follow does what the outbox does with open and paid batches, by what the chain shows.
func (w *walk) follow() {
	best, _ := w.chain.Best()
	for _, b := range w.batches() {
		if !b.Open() && b.State != BatchPaid {
			continue
		}
		block, height, ok := w.chain.place(b.ID)
		if b.Block != nil && (!ok || *b.Block != block) {
			must(w.t, w.books.Unmined(b.ID))
		}
		now, err := w.books.Batch(b.ID)
		must(w.t, err)
		switch {
		case ok && now.State == BatchSigned:
			must(w.t, w.books.Mined(b.ID, block, height))
			fallthrough
		case ok && now.State == BatchMined:
			if best >= height+deep {
				must(w.t, w.books.Paid(b.ID))
			}
		case !ok && w.conflict(now):
		case !ok && now.Open() && best > b.TimeRange+250:
			must(w.t, w.books.GiveUp(b.ID, best))
		}
	}
}

// conflict reports whether an input of a batch was spent by another transaction, which is
// told the books.
func (w *walk) conflict(b Batch) bool {
	for _, f := range w.funds(FundStaged) {
		if unspent, err := w.chain.Unspent(f.Output); err == nil && !unspent && slices.Contains(b.Inputs, f.Output) {
			must(w.t, w.books.Conflict(b.ID, "spent by hand", f.Output))
			return true
		}
	}
	return false
}

// check holds the books to what must be true of them after each step.
func (w *walk) check() {
	w.t.Helper()
	r := w.verified() // Each manifest, entries, balances, and the fake chain's money.
	manifests, gone := 0, len(r.Gone)+len(r.Forgotten)
	must(w.t, w.books.Manifests(func(Manifest) error { manifests++; return nil }))
	if r.Verified+gone != manifests {
		w.t.Errorf("%d blocks verified and %d gone or forgotten, expected %d", r.Verified, gone, manifests)
	}
	credits, paid := w.owed()
	owners, err := w.books.Owners()
	must(w.t, err)
	for _, o := range owners {
		got := int64(o.Provisional+o.Payable+o.Transit+o.Paid) - int64(o.Overpaid)
		if got != credits[o.Owner] || o.Paid != paid[o.Owner] || o.Payable > 0 && o.Overpaid > 0 {
			w.t.Errorf("owner %+v: expected credits of %d and payments of %d", o, credits[o.Owner], paid[o.Owner])
		}
	}
}

// owed is what owners' credits and payments come to, by manifests, entries of pps, and batches
// on the chain.
func (w *walk) owed() (credits map[string]int64, paid map[string]uint64) {
	credits, paid = make(map[string]int64), make(map[string]uint64)
	must(w.t, w.books.Manifests(func(m Manifest) error {
		hash, ok := w.chain.MainHash(m.Height)
		for _, p := range m.Parts {
			if ok && hash == m.Block && p.Owner != "" {
				credits[p.Owner] += int64(p.Amount)
			}
		}
		return nil
	}))
	must(w.t, w.books.Entries(func(e Entry) error {
		for _, p := range e.Postings {
			if owner, ok := ownerOf(p.Account); ok && e.Kind == KindPPS {
				credits[owner] -= p.Amount
			}
		}
		return nil
	}))
	best, _ := w.chain.Best()
	for _, b := range w.batches() {
		_, height, ok := w.chain.place(b.ID)
		if paid := b.State == BatchPaid; paid && !ok || !paid && ok && best >= height+deep {
			w.t.Errorf("batch %s is %s, and on the chain at %d: %v", b.ID.String(), b.State, height, ok)
		}
		if b.State == BatchPaid { // A shorter chain than then does not change that.
			for _, p := range b.Payments {
				paid[p.Owner] += p.Amount
			}
		}
	}
	return credits, paid
}

// TestBooksAreTheChains does at random what happens to a pool, and holds the books to the chain
// after each step: entries sum to 0, each block is split once and by its shares, nobody is paid
// more than the credits on the chain and what is said to be overpaid, and what the books have
// is what the chain has.
func TestBooksAreTheChains(t *testing.T) {
	t.Parallel()
	runs, steps := uint64(6), 120
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		runs, steps = 200, 400
	}
	seen := make(map[string]int)
	for seed := range runs {
		w := newWalk(t, seed, pathIn(t))
		w.books.db.Bolt().NoSync = true
		for i := range steps {
			w.act()
			w.settle()
			if w.books.db.Bolt().NoSync = true; i%4 == 0 || t.Failed() {
				w.check()
			}
			if t.Failed() {
				t.Fatalf("seed %d, step %d", seed, i)
			}
		}
		w.check()
		must(t, w.books.Entries(func(e Entry) error { seen[e.Kind]++; return nil }))
	}
	for _, kind := range []string{KindSettled, KindMatured, KindReversed, KindBack, KindPPS, KindTaken, KindUntaken, KindStaged, KindPaid, KindUnpaid, KindGivenUp, KindConflict} {
		if seen[kind] == 0 {
			t.Errorf("no entry %q in %v", kind, seen)
		}
	}
	t.Log(seen)
}
