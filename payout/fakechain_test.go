package payout

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// fakeChain is a chain of blocks in memory, whose top can be taken off and put back. It knows
// no rules but one: nothing is spent that is not there.
type fakeChain struct {
	t      testing.TB
	mu     sync.Mutex
	blocks map[bc.Hash]*types.Block
	main   []bc.Hash
	money  map[bc.Hash]uint64 // unspent outputs, and their worth
	pool   map[bc.Hash]*types.Tx
	made   uint64
}

func newChain(t testing.TB) *fakeChain {
	c := &fakeChain{t: t, blocks: make(map[bc.Hash]*types.Block), money: make(map[bc.Hash]uint64), pool: make(map[bc.Hash]*types.Tx)}
	c.mine([]byte{0x51})
	return c
}

func program(n byte) []byte {
	return append([]byte{0, 20}, slices.Repeat([]byte{n}, 20)...)
}

const reward = 41_250_000_000

// mine puts a block on the chain, with those of the transactions that are given.
func (c *fakeChain) mine(payee []byte, txs ...*types.Tx) *types.Block {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	b := &types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: uint64(len(c.main)), Nonce: c.made}}
	if n := len(c.main); n > 0 {
		b.PreviousBlockHash = c.main[n-1]
	}
	coinbase := types.NewTx(types.TxData{
		Version: 1, Inputs: []*types.TxInput{types.NewCoinbaseInput(fmt.Append(nil, c.made))},
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, reward, payee)},
	})
	b.Transactions = append([]*types.Tx{coinbase}, txs...)
	c.put(b)
	return b
}

// put puts a block on top.
func (c *fakeChain) put(b *types.Block) {
	hash := b.Hash()
	money := maps.Clone(c.money)
	for _, tx := range b.Transactions {
		for _, spent := range tx.SpentOutputIDs {
			if _, ok := money[spent]; !ok {
				c.t.Fatalf("block %d spends %s, which is not there", b.Height, spent.String())
			}
			delete(money, spent)
		}
		for i, out := range tx.Outputs {
			money[*tx.OutputID(i)] = out.Amount
		}
	}
	c.blocks[hash], c.main, c.money = b, append(c.main, hash), money
}

// rewind takes blocks off the top, and returns them, the lowest first.
func (c *fakeChain) rewind(n int) (off []*types.Block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := c.main[:len(c.main)-n]
	for _, hash := range c.main[len(keep):] {
		off = append(off, c.blocks[hash])
	}
	c.main, c.money = nil, make(map[bc.Hash]uint64)
	for _, hash := range keep {
		c.put(c.blocks[hash])
	}
	return off
}

// back puts blocks on the chain that were taken off.
func (c *fakeChain) back(blocks []*types.Block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range blocks {
		c.put(b)
	}
}

// forget loses blocks, as a chain does whose disk fails.
func (c *fakeChain) forget(blocks []*types.Block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range blocks {
		delete(c.blocks, b.Hash())
	}
}

func (c *fakeChain) Best() (uint64, bc.Hash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uint64(len(c.main)) - 1, c.main[len(c.main)-1]
}

func (c *fakeChain) MainHash(height uint64) (bc.Hash, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if height >= uint64(len(c.main)) {
		return bc.Hash{}, false
	}
	return c.main[height], true
}

func (c *fakeChain) Block(hash bc.Hash) (*types.Block, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.blocks[hash]; b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrNoBlock, hash.String())
}

func (c *fakeChain) Unspent(output bc.Hash) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.money[output]
	return ok, nil
}

func (c *fakeChain) Submit(tx *types.Tx) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pool[tx.ID] = tx
	return nil
}

// place is the block of the main chain that has a transaction.
func (c *fakeChain) place(id bc.Hash) (hash bc.Hash, height uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for height, hash := range c.main {
		for _, tx := range c.blocks[hash].Transactions {
			if tx.ID == id {
				return hash, uint64(height), true
			}
		}
	}
	return hash, 0, false
}

// spend is a transaction that spends funds for payments and change.
func spend(timeRange uint64, funds []Fund, payments []Payment, change uint64) *types.Tx {
	data := types.TxData{Version: 1, TimeRange: timeRange}
	for _, f := range funds {
		data.Inputs = append(data.Inputs, types.NewSpendInput(nil, f.SourceID, *consensus.BTMAssetID, f.Amount, f.SourcePos, f.Program))
	}
	for _, p := range payments {
		data.Outputs = append(data.Outputs, types.NewTxOutput(*consensus.BTMAssetID, p.Amount, program(p.Owner[len(p.Owner)-1])))
	}
	if change > 0 {
		data.Outputs = append(data.Outputs, types.NewTxOutput(*consensus.BTMAssetID, change, program(1)))
	}
	return types.NewTx(data)
}

// batchOf is a batch that pays from funds, with what is left as change.
func batchOf(t testing.TB, timeRange, fee uint64, funds []Fund, payments []Payment) Batch {
	t.Helper()
	b := Batch{Payments: payments, Fee: fee, TimeRange: timeRange}
	in := uint64(0)
	for _, f := range funds {
		in += f.Amount
		b.Inputs = append(b.Inputs, f.Output)
	}
	change := in - fee - b.Paid()
	tx := spend(timeRange, funds, payments, change)
	b.ID = tx.ID
	var err error
	if b.Unsigned, err = RawTx(tx); err != nil {
		t.Fatal(err)
	}
	if change > 0 {
		if b.Change, err = ChangeOf(tx, len(payments)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}
