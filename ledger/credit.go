package ledger

import (
	"math"
	"time"
)

// noRig is the id of work that no rig did.
const noRig = math.MaxUint32

// Credit logs an owner's work that no rig did: so much of it, as Entry's Effective, Network
// and Work have it. It stands in the log of shares alone, among those of rigs and with the
// policy of now; rows, rigs and totals don't count it.
func (l *Ledger) Credit(at time.Time, owner string, effective, network float64, work uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, loggedShare{l.sequence, at.UnixMilli(), noRig, effective, network, work, l.owners.id(owner), l.policy})
	l.sequence++
}
