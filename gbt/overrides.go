package gbt

import (
	"context"
	"encoding/hex"
	"net/http"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
)

// Override is the operator's setting for a transaction, whatever it pays, and what became
// of it in the last template.
type Override struct {
	TxID string `json:"tx_id"`
	// FeeDelta is added to the fee where transactions are ordered, in the smallest unit of
	// BTM. The coinbase does not pay it.
	FeeDelta int64 `json:"fee_delta"`
	// Excluded keeps it, and all that spends from it, out of templates.
	Excluded bool `json:"excluded"`
	Explanation
}

// Explanation is what became of a transaction of the pool in the last template.
type Explanation struct {
	// State is chosen, or why it is not: invalid, immature, spent, missing, low-fee,
	// excluded, no-room; unknown if it was not in the pool.
	State string `json:"state"`
	// Reason is a sentence, where there is more to say.
	Reason string `json:"reason,omitempty"`
	// Fee is what it pays, in the smallest unit of BTM; Gas is what it takes.
	Fee uint64 `json:"fee,omitempty"`
	Gas uint64 `json:"gas,omitempty"`
	// Place is where it stands in the block, behind the coinbase at 0.
	Place int `json:"place,omitempty"`
}

// Overrides are the operator's settings for the selection of transactions. Its methods are safe
// for concurrent use.
type Overrides interface {
	// Prioritise adds delta to what was added to a transaction's fee before, for the
	// order alone, and returns the sum. Zero takes all of it back. ctx is the call's.
	Prioritise(ctx context.Context, tx bc.Hash, delta int64) (total int64, err error)
	// Exclude keeps a transaction out of templates, or no longer does.
	Exclude(ctx context.Context, tx bc.Hash, on bool) error
	// List returns all overrides.
	List() []Override
	// Explain says what became of a transaction in the last template.
	Explain(tx bc.Hash) Explanation
}

type prioritiseIn struct {
	TxID     string       `json:"tx_id"`
	FeeDelta *wire.Number `json:"fee_delta"`
}

func (h *Handler) prioritise(r *http.Request, in prioritiseIn) envelope {
	id, err := parseTxID(in.TxID)
	if err != nil {
		return failure(err)
	}
	if in.FeeDelta == nil {
		return failure(badField("fee_delta: missing, expected a number in the smallest unit of BTM; 0 takes all deltas back"))
	}
	delta, err := in.FeeDelta.Signed("fee_delta", 0)
	if err != nil {
		return failure(inputError{err})
	}
	total, err := h.cfg.Overrides.Prioritise(r.Context(), id, delta)
	if err != nil {
		return failure(err)
	}
	h.cfg.Generator.Force()
	h.settle(r.Context())
	return success(map[string]any{"tx_id": in.TxID, "fee_delta": total})
}

type excludeIn struct {
	TxID    string `json:"tx_id"`
	Exclude *bool  `json:"exclude"`
}

func (h *Handler) exclude(r *http.Request, in excludeIn) envelope {
	id, err := parseTxID(in.TxID)
	if err != nil {
		return failure(err)
	}
	if in.Exclude == nil {
		return failure(badField("exclude: missing, expected true or false"))
	}
	if err := h.cfg.Overrides.Exclude(r.Context(), id, *in.Exclude); err != nil {
		return failure(err)
	}
	h.cfg.Generator.Force()
	h.settle(r.Context())
	return success(map[string]any{"tx_id": in.TxID, "excluded": *in.Exclude})
}

func (h *Handler) listOverrides(*http.Request) envelope {
	return success(h.cfg.Overrides.List())
}

type explainIn struct {
	TxID string `json:"tx_id"`
}

func (h *Handler) explain(_ *http.Request, in explainIn) envelope {
	id, err := parseTxID(in.TxID)
	if err != nil {
		return failure(err)
	}
	return success(h.cfg.Overrides.Explain(id))
}

func parseTxID(text string) (bc.Hash, error) { return parseHash("tx_id", text) }

// parseHash reads 32 bytes as nodes print them.
func parseHash(field, text string) (id bc.Hash, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 32 {
		return id, badField("%s: value %.80q: expected 64 hexadecimal characters", field, text)
	}
	return bc.NewHash([32]byte(raw)), nil
}
