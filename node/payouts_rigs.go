package node

import (
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/payout"
)

// rigsOf are an owner's rigs, by what they logged in as.
func (n *Node) rigsOf(owner string) []OwnerRig {
	mine := []OwnerRig{}
	if address, err := ownerAddress(owner); err != nil || address != owner || n.ledger == nil || n.owners == nil {
		return mine
	}
	online := make(map[string]bool)
	if n.rigs != nil {
		for _, r := range n.rigs.Rigs() {
			online[r.Name] = r.Sessions > 0
		}
	}
	for _, r := range n.ledger.RigsOf(time.Now(), func(rig string) bool { return n.owners.named(rig) == owner }) {
		rig := OwnerRig{Name: r.Rig, Online: online[r.Rig], LastShare: r.Last}
		if r.Accepted > 0 {
			rig.Hashrate = RigRates{Minute: &r.Hashrate.Minute, Hour: &r.Hashrate.Hour, Day: &r.Hashrate.Day}
		}
		mine = append(mine, rig)
	}
	return mine
}

// batchList is the batches without their transactions, read anew only when the books have changed:
// owners' pages ask without a token, and the books have all transactions that ever were. It
// is safe for concurrent use.
type batchList struct {
	mu   sync.Mutex
	read lookUp
	all  []payout.Batch
}

// of are the batches of some books, the latest first.
func (l *batchList) of(books *payout.Books) ([]payout.Batch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	version, err := books.Version()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if !l.read.old(now, version) {
		return l.all, nil
	}
	all, err := books.Batches()
	if err != nil {
		return nil, err
	}
	all = latestBatches(all, len(all))
	for i := range all {
		all[i].Unsigned, all[i].Signed = nil, nil
	}
	l.all, l.read = all, since(now, version)
	return all, nil
}
