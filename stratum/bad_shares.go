package stratum

const (
	// judgedAtOnce is how many shares of a rig are looked at together, and mostBad how many
	// of them may be bad: a rig with the wrong difficulty, or a broken board, is far
	// above that.
	judgedAtOnce = 50
	mostBad      = 40
)

// badShares counts the bad shares of a session: a rig that sends nearly nothing else gets
// its job again, and if that does not help it is disconnected. Nobody is banned.
type badShares struct {
	total, bad int
	warned     bool
	resend     bool // the job is to be sent again
	drop       bool // the session is to end
}

func (m *badShares) count(v verdict) {
	switch v {
	case verdictStale, verdictRefused:
		return // The chain's doing, or ours.
	case verdictDuplicate, verdictLow, verdictInvalid:
		m.bad++
	}
	if m.total++; m.total < judgedAtOnce {
		return
	}
	if m.bad >= mostBad {
		m.resend, m.drop = !m.warned, m.warned
		m.warned = true
	} else {
		m.warned = false
	}
	m.total, m.bad = 0, 0
}
