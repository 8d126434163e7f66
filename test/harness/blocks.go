package harness

import (
	"context"
	"fmt"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// FoundBlocks are the blocks that a node says it found, by their hashes.
func FoundBlocks(n *testnet.Node) (map[string]node.FoundBlock, error) {
	var list []node.FoundBlock
	if err := n.Call(node.FoundBlocksRoute, nil, &list); err != nil {
		return nil, err
	}
	found := make(map[string]node.FoundBlock, len(list))
	for _, f := range list {
		if _, twice := found[f.Hash]; twice {
			return nil, fmt.Errorf("block %s is listed twice", f.Hash)
		}
		found[f.Hash] = f
	}
	return found, nil
}

// CheckFate compares what a node says of a block that it found with the chain, which may have forgotten
// one that is lost: its database is not fsynced.
func CheckFate(n *testnet.Node, hash string, found map[string]node.FoundBlock) error {
	f, ok := found[hash]
	if !ok {
		return fmt.Errorf("block %s is not listed", hash)
	}
	best, err := n.Height()
	if err != nil {
		return err
	}
	winner, err := n.BlockHash(f.Height)
	if err != nil {
		return err
	}
	ok = f.State == "lost" && f.Winner == winner && f.Confirmations == 0
	if winner == hash {
		ok = f.State == string(mining.MainStage(f.Confirmations)) && f.Winner == "" &&
			f.Confirmations > 0 && f.Confirmations <= best-f.Height+1
	}
	if !ok {
		return fmt.Errorf("%s has height %d of %d, but the node says %+v", winner, f.Height, best, f)
	}
	return nil
}

// CheckFrontBlocks has each block that a front's journal has on the chain of its node, once, or told
// as lost to another one there, and counts both.
func CheckFrontBlocks(f *testnet.Front, n *testnet.Node) (onChain, lost int, err error) {
	var found []node.FoundBlock
	if err := (testnet.Client{URL: f.URL}).Call(context.Background(), node.FoundBlocksRoute, nil, &found); err != nil {
		return 0, 0, err
	}
	ours, err := FoundBlocks(n)
	if err != nil {
		return 0, 0, err
	}
	for _, b := range found {
		hash, err := n.BlockHash(b.Height)
		if err != nil {
			return 0, 0, err
		}
		mine := ours[b.Hash]
		switch {
		case hash == b.Hash && b.State != "lost" && b.State != "refused" && b.State != "pending" && mine.FoundBy.Front == f.Name:
			onChain++
		case hash != b.Hash && (b.State == "lost" || b.State == "refused" && b.Reason != ""):
			lost++
		default:
			return 0, 0, fmt.Errorf("%s says %+v, the node %+v, and the chain has %s at that height", f, b, mine, hash)
		}
	}
	return onChain, lost, nil
}
