package testnet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// fund gives each node's account an equal part of the premined BTM, spendable. The
// nodes are not yet each other's peers.
func (n *Network) fund(ctx context.Context) error {
	if err := n.premine(ctx); err != nil || len(n.Nodes) == 1 {
		return err
	}
	for _, m := range n.Nodes {
		if err := m.stop(ctx, patience); err != nil {
			return err
		}
	}
	if err := n.shareChain(); err != nil {
		return err
	}
	return n.start(ctx, n.Nodes)
}

// premine has the first node make the blocks that pay all accounts.
func (n *Network) premine(ctx context.Context) error {
	first := n.Nodes[0]
	if err := first.Client().Premine(ctx); err != nil {
		return err
	}
	var programs [][]byte
	for _, m := range n.Nodes {
		a, err := m.Client().Account().Address(ctx)
		if err != nil {
			return err
		}
		programs = append(programs, a.Program)
	}
	if _, err := first.Client().SpendPremine(ctx, programs...); err != nil {
		return err
	}
	_, err := n.Mine(ctx, MineRequest{Blocks: 1})
	return err
}

// shareChain copies the first node's chain to the others, while none runs. Each would
// check every proof itself, a stock node for a second, and all of them on this machine.
func (n *Network) shareChain() error {
	for _, m := range n.Nodes[1:] {
		if err := copyDir(chainPath(m.Home), chainPath(n.Nodes[0].Home)); err != nil {
			return err
		}
	}
	return nil
}

// patience is how long nodes get to stop whose data is still needed.
const patience = 10 * time.Second

// chainPath is where a node keeps its blocks.
func chainPath(home string) string { return filepath.Join(home, "data", "core.db") }

// copyDir makes to a copy of from.
func copyDir(to, from string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.CopyFS(to, os.DirFS(from))
}

// caughtUp waits until all nodes have one tip and their wallets know it.
func (n *Network) caughtUp(ctx context.Context) error {
	err := Poll(ctx, linkLimit, func() error { return n.SameTip(ctx) })
	if err != nil {
		return fmt.Errorf("the nodes do not agree: %w", err)
	}
	parts, ctx := errgroup.WithContext(ctx)
	for _, m := range n.Nodes {
		parts.Go(func() error { _, err := m.Client().WaitWallet(ctx); return err })
	}
	return parts.Wait()
}
