package testnet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bytom/bytom/consensus"
)

// Funded is how an account came to its BTM.
type Funded struct {
	// From is the node whose account sent it; nil where it was mined or premined.
	From *int `json:"from,omitempty"`
	// TxID is the transaction that paid it, if one did.
	TxID string `json:"tx_id,omitempty"`
	// Blocks is how many blocks that took.
	Blocks int `json:"blocks"`
	// Funds are what the account has now.
	Funds Funds `json:"funds"`
}

// fundLimit is how long a node may take to learn of a block that pays it.
const fundLimit = 30 * time.Second

// Fund makes a node's account have so much spendable BTM at least. A network at
// height 0 gets the premined BTM, in equal parts for all accounts. After that the
// account that has most sends what lacks, if it can; else the node mines to itself,
// and a hundred blocks more, which takes 2,000 hashes.
func (n *Network) Fund(ctx context.Context, node int, amount uint64) (out Funded, err error) {
	if _, err := n.member(node); err != nil {
		return out, err
	}
	if out.Blocks, err = n.fundAll(ctx); err != nil {
		return out, err
	}
	m := n.Nodes[node]
	if out.Funds, err = m.Client().Account().Funds(ctx); err != nil || out.Funds.Spendable >= amount {
		return out, err
	}
	err = n.fundBySending(ctx, m, amount-out.Funds.Spendable, &out)
	if errors.Is(err, errNobodyRich) {
		err = n.fundByMining(ctx, m, amount-out.Funds.Spendable, &out)
	}
	if err != nil {
		return out, err
	}
	err = Poll(ctx, fundLimit, func() (err error) {
		out.Funds, err = m.Client().Account().Funds(ctx)
		if err == nil && out.Funds.Spendable < amount {
			err = fmt.Errorf("%s has %s spendable, expected %s", m, btm(out.Funds.Spendable), btm(amount))
		}
		return err
	})
	return out, err
}

// fundAll gives the premined BTM to all accounts of a network at height 0, and returns
// how many blocks that took: none where it is too late.
func (n *Network) fundAll(ctx context.Context) (blocks int, err error) {
	err = n.locked(ctx, func() error {
		height, err := n.Nodes[0].Client().Height(ctx)
		if err != nil || height != 0 || n.Nodes[0].Stock || len(n.Groups) != 0 {
			return err
		}
		clocks, err := n.clocks(ctx)
		if err != nil {
			return err
		}
		if err := n.premine(ctx); err != nil {
			return err
		}
		blocks = PremineHeight + 1
		if len(n.Nodes) > 1 {
			if err := n.restart(ctx, kept{n.Groups, clocks}, n.shareChain); err != nil {
				return err
			}
		}
		return n.caughtUp(ctx)
	})
	return blocks, err
}

// errNobodyRich means that no account can send what another lacks.
var errNobodyRich = errors.New("no other account has enough")

// fundBySending has the richest account send the amount.
func (n *Network) fundBySending(ctx context.Context, to *Member, amount uint64, out *Funded) error {
	var richest *Member
	most := amount + DefaultFee - 1
	for _, m := range n.Nodes {
		if m.Index == to.Index || !n.together(m.Index, to.Index) || !m.Running() {
			continue
		}
		f, err := m.Client().Account().Funds(ctx)
		if err != nil {
			return err
		}
		if f.Spendable > most {
			richest, most = m, f.Spendable
		}
	}
	if richest == nil {
		return errNobodyRich
	}
	address, err := to.Client().Account().Address(ctx)
	if err != nil {
		return err
	}
	if out.TxID, err = richest.Client().Account().Send(ctx, address.Address, amount, DefaultFee); err != nil {
		return err
	}
	out.From = &richest.Index
	out.Blocks++
	_, err = n.Mine(ctx, MineRequest{Node: richest.Index, Blocks: 1})
	return err
}

// together reports whether two nodes are in one part of the network.
func (n *Network) together(a, b int) bool {
	if len(n.Groups) == 0 {
		return true
	}
	return slices.ContainsFunc(n.Groups, func(g []int) bool { return slices.Contains(g, a) && slices.Contains(g, b) })
}

// fundByMining mines to the node's own account, and until that can be spent.
func (n *Network) fundByMining(ctx context.Context, m *Member, amount uint64, out *Funded) error {
	subsidy := consensus.BlockSubsidy(1)
	blocks := int((amount + subsidy - 1) / subsidy)
	if _, err := n.Mine(ctx, MineRequest{Node: m.Index, Blocks: blocks}); err != nil {
		return err
	}
	out.Blocks += blocks + int(consensus.CoinbasePendingBlockNumber)
	_, err := n.Mature(ctx, m.Index)
	return err
}

// AccountFunds is what a node's account has.
type AccountFunds struct {
	Node    int    `json:"node"`
	Address string `json:"address"`
	Funds
}

// AccountFunds is what the account of the node of an index has.
func (n *Network) AccountFunds(ctx context.Context, index int) (AccountFunds, error) {
	c, err := n.Client(index)
	if err != nil {
		return AccountFunds{}, err
	}
	a := c.Account()
	f, err := a.Funds(ctx)
	if err != nil {
		return AccountFunds{}, err
	}
	address, err := a.Address(ctx)
	return AccountFunds{index, address.Address, f}, err
}
