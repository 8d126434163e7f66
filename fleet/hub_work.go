package fleet

import (
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// publishWork publishes the newest work, and keeps it for those who come later.
func (h *Hub) publishWork(encoder *txEncoder) {
	if h.fenced.Load() != nil {
		return
	}
	t, err := h.cfg.Templates.Current()
	var bodies [][]byte
	w := &Work{Boot: h.boot(), Sequence: h.sequence + 1, At: time.Now().UnixMilli(), Split: h.cfg.Split, Owners: h.cfg.Owners, Ledger: h.cfg.Ledger}
	if err != nil {
		w.Why = err.Error()
	} else if bodies, err = h.fill(w, t, encoder); err != nil {
		h.log.Error("fronts have no work of this template", "height", t.Height, "error", err)
		return
	}
	sealed, err := h.cfg.Key.Seal(h.cfg.Network, KindWork, w)
	if err != nil {
		h.log.Error("fronts have no work of this template", "error", err)
		return
	}
	h.mu.Lock()
	h.sequence, h.newest, h.bodies = w.Sequence, sealed, bodies
	h.mu.Unlock()
	for _, body := range bodies {
		h.send(h.subject+".work", body)
	}
	h.send(h.subject+".work", sealed)
}

// boot orders this run of the node among its others.
func (h *Hub) boot() int64 { return int64(h.cfg.Ledger.Term) }

// fill puts a template into a work, and into sealed messages of their own, which go ahead of it, what is too
// much for one.
func (h *Hub) fill(w *Work, t *mining.Template, encoder *txEncoder) (bodies [][]byte, err error) {
	p := t.Parts()
	txs, err := encoder.encode(t.Txs)
	if err != nil {
		return nil, err
	}
	w.Parts = &p
	all := split(txs)
	if len(all) <= 1 {
		w.Txs = txs
		return nil, nil
	}
	w.Bodies = len(all)
	for i, each := range all {
		body := &Body{Boot: w.Boot, Sequence: w.Sequence, Part: i, Of: len(all), Txs: each}
		sealed, err := h.cfg.Key.Seal(h.cfg.Network, KindBody, body)
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, sealed)
	}
	return bodies, nil
}
