package fleet

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// decodeLater decodes transactions when they are first asked for: jobs need none of them.
func decodeLater(raw [][]byte) func() ([]*types.Tx, error) {
	return sync.OnceValues(func() ([]*types.Tx, error) {
		txs := make([]*types.Tx, 0, len(raw))
		for i, each := range raw {
			tx, err := decodeTx(each)
			if err != nil {
				return nil, fmt.Errorf("transaction %d: %w", i, err)
			}
			txs = append(txs, tx)
		}
		return txs, nil
	})
}

// decodeTx decodes a transaction's binary form.
func decodeTx(raw []byte) (*types.Tx, error) {
	tx := new(types.Tx)
	if err := mining.Decode(tx, hex.AppendEncode(nil, raw)); err != nil {
		return nil, err
	}
	return tx, nil
}

// DecodeBlock decodes a block's binary form. What makes no sense is an error of kind
// mining.ErrMalformed, also where Bytom's own code would panic.
func DecodeBlock(raw []byte) (*types.Block, error) {
	block := new(types.Block)
	if err := mining.Decode(block, hex.AppendEncode(nil, raw)); err != nil {
		return nil, fmt.Errorf("%w: %w", mining.ErrMalformed, err)
	}
	return block, nil
}

// mostEncoded is of how many transactions the encoded form is remembered: most are in one
// template after the other.
const mostEncoded = 4096

// txEncoder encodes transactions. It belongs to one goroutine.
type txEncoder struct {
	known *lru.Cache[bc.Hash, []byte]
}

func newTxEncoder() *txEncoder {
	return &txEncoder{newLatest[bc.Hash, []byte](mostEncoded)}
}

// encode is the binary form of transactions, in order.
func (e *txEncoder) encode(txs []*types.Tx) ([][]byte, error) {
	all := make([][]byte, 0, len(txs))
	for _, tx := range txs {
		raw, ok := e.known.Get(tx.ID)
		if !ok {
			var b bytes.Buffer
			if _, err := tx.WriteTo(&b); err != nil {
				return nil, fmt.Errorf("encode transaction %s: %w", tx.ID.String(), err)
			}
			raw = b.Bytes()
			e.known.Add(tx.ID, raw)
		}
		all = append(all, raw)
	}
	return all, nil
}

const (
	// mostInline is how many bytes of transactions go with the work itself; more go ahead of it,
	// in bodies of as many: engines limit a message to 1 MiB by default.
	mostInline = 512 << 10
	// mostBodies is more than the largest block takes.
	mostBodies = 64
)

// split puts transactions, in order, into parts of at most mostInline bytes, or of one transaction.
func split(txs [][]byte) (all [][][]byte) {
	size := 0
	for _, tx := range txs {
		if len(all) == 0 || size+len(tx) > mostInline {
			all, size = append(all, nil), 0
		}
		last := len(all) - 1
		all[last], size = append(all[last], tx), size+len(tx)
	}
	return all
}
