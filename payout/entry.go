package payout

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The accounts that are not one owner's. Assets and expenses are above 0, what is owed and
// what is the operator's below.
const (
	// Immature is what coinbases are worth that can't be spent yet, Spendable what the funds
	// are worth that are ready or staged.
	Immature  = "Assets:Immature"
	Spendable = "Assets:Spendable"
	// Fee is the operator's by the policy's fee, Reserve all else that is the operator's.
	Fee     = "Income:Fee"
	Reserve = "Equity:Reserve"
	// TxFee is what transactions cost.
	TxFee = "Expenses:TxFee"

	ownerPrefix = "Liabilities:Owner:"
	lossPrefix  = "Expenses:Loss:"
)

// Provisional is the account of what an owner gets if the blocks stay, Payable of what is due,
// Transit of what an open batch pays.
func Provisional(owner string) string { return ownerPrefix + owner + ":Provisional" }

// Payable is described at Provisional.
func Payable(owner string) string { return ownerPrefix + owner + ":Payable" }

// Transit is described at Provisional.
func Transit(owner string) string { return ownerPrefix + owner + ":Transit" }

// Loss is the account of what an owner was paid for blocks that then left the main chain. It
// is the operator's until the owner's next credits make up for it.
func Loss(owner string) string { return lossPrefix + owner }

// ownerOf is the owner of an account; false if it is none's.
func ownerOf(account string) (string, bool) {
	if owner, ok := strings.CutPrefix(account, lossPrefix); ok {
		return owner, true
	}
	rest, ok := strings.CutPrefix(account, ownerPrefix)
	owner, _, _ := strings.Cut(rest, ":")
	return owner, ok
}

// The kinds of entries.
const (
	KindSettled  = "settled"  // a block was split
	KindMatured  = "matured"  // its coinbase may be spent
	KindReversed = "reversed" // it left the main chain
	KindBack     = "back"     // it came back
	KindPPS      = "pps"      // shares were bought
	KindTaken    = "taken"    // a fund was spent by another transaction
	KindUntaken  = "untaken"  // that other transaction left the main chain
	KindStaged   = "staged"   // a batch was stored
	KindPaid     = "paid"     // it is deep
	KindUnpaid   = "unpaid"   // it left the main chain all the same
	KindGivenUp  = "given up" // it can't be mined
	KindConflict = "conflict" // another transaction spent an input of it
)

// Posting changes one account by an amount of neu.
type Posting struct {
	Account string `json:"account"`
	Amount  int64  `json:"amount"`
}

// Entry is one event. Its postings sum to 0.
type Entry struct {
	N    uint64    `json:"n"`
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	// Ref is the block, the batch or the fund that it is about.
	Ref      string    `json:"ref"`
	Postings []Posting `json:"postings"`
}

// changes collects what an entry changes.
type changes map[string]int64

func (c changes) add(account string, amount int64) { c[account] += amount }

// move takes an amount out of an account and puts it into another.
func (c changes) move(from, to string, amount int64) {
	c[from] -= amount
	c[to] += amount
}

// negated are the reverse changes.
func (c changes) negated() changes {
	n := make(changes, len(c))
	for account, amount := range c {
		n[account] = -amount
	}
	return n
}

// postings are the changes of an entry, by account.
func (c changes) postings() (all []Posting) {
	for _, account := range slices.Sorted(maps.Keys(c)) {
		if amount := c[account]; amount != 0 {
			all = append(all, Posting{account, amount})
		}
	}
	return all
}

// post writes an entry and changes the balances: the only function that does. An entry that
// does not sum to 0 is refused, and the whole change with it.
func (w *writer) post(kind, ref string, c changes) error {
	if err := w.spread(c); err != nil {
		return err
	}
	e := Entry{At: w.now, Kind: kind, Ref: ref, Postings: c.postings()}
	sum := int64(0)
	for _, p := range e.Postings {
		sum += p.Amount
	}
	if sum != 0 {
		return fmt.Errorf("an entry %q of %s sums to %d neu, expected 0: %v", kind, ref, sum, e.Postings)
	}
	if len(e.Postings) == 0 {
		return nil
	}
	entries := w.tx.Bucket(entriesBucket)
	e.N = next(entries)
	if err := putJSON(entries, number(e.N), e); err != nil {
		return err
	}
	for _, p := range e.Postings {
		if err := w.change(e, p); err != nil {
			return err
		}
	}
	return nil
}

