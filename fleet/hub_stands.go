package fleet

import "time"

// stands is what a front was last told of a block.
type stands struct {
	main   bool
	winner [32]byte
	at     time.Time
}

const (
	// mostStands is of how many blocks that is remembered.
	mostStands = 4096
	// standsAgain is how long a front is not told the same again. It is told then, as it may not have
	// heard.
	standsAgain = 50 * time.Second
)

// Stands tells a front, if it is let in, where a block of its rigs is now. A node that is fenced says nothing: the front
// would take it that the one that keeps the ledger has the block.
func (h *Hub) Stands(front PublicKey, v Verdict) {
	last, ok := h.stands.Get(v.Hash)
	if ok && last.main == v.Main && last.winner == v.Winner && time.Since(last.at) < standsAgain {
		return
	}
	if h.known(front) && h.fenced.Load() == nil {
		h.stands.Add(v.Hash, stands{v.Main, v.Winner, time.Now()})
		h.sendSealed(h.to(front), KindVerdict, &v)
	}
}
