package testnet

import (
	"context"
	"fmt"
	"time"
)

// Client calls the node's RPC with a context; the node's own methods of the same names
// do without.
func (n *Node) Client() Client { return Client{n.URL} }

// Call is Client.Call.
func (n *Node) Call(route string, in, out any) error {
	return n.Client().Call(context.Background(), route, in, out)
}

// Post is Client.Post.
func (n *Node) Post(route string, in any) (status int, body []byte, err error) {
	return n.Client().Post(context.Background(), route, in)
}

// Height is Client.Height.
func (n *Node) Height() (uint64, error) { return n.Client().Height(context.Background()) }

// BlockHash is Client.BlockHash.
func (n *Node) BlockHash(height uint64) (string, error) {
	return n.Client().BlockHash(context.Background(), height)
}

// PeerCount is Client.PeerCount.
func (n *Node) PeerCount() (int, error) { return n.Client().PeerCount(context.Background()) }

// WaitHeight waits until the node's best block is at height at least.
func (n *Node) WaitHeight(height uint64, limit time.Duration) {
	n.t.Helper()
	Wait(n.t, limit, func() error {
		h, err := n.Height()
		if err == nil && h < height {
			err = fmt.Errorf("%s is at height %d, expected %d", n.URL, h, height)
		}
		return err
	})
}

// WaitSameTip waits until both nodes have the same best block, and returns its
// height.
func WaitSameTip(a, b *Node, limit time.Duration) (height uint64) {
	a.t.Helper()
	Wait(a.t, limit, func() error {
		h, err := a.Height()
		if err != nil {
			return err
		}
		other, err := b.Height()
		if err != nil {
			return err
		}
		if h != other {
			return fmt.Errorf("heights %d and %d differ", h, other)
		}
		ours, err := a.BlockHash(h)
		if err != nil {
			return err
		}
		theirs, err := b.BlockHash(h)
		if err == nil && ours != theirs {
			err = fmt.Errorf("at height %d: %s and %s", h, ours, theirs)
		}
		height = h
		return err
	})
	return height
}
