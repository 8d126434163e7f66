package testnet

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// NodeStatus is the state of a node.
type NodeStatus struct {
	*Member
	// Up reports whether it runs and answers. Error says why it does not.
	Up    bool   `json:"up"`
	Error string `json:"error,omitempty"`

	Height uint64 `json:"height"`
	Tip    string `json:"tip"` // the hash of its best block
	Peers  int    `json:"peers"`
	Pool   int    `json:"pool"` // transactions in it
	// Clock is what a node of ours stamps its next block with.
	Clock *Clock `json:"clock,omitempty"`
}

// Status is the state of each node.
func (n *Network) Status(ctx context.Context) []NodeStatus {
	all := make([]NodeStatus, len(n.Nodes))
	var parts errgroup.Group
	for i, m := range n.Nodes {
		parts.Go(func() error {
			all[i] = NodeStatus{Member: m}
			err := all[i].ask(ctx)
			if all[i].Up = err == nil; err != nil {
				all[i].Error = err.Error()
			}
			return nil
		})
	}
	_ = parts.Wait() // None fails.
	return all
}

// ask fills in what the node says.
func (s *NodeStatus) ask(ctx context.Context) (err error) {
	if !s.Running() {
		return errors.New("not running")
	}
	c := s.Client()
	if s.Height, s.Tip, err = c.tip(ctx); err != nil {
		return err
	}
	if s.Peers, err = c.PeerCount(ctx); err != nil {
		return err
	}
	pool, err := c.Pool(ctx)
	if err != nil {
		return err
	}
	s.Pool = len(pool)
	if !s.Stock {
		clock, err := c.clock(ctx, ClockRequest{})
		if err != nil {
			return err
		}
		s.Clock = &clock
	}
	return nil
}

// tip is the best block.
func (c Client) tip(ctx context.Context) (height uint64, hash string, err error) {
	if height, err = c.Height(ctx); err != nil {
		return 0, "", err
	}
	hash, err = c.BlockHash(ctx, height)
	return height, hash, err
}

// sameTip is the height that all nodes are at, with the same block. The error says
// how they differ.
func sameTip(ctx context.Context, nodes []*Member) (height uint64, err error) {
	var hash string
	for i, m := range nodes {
		h, id, err := m.Client().tip(ctx)
		if err != nil {
			return 0, err
		}
		if i == 0 {
			height, hash = h, id
		}
		if h != height || id != hash {
			return 0, fmt.Errorf("%s is at %d %s, %s at %d %s", nodes[0], height, hash, m, h, id)
		}
	}
	return height, nil
}

// SameTip is nil if all nodes have the same best block.
func (n *Network) SameTip(ctx context.Context) error {
	_, err := sameTip(ctx, n.Nodes)
	return err
}

// AtHeight is nil if each of these nodes, all if none is named, is at a height.
func (n *Network) AtHeight(ctx context.Context, height uint64, nodes ...int) error {
	return n.each(nodes, func(m *Member) error {
		got, err := m.Client().Height(ctx)
		if err == nil && got != height {
			err = fmt.Errorf("%s is at height %d, expected %d", m, got, height)
		}
		return err
	})
}

// PoolSize is nil if each of these nodes, all if none is named, has so many
// transactions in its pool.
func (n *Network) PoolSize(ctx context.Context, size int, nodes ...int) error {
	return n.each(nodes, func(m *Member) error {
		pool, err := m.Client().Pool(ctx)
		if err == nil && len(pool) != size {
			err = fmt.Errorf("%s has %d transactions in its pool, expected %d", m, len(pool), size)
		}
		return err
	})
}

// HasBalance is nil if a node's account has so much confirmed BTM, in its smallest
// unit.
func (n *Network) HasBalance(ctx context.Context, node int, amount uint64) error {
	return n.each([]int{node}, func(m *Member) error {
		got, err := m.Client().Account().Balance(ctx)
		if err == nil && got != amount {
			err = fmt.Errorf("%s has %s, expected %s", m, btm(got), btm(amount))
		}
		return err
	})
}

// each calls f with nodes, all if none is named, until one returns an error.
func (n *Network) each(nodes []int, f func(*Member) error) error {
	if len(nodes) == 0 {
		nodes = n.indexes()
	}
	for _, index := range nodes {
		m, err := n.member(index)
		if err != nil {
			return err
		}
		if err := f(m); err != nil {
			return err
		}
	}
	return nil
}
