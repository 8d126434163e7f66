package stratum

import (
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
)

// Templates is where a Server has its work from: a mining.Generator, whose methods these are,
// or what stands for one where the chain is elsewhere. All are safe for concurrent use.
type Templates interface {
	mining.TemplateSource
	// Current is the newest template, or an error that says why there is none.
	Current() (*mining.Template, error)
	// State is what a job of a template is worth now.
	State(*mining.Template) mining.JobState
	// Force asks for a new template without a cause.
	Force()
	// Now is the chain's clock.
	Now() time.Time
}

// Book counts what rigs do. Its methods are safe for concurrent use, and don't wait for a disk.
type Book interface {
	// Login records that a rig has connected.
	Login(at time.Time, rig, address, agent string)
	// Add counts a judged submit, and calls then, if it is not nil, once that is as safe as it
	// gets: the rig has its answer after that. An error says that it will not be counted.
	Add(e ledger.Entry, then func(error))
}

// InLedger is the Book that a ledger is.
func InLedger(l *ledger.Ledger) Book { return inLedger{l} }

type inLedger struct{ *ledger.Ledger }

// Add counts in memory: what the ledger may lose in a kill, it says itself.
func (l inLedger) Add(e ledger.Entry, then func(error)) {
	l.Ledger.Add(e)
	if then != nil {
		then(nil)
	}
}
