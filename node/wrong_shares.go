package node

import (
	"fmt"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum"
)

// wrongShares compares the rigs' wrong shares with all of the last minutes. Only one
// goroutine may use it.
type wrongShares struct {
	stats func() (stratum.Stats, bool)
	past  []shareCount // oldest first, one each shareStep
	grew  shareCount   // when the number of wrong ones was last higher than before
}

type shareCount struct {
	at         time.Time
	wrong, all uint64
}

const (
	shareStep   = 10 * time.Second
	shareWindow = 5 * time.Minute
	// wrongShown is how long the last wrong share is reason enough: it is over when the rig
	// was repaired, and not when the window is.
	wrongShown = 45 * time.Second
	// mostWrong is the part of the shares that may be wrong, and fewestWrong how many must
	// be: a rig that is switched on may send some for its former pool.
	mostWrong   = 0.1
	fewestWrong = 20
)

// check satisfies faultKind's check.
func (w *wrongShares) check(now time.Time) (string, bool) {
	s, ok := w.stats()
	if !ok {
		return "", false
	}
	count := shareCount{at: now}
	for verdict, n := range s.Shares {
		count.all += n
		switch verdict {
		case "low", "invalid", "duplicate":
			count.wrong += n
		}
	}
	if count.wrong != w.grew.wrong {
		w.grew = count
	}
	if n := len(w.past); n == 0 || now.Sub(w.past[n-1].at) >= shareStep {
		w.past = append(w.past, count)
	}
	for len(w.past) > 1 && now.Sub(w.past[0].at) > shareWindow {
		w.past = w.past[1:]
	}
	wrong, all := count.wrong-w.past[0].wrong, count.all-w.past[0].all
	return fmt.Sprintf("%d of %d in the last %v", wrong, all, now.Sub(w.past[0].at).Round(time.Second)),
		now.Sub(w.grew.at) < wrongShown && wrong >= fewestWrong && float64(wrong) > mostWrong*float64(all)
}
