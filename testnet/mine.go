package testnet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// HashFunc computes Tensority.
type HashFunc func(ctx context.Context, header, seed [32]byte) ([32]byte, error)

// mineWork has a node, ours or a stock one, produce a block from the work that it
// hands out by get-work. timestamp, if any, is the one that a block at a height gets.
func (c Client) mineWork(ctx context.Context, hash HashFunc, timestamp func(height uint64) uint64) (id string, err error) {
	node, err := client.New(c.URL, httpClient)
	if err != nil {
		return "", err
	}
	var work *wire.Work
	// The stock node looks for a payee once a second, and ours hands out work on the tip
	// before where the new one's takes longer than half a second.
	err = Poll(ctx, 30*time.Second, func() (err error) {
		if work, err = node.GetWork(ctx); err != nil {
			return err
		}
		height, err := c.Height(ctx)
		if err == nil && work.BlockHeader.Height != height+1 {
			err = fmt.Errorf("work for height %d, the chain is at %d", work.BlockHeader.Height, height)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	h := work.BlockHeader
	if timestamp != nil {
		h.Timestamp = timestamp(h.Height)
	}
	// The stock node gives everybody the same header.
	h.Nonce = rand.Uint64() >> 2
	for target := mining.TargetFromBits(h.Bits); ; h.Nonce++ {
		result, err := hash(ctx, h.Hash().Byte32(), work.Seed.Byte32())
		if err != nil {
			return "", err
		}
		if target.Met(result) {
			break
		}
	}
	if err := node.SubmitWork(ctx, h); err != nil {
		return "", fmt.Errorf("submit block %d: %w", h.Height, err)
	}
	solved := h.Hash()
	return solved.String(), nil
}

// MineRequest says what blocks to mine.
type MineRequest struct {
	// Node is the index of the miner.
	Node int
	// Blocks is how many.
	Blocks int
	// To is the address that they pay; the node's own if empty.
	To string
	// Empty leaves all transactions out; TxIDs, if any, all but these from the first.
	Empty bool
	TxIDs []string
	// BranchAt, if any, is the height of the block on which they make a branch,
	// without transactions.
	BranchAt *uint64
}

// Mined are new blocks.
type Mined struct {
	Hashes []string `json:"hashes"`
	// Height is the miner's best afterwards.
	Height uint64 `json:"height"`
}

// Mine has a node mine blocks.
func (n *Network) Mine(ctx context.Context, r MineRequest) (out Mined, err error) {
	m, err := n.member(r.Node)
	if err != nil {
		return out, err
	}
	if r.Blocks < 1 {
		return out, fmt.Errorf("mine %d blocks: expected 1 or more", r.Blocks)
	}
	if m.Stock {
		return n.mineStock(ctx, m, r)
	}
	in := map[string]any{"blocks": r.Blocks, "address": r.To, "empty": r.Empty, "branch_at": r.BranchAt}
	if len(r.TxIDs) > 0 {
		in["tx_ids"] = r.TxIDs
	}
	err = m.Client().Call(ctx, "/solonet-mine", in, &out)
	return out, err
}

// mineStock mines on a stock node, which knows no more than to hand out work.
func (n *Network) mineStock(ctx context.Context, m *Member, r MineRequest) (out Mined, err error) {
	if r.To != "" || r.Empty || len(r.TxIDs) > 0 || r.BranchAt != nil {
		return out, fmt.Errorf("%s: a stock node chooses payee, transactions and parent itself", m)
	}
	if n.Hash == nil {
		return out, fmt.Errorf("%s: to mine on a stock node takes a HashFunc", m)
	}
	for range r.Blocks {
		id, err := m.Client().mineWork(ctx, n.Hash, virtualTime)
		if err != nil {
			return out, err
		}
		out.Hashes = append(out.Hashes, id)
	}
	out.Height, err = m.Client().Height(ctx)
	return out, err
}

// virtualTime is what our nodes' clock gives to the block at a height.
func virtualTime(height uint64) uint64 { return genesisTime + blockSeconds*height }

// Mature mines the hundred empty blocks after which a coinbase can be spent.
func (n *Network) Mature(ctx context.Context, node int) (Mined, error) {
	m, err := n.member(node)
	if err != nil {
		return Mined{}, err
	}
	return n.Mine(ctx, MineRequest{Node: node, Blocks: int(consensus.CoinbasePendingBlockNumber), Empty: !m.Stock})
}

// Reorg replaces the latest blocks of a node's best chain, this many of them, by a
// longer branch of blocks without transactions.
func (n *Network) Reorg(ctx context.Context, node, depth int) (Mined, error) {
	m, err := n.member(node)
	if err != nil {
		return Mined{}, err
	}
	height, err := m.Client().Height(ctx)
	if err != nil {
		return Mined{}, err
	}
	if depth < 1 || uint64(depth) > height {
		return Mined{}, fmt.Errorf("reorg of depth %d: expected 1 to %d, the height of %s", depth, height, m)
	}
	at := height - uint64(depth)
	return n.Mine(ctx, MineRequest{Node: node, Blocks: depth + 1, BranchAt: &at})
}

// Auto has a node mine by itself: "on" one block after the other, a duration such as
// "5s" one each that long, "off" none.
func (n *Network) Auto(ctx context.Context, node int, every string) error {
	m, err := n.ours(node, "mine by itself")
	if err != nil {
		return err
	}
	return m.Client().Call(ctx, "/solonet-auto", map[string]string{"every": every}, nil)
}

// Clock is the clock that our nodes stamp blocks with.
type Clock struct {
	// Mode is virtual (genesis + 150 s × height, wherever it is put), frozen or real.
	Mode string `json:"mode"`
	Time int64  `json:"time"` // in Unix seconds
}

// ClockRequest sets the clock; what is zero stays as it is.
type ClockRequest struct {
	Mode    string `json:"mode"`
	Time    int64  `json:"time"`
	Advance int64  `json:"advance"` // in seconds
}

// clock sets a node's clock and returns what it is then.
func (c Client) clock(ctx context.Context, r ClockRequest) (out Clock, err error) {
	err = c.Call(ctx, "/solonet-clock", r, &out)
	return out, err
}

// SetClock sets the clock of all our nodes; the stock ones have the wall's.
func (n *Network) SetClock(ctx context.Context, r ClockRequest) (out Clock, err error) {
	any := false
	for _, m := range n.Nodes {
		if m.Stock {
			continue
		}
		any = true
		if out, err = m.Client().clock(ctx, r); err != nil {
			return out, err
		}
	}
	if !any {
		return out, errors.New("set the clock: all nodes are stock nodes, whose clock is the wall's")
	}
	return out, nil
}