// change applies a posting to its balance and its owner.
func (w *writer) change(e Entry, p Posting) error {
	balances := w.tx.Bucket(balancesBucket)
	was, err := readBalance(balances, p.Account)
	if err != nil {
		return err
	}
	if err := balances.Put([]byte(p.Account), binary.BigEndian.AppendUint64(nil, uint64(was+p.Amount))); err != nil {
		return err
	}
	name, ok := ownerOf(p.Account)
	if !ok {
		return nil
	}
	var o ownerRecord
	there, err := getJSON(w.tx.Bucket(ownersBucket), []byte(name), &o)
	if err != nil {
		return err
	}
	if !there {
		o.First = e.At
	}
	o.count(e, p)
	return putJSON(w.tx.Bucket(ownersBucket), []byte(name), o)
}

// spread has each owner either owed something or overpaid, not both: what is taken from an
// owner to whom less is due is a loss, and what an overpaid one gets makes up for it. So the
// two depend on the sums of credits and payments alone, and not on their order.
func (w *writer) spread(c changes) error {
	owners := make(map[string]bool)
	for account := range c {
		if owner, ok := ownerOf(account); ok && account == Payable(owner) {
			owners[owner] = true
		}
	}
	balances := w.tx.Bucket(balancesBucket)
	for owner := range owners {
		payable, err := readBalance(balances, Payable(owner))
		if err != nil {
			return err
		}
		loss, err := readBalance(balances, Loss(owner))
		if err != nil {
			return err
		}
		// What is owed is below 0, what is lost above.
		net := payable + loss + c[Payable(owner)] + c[Loss(owner)]
		c[Payable(owner)], c[Loss(owner)] = min(net, 0)-payable, max(net, 0)-loss
	}
	return nil
}

func readBalance(b *bolt.Bucket, account string) (int64, error) {
	raw := b.Get([]byte(account))
	if raw == nil {
		return 0, nil
	}
	if len(raw) != 8 {
		return 0, fmt.Errorf("the balance of %s has %d bytes, expected 8", account, len(raw))
	}
	return int64(binary.BigEndian.Uint64(raw)), nil
}

// recount adds all entries up and compares the sums with the balances and the owners.
func recount(tx *bolt.Tx) error {
	sums, owners := make(map[string]int64), make(map[string]ownerRecord)
	last := uint64(0)
	err := each(tx.Bucket(entriesBucket), func(e Entry) error {
		if last++; e.N != last {
			return fmt.Errorf("entry %d at the place of %d", e.N, last)
		}
		sum := int64(0)
		for _, p := range e.Postings {
			sum += p.Amount
			sums[p.Account] += p.Amount
			if name, ok := ownerOf(p.Account); ok {
				o := owners[name]
				o.count(e, p)
				owners[name] = o
			}
		}
		if sum != 0 {
			return fmt.Errorf("entry %d sums to %d neu, expected 0", e.N, sum)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(
		tx.Bucket(balancesBucket).ForEach(func(account, _ []byte) error {
			balance, err := readBalance(tx.Bucket(balancesBucket), string(account))
			if sum := sums[string(account)]; err == nil && balance != sum {
				err = fmt.Errorf("%s is %d neu, expected %d by the entries", account, balance, sum)
			}
			delete(sums, string(account))
			return err
		}),
		missing(sums),
		tx.Bucket(ownersBucket).ForEach(func(name, raw []byte) error {
			var o ownerRecord
			err := json.Unmarshal(raw, &o)
			if want := owners[string(name)]; err == nil && (o.Paid != want.Paid || o.Credited != want.Credited) {
				err = fmt.Errorf("owner %s got %d and was paid %d neu, expected %d and %d by the entries", name, o.Credited, o.Paid, want.Credited, want.Paid)
			}
			return err
		}),
	)
}

// missing is an error if there are balances left that no account has.
func missing(sums map[string]int64) error {
	for _, account := range slices.SortedFunc(maps.Keys(sums), cmp.Compare[string]) {
		return fmt.Errorf("%s has no balance, expected %d neu by the entries", account, sums[account])
	}
	return nil
}

// Entries visits all entries, in their order.
func (b *Books) Entries(visit func(Entry) error) error {
	return b.view(func(tx *bolt.Tx) error { return each(tx.Bucket(entriesBucket), visit) })
}

// Balances are those of all accounts that ever had one, by name.
func (b *Books) Balances() (map[string]int64, error) {
	all := make(map[string]int64)
	err := b.view(func(tx *bolt.Tx) error {
		return tx.Bucket(balancesBucket).ForEach(func(account, _ []byte) (err error) {
			all[string(account)], err = readBalance(tx.Bucket(balancesBucket), string(account))
			return err
		})
	})
	return all, err
}

// Recount compares each balance with the sum of its entries; nil if all are equal.
func (b *Books) Recount() error {
	return b.view(recount)
}
