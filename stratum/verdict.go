package stratum

import (
	"github.com/bytom-solo/bytom-solo/ledger"
)

// verdict is what became of a share.
type verdict int

const (
	kindAccepted  verdict = iota
	kindStale             // of a former tip
	kindDuplicate         // came before
	kindLow               // its hash misses the target
	kindInvalid           // makes no sense: no such job, no nonce
	kindRefused           // came too fast to be hashed, or could not be
	verdicts
)

// String names the verdict as the metrics do.
func (v verdict) String() string {
	return [...]string{"accepted", "stale", "duplicate", "low", "invalid", "refused"}[v]
}

// ledger is the verdict as the ledger has it; false if it is none of its business.
func (v verdict) ledger() (ledger.Kind, bool) {
	return [...]ledger.Kind{ledger.Accepted, ledger.Stale, ledger.Duplicate, ledger.Low, ledger.Invalid, ledger.Invalid}[v], v != kindRefused
}
