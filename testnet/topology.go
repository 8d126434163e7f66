package testnet

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Topology says who is whose peer.
type Topology string

// The topologies: each with the next one; and the last with the first; and all with
// all.
const (
	Line Topology = "line"
	Ring Topology = "ring"
	Full Topology = "full"
)

func (t Topology) check() error {
	if t != Line && t != Ring && t != Full {
		return fmt.Errorf("topology %q: expected %s, %s or %s", string(t), Line, Ring, Full)
	}
	return nil
}

// pair are two nodes, the lower index first.
type pair [2]int

// links are the connections among some nodes.
func (t Topology) links(nodes []int) []pair {
	var out []pair
	for i := range nodes {
		for j := i + 1; j < len(nodes); j++ {
			ends := j == len(nodes)-1 && i == 0
			if t == Full || j == i+1 || t == Ring && ends {
				out = append(out, pair{min(nodes[i], nodes[j]), max(nodes[i], nodes[j])})
			}
		}
	}
	return out
}

// ParseGroups reads groups of nodes, 0,1/2,3.
func ParseGroups(text string) (groups [][]int, err error) {
	for part := range strings.SplitSeq(text, "/") {
		var group []int
		for word := range strings.SplitSeq(part, ",") {
			index, err := strconv.Atoi(strings.TrimSpace(word))
			if err != nil {
				return nil, fmt.Errorf("groups %q: node %q: expected a number, as in 0,1/2,3", text, word)
			}
			group = append(group, index)
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// Partition parts the network: only nodes of one group are peers, in the network's
// topology. Each node belongs to one group.
func (n *Network) Partition(ctx context.Context, groups ...[]int) error {
	all := slices.Sorted(slices.Values(slices.Concat(groups...)))
	if want := n.indexes(); !slices.Equal(all, want) {
		return fmt.Errorf("partition %v: expected each of the nodes %v once", groups, want)
	}
	return n.locked(ctx, func() error { return n.regroup(ctx, groups) })
}

// Heal ends a partition.
func (n *Network) Heal(ctx context.Context) error {
	return n.locked(ctx, func() error { return n.regroup(ctx, nil) })
}

func (n *Network) regroup(ctx context.Context, groups [][]int) error {
	// No block is to be on its way while new peers exchange their heights.
	if err := n.settle(ctx); err != nil {
		return err
	}
	n.Groups = groups
	if err := n.relink(ctx); err != nil {
		return err
	}
	return n.save()
}

// indexes are those of all nodes.
func (n *Network) indexes() (all []int) {
	for i := range n.Nodes {
		all = append(all, i)
	}
	return all
}

// relink makes peers of the nodes that are to be, and of no others: first the cuts,
// so that nothing goes from one side to the other by way of a new connection.
func (n *Network) relink(ctx context.Context) error {
	var want []pair
	for _, group := range n.parts() {
		want = append(want, n.Topology.links(group)...)
	}
	cuts, cutsCtx := errgroup.WithContext(ctx)
	for _, p := range Full.links(n.indexes()) {
		if !slices.Contains(want, p) {
			cuts.Go(func() error { return n.Nodes[p[0]].disconnect(cutsCtx, n.Nodes[p[1]]) })
		}
	}
	if err := cuts.Wait(); err != nil {
		return fmt.Errorf("part the nodes: %w", err)
	}
	joins, joinsCtx := errgroup.WithContext(ctx)
	for _, p := range want {
		joins.Go(func() error { return n.Nodes[p[0]].connect(joinsCtx, n.Nodes[p[1]]) })
	}
	if err := joins.Wait(); err != nil {
		return fmt.Errorf("join the nodes: %w", err)
	}
	return n.settle(ctx)
}

// parts are the groups that are peers, all nodes where there is no partition.
func (n *Network) parts() [][]int {
	if len(n.Groups) == 0 {
		return [][]int{n.indexes()}
	}
	return n.Groups
}

// settle waits until the nodes of each group have caught up with the best of them. A
// block that comes to one of Bytom's nodes between its handshake with a peer and its
// listing it is never announced to that peer, which so stays behind until the next block: a
// new handshake has it.
func (n *Network) settle(ctx context.Context) error {
	waits, waitsCtx := errgroup.WithContext(ctx)
	for _, group := range n.parts() {
		best := uint64(0)
		for _, index := range group {
			height, err := n.Nodes[index].Client().Height(ctx)
			if err != nil {
				return err
			}
			best = max(best, height)
		}
		for _, p := range n.Topology.links(group) {
			waits.Go(func() error { return n.Nodes[p[0]].catchUp(waitsCtx, n.Nodes[p[1]], best) })
		}
	}
	return waits.Wait()
}
