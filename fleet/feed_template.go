package fleet

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/bytom-solo/bytom-solo/mining"
)

// parts are transactions that come ahead of the work that they are of.
type parts struct {
	boot     int64
	sequence uint64
	of       int
	txs      [][][]byte
}

// Body takes transactions of work that is to come.
func (f *Feed) Body(from PublicKey, b *Body) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.node(from)
	if n == nil || b.Of < 1 || b.Of > mostBodies || b.Part < 0 || b.Part >= b.Of || older(b.Boot, b.Sequence, n.boot, n.sequence) {
		return
	}
	if p := n.parts; p == nil || p.boot != b.Boot || p.sequence != b.Sequence || p.of != b.Of {
		if p != nil && older(b.Boot, b.Sequence, p.boot, p.sequence) {
			return
		}
		n.parts = &parts{boot: b.Boot, sequence: b.Sequence, of: b.Of, txs: make([][][]byte, b.Of)}
	}
	n.parts.txs[b.Part] = b.Txs
}

// template makes a template of a node's work.
func (f *Feed) template(n *feedNode, w *Work) (*mining.Template, error) {
	if !bytes.Equal(w.Parts.Payee.Program, f.cfg.Program) {
		return nil, fmt.Errorf("%w: work of node %s pays %q, whose program is %s, expected that of this front's mining.address, %s", mining.ErrPayeeMismatch, n.key, w.Parts.Payee.Address,
			hex.EncodeToString(w.Parts.Payee.Program), hex.EncodeToString(f.cfg.Program))
	}
	raw, err := n.transactions(w)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", mining.ErrNotReady, err)
	}
	p := *w.Parts
	f.sequence++
	p.Sequence = f.sequence
	t, err := mining.NewTemplateOf(p, decodeLater(raw))
	if err != nil {
		return nil, fmt.Errorf("work of node %s: %w", n.key, err)
	}
	return t, nil
}

// transactions are those of a work, in binary.
func (n *feedNode) transactions(w *Work) ([][]byte, error) {
	if w.Bodies == 0 {
		return w.Txs, nil
	}
	p := n.parts
	var all [][]byte
	for i := range w.Bodies {
		if p == nil || p.boot != w.Boot || p.sequence != w.Sequence || p.of != w.Bodies || p.txs[i] == nil {
			return nil, fmt.Errorf("transactions of the work of node %s have not come: it is asked for them", n.key)
		}
		all = append(all, p.txs[i]...)
	}
	n.parts = nil
	return all, nil
}
