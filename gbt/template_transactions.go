package gbt

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// view is a template's transactions as clients see them, made once for all of them.
type view struct {
	full, ids json.RawMessage
}

// views keeps those of the latest templates. It is safe for concurrent use.
type views struct {
	mu   sync.Mutex
	made []madeView // the latest last
}

type madeView struct {
	txs  *mining.Candidate // the first: templates for several payees share them
	len  int
	view func() (*view, error)
}

// keptViews is how many templates' views are kept: those of a tip are few, and each
// can be made again.
const keptViews = 8

// of is the view of a template. Several that ask for it at a time wait for one that
// makes it.
func (v *views) of(t *mining.Template) (*view, error) {
	if len(t.Chosen) == 0 {
		return &view{full: json.RawMessage("[]"), ids: json.RawMessage("[]")}, nil
	}
	v.mu.Lock()
	key := &t.Chosen[0]
	i := slices.IndexFunc(v.made, func(m madeView) bool { return m.txs == key && m.len == len(t.Chosen) })
	if i < 0 {
		if len(v.made) == keptViews {
			v.made = slices.Delete(v.made, 0, 1)
		}
		v.made = append(v.made, madeView{key, len(t.Chosen), sync.OnceValues(func() (*view, error) { return newView(t) })})
		i = len(v.made) - 1
	}
	get := v.made[i].view
	v.mu.Unlock()
	return get()
}

func newView(t *mining.Template) (*view, error) {
	index := txIndex(t.Txs)
	full, ids := make([]wire.Transaction, 0, len(t.Chosen)), make([]string, 0, len(t.Chosen))
	for i, c := range t.Chosen {
		text, err := c.Tx.MarshalText()
		if err != nil {
			return nil, fmt.Errorf("serialise transaction %s: %w", c.Tx.ID.String(), err)
		}
		depends := []int{}
		for _, id := range c.Tx.SpentOutputIDs {
			if d := index[id]; d > 0 && d != i+1 && !slices.Contains(depends, d) {
				depends = append(depends, d)
			}
		}
		slices.Sort(depends)
		full = append(full, wire.Transaction{
			Data: string(text), ID: c.Tx.ID.String(), Fee: c.Fee, Gas: c.Gas, Size: c.Tx.SerializedSize,
			StatusFail: c.GasOnly, Depends: depends,
		})
		ids = append(ids, c.Tx.ID.String())
	}
	var v view
	var err error
	if v.full, err = json.Marshal(full); err != nil {
		return nil, err
	}
	v.ids, err = json.Marshal(ids)
	return &v, err
}
