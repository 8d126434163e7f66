package stratum

const (
	// judgedAtOnce is how many shares of a rig are looked at together, and mostBad how many
	// of them may be bad: a rig with the wrong difficulty, or a broken board, is far
	// above that.
	judgedAtOnce = 50
	mostBad      = 40
)

// badShares judges a rig by its shares: one that sends nearly nothing but bad ones gets its
// job again, and if that does not help it is dropped. Nobody is banned.
type badShares struct {
	total, bad int
	warned     bool
	resend     bool // the job is to be sent again
	drop       bool // the session is to end
}

func (m *badShares) count(v verdict) {
	switch v {
	case kindStale, kindRefused:
		return // The chain's doing, or ours.
	case kindDuplicate, kindLow, kindInvalid:
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
