package stratum

import (
	"github.com/bytom-solo/bytom-solo/ledger"
)

// verdict is what became of a share.
type verdict int

const (
	verdictAccepted  verdict = iota
	verdictStale             // of a former tip
	verdictDuplicate         // came before
	verdictLow               // its hash misses the target
	verdictInvalid           // can't be judged: no such job, no nonce
	verdictRefused           // came too fast to be hashed, or could not be
	verdicts
)

// String names the verdict as the metrics do.
func (v verdict) String() string {
	return [...]string{"accepted", "stale", "duplicate", "low", "invalid", "refused"}[v]
}

// ledger returns the ledger's kind of the verdict; false if the ledger does not count it.
func (v verdict) ledger() (ledger.Kind, bool) {
	return [...]ledger.Kind{ledger.Accepted, ledger.Stale, ledger.Duplicate, ledger.Low, ledger.Invalid, ledger.Invalid}[v], v != verdictRefused
}
