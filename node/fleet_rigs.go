package node

import (
	"maps"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/ledger"
)

// frontRigsFresh is how long after its latest share or login a front's rig is taken to be hashing:
// by then some hundred shares would be to be expected.
const frontRigsFresh = 10 * time.Minute

const (
	// frontRigsKept is how long a rig of a front is remembered, leastFrontRigs from how many on those are looked for
	// of which that was longer ago.
	frontRigsKept  = 24 * time.Hour
	leastFrontRigs = 10_000
)

// frontRigs books what fronts bring, and knows which rigs it was of: those have no connection here,
// and are not away. A nil one knows of none. It is safe for concurrent use.
type frontRigs struct {
	*ledger.Ledger

	mu     sync.Mutex
	latest map[string]time.Time
	swept  time.Time // when old ones were last looked for
}

var _ fleet.Books = (*frontRigs)(nil)

func newFrontRigs(l *ledger.Ledger) *frontRigs {
	return &frontRigs{Ledger: l, latest: make(map[string]time.Time)}
}

// Book implements fleet.Books.
func (f *frontRigs) Book(id ledger.BatchID, entries []ledger.Entry) (booked bool, err error) {
	booked, err = f.Ledger.Book(id, entries)
	if !booked {
		return booked, err
	}
	now := time.Now() // That of booking: a front's clock may be wrong, and its shares old.
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range entries {
		f.latest[entries[i].Rig] = now
	}
	// Names cost nothing to make up, and of those that the ledger does not know nobody asks.
	if len(f.latest) > leastFrontRigs && now.Sub(f.swept) > time.Hour {
		maps.DeleteFunc(f.latest, func(_ string, latest time.Time) bool { return now.Sub(latest) > frontRigsKept })
		f.swept = now
	}
	return booked, err
}

// of reports whether a rig is a front's, and whether it is hashing there. Rigs of which nothing
// comes for a day are forgotten.
func (f *frontRigs) of(rig string, now time.Time) (ofFront, fresh bool) {
	if f == nil {
		return false, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	latest, ofFront := f.latest[rig]
	if ofFront && now.Sub(latest) > frontRigsKept {
		delete(f.latest, rig)
		return false, false
	}
	return ofFront, ofFront && now.Sub(latest) < frontRigsFresh
}
