package ledger

// RigTally is what a rig did since its first login.
type RigTally struct {
	Rig string
	Tally
}

// Total returns what all rigs did since the ledger was opened.
func (l *Ledger) Total() Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// Tallies returns those of all rigs, in no order. It costs less than Rigs, which adds up
// rates.
func (l *Ledger) Tallies() []RigTally {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]RigTally, 0, len(l.rigs))
	for name, r := range l.rigs {
		all = append(all, RigTally{name, r.summary.Tally})
	}
	return all
}
