package fakerig

import (
	"fmt"
	"strings"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// Tally is what a rig knows that it has sent, and what became of it.
type Tally struct {
	// Accepted and so on are what the front has to have counted. Where a tip has moved
	// meanwhile, the front's reply decides: a good share may be stale.
	Accepted  uint64 `json:"accepted"`
	Stale     uint64 `json:"stale"`
	Duplicate uint64 `json:"duplicate"`
	Low       uint64 `json:"low"`
	Invalid   uint64 `json:"invalid"`
	// Refused came faster than the front could verify.
	Refused uint64 `json:"refused"`
	// Work is the effective difficulty of the accepted shares, in hashes.
	Work float64 `json:"work"`
	// Blocks are the accepted shares that met the network's target: one of them has lost
	// where the front has not counted it.
	Blocks uint64 `json:"blocks"`
	// StaleBlocks are the shares refused as stale that met the network's target. The front takes such a
	// block to the chain all the same, and books it where that has a use for it.
	StaleBlocks uint64 `json:"stale_blocks"`
	// Garbage is lines that are no messages.
	Garbage uint64 `json:"garbage"`
	// Unanswered are shares of which nobody knows, since the connection broke first.
	Unanswered uint64 `json:"unanswered"`
	// Surprises are replies that the front should not have given; Surprise is the last
	// of them.
	Surprises uint64 `json:"surprises"`
	Surprise  string `json:"surprise,omitempty"`
}

// Report is the state of a rig.
type Report struct {
	// Name is what the front counts it by.
	Name    string `json:"name"`
	Node    int    `json:"node"`
	Dialect string `json:"dialect"`
	// Connected reports whether it is logged in, Connections how often it was.
	Connected   bool   `json:"connected"`
	Connections uint64 `json:"connections"`
	// Difficulty is that of its job.
	Difficulty float64 `json:"difficulty"`
	Hashes     uint64  `json:"hashes"`
	Tally
	// Error is why it lost its last connection, or got none.
	Error string `json:"error,omitempty"`
}

// MostBooked is how many shares a ledger can have of the rig: those that it knows were accepted, and
// those of which it can't know.
func (t *Tally) MostBooked() uint64 { return t.Accepted + t.Unanswered + t.StaleBlocks }

// settle counts a share by its reply. The front knows the jobs of its latest two tips, and
// may have forgotten the share's: a rig that is slow, or loses jobs, is behind.
func (t *Report) settle(w sentShare, m wire.Message, forgotten bool) {
	allowed := map[sending]string{
		sendGood: "ok stale refused", sendStale: "stale invalid", sendDuplicate: "duplicate stale", sendLow: "low stale refused", sendInvalid: "invalid",
	}
	kind := replyKind(m)
	switch kind {
	case "ok":
		t.Accepted++
		t.Work += w.work
		if w.block {
			t.Blocks++
		}
	case "stale":
		t.Stale++
		if w.block {
			t.StaleBlocks++
		}
	case "duplicate":
		t.Duplicate++
	case "low":
		t.Low++
	case "refused":
		t.Refused++
	default:
		t.Invalid++
	}
	if !strings.Contains(allowed[w.send], kind) && !forgotten {
		t.Surprises++
		t.Surprise = fmt.Sprintf("%s instead of %s: %v", kind, allowed[w.send], m.Error)
	}
}

// replyKind is what a reply makes of a share.
func replyKind(m wire.Message) string {
	switch {
	case m.OK():
		return "ok"
	case m.Error == nil:
		return "invalid"
	case m.Error.Code == wire.CodeJobNotFound && strings.Contains(m.Error.Message, "expired"):
		return "stale"
	case m.Error.Code == wire.CodeDuplicate:
		return "duplicate"
	case m.Error.Code == wire.CodeLow:
		return "low"
	case m.Error.Code == wire.CodeOther:
		return "refused"
	}
	return "invalid"
}
