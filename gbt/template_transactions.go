package gbt

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// transactionsJSON is a template's transactions as clients see them: in full, or their ids.
type transactionsJSON struct {
	full, ids json.RawMessage
}

// transactionsCache encodes the transactions of a template once for all clients, and caches
// those of the latest templates. It is safe for concurrent use.
type transactionsCache struct {
	mu     sync.Mutex
	cached []cachedTransactions // the latest last
}

type cachedTransactions struct {
	txs *mining.Candidate // the first: templates for several payees share them
	len int
	get func() (*transactionsJSON, error)
}

// keptTransactions is how many templates' transactions are cached: templates of a tip are
// few, and their transactions can be encoded again.
const keptTransactions = 8

// of is a template's transactions. Several callers that ask for them at a time wait for the
// one that encodes them.
func (v *transactionsCache) of(t *mining.Template) (*transactionsJSON, error) {
	if len(t.Chosen) == 0 {
		return &transactionsJSON{full: json.RawMessage("[]"), ids: json.RawMessage("[]")}, nil
	}
	v.mu.Lock()
	key := &t.Chosen[0]
	i := slices.IndexFunc(v.cached, func(m cachedTransactions) bool { return m.txs == key && m.len == len(t.Chosen) })
	if i < 0 {
		if len(v.cached) == keptTransactions {
			v.cached = slices.Delete(v.cached, 0, 1)
		}
		v.cached = append(v.cached, cachedTransactions{key, len(t.Chosen), sync.OnceValues(func() (*transactionsJSON, error) { return encodeTransactions(t) })})
		i = len(v.cached) - 1
	}
	get := v.cached[i].get
	v.mu.Unlock()
	return get()
}

func encodeTransactions(t *mining.Template) (*transactionsJSON, error) {
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
	var v transactionsJSON
	var err error
	if v.full, err = json.Marshal(full); err != nil {
		return nil, err
	}
	v.ids, err = json.Marshal(ids)
	return &v, err
}

// txIndex is the number of each transaction among others, from 1 on, by the ids of its
// outputs.
func txIndex(txs []*types.Tx) map[bc.Hash]int {
	index := make(map[bc.Hash]int)
	for i, tx := range txs {
		for _, id := range tx.ResultIds {
			index[*id] = i + 1
		}
	}
	return index
}
