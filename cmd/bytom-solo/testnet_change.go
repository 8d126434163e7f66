package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// changeCommands are those that change the network itself.
func (l *localNetwork) changeCommands() []*cobra.Command {
	return []*cobra.Command{
		l.partitionCommand(), l.healCommand(), l.snapshotCommand(), l.revertCommand(),
		impossible("invalidate"), impossible("reconsider"),
	}
}

// change runs what changes the network, and says that it is done.
func (l *localNetwork) change(cmd *cobra.Command, done string, f func(context.Context, *testnet.Network) error) error {
	n, err := l.open()
	if err != nil {
		return err
	}
	if err := errors.Join(f(cmd.Context(), n), n.Close()); err != nil {
		return err
	}
	status := n.Status(cmd.Context())
	return l.print(cmd, status, func(out io.Writer) error {
		_, err := fmt.Fprintln(out, done)
		return err
	})
}

func (l *localNetwork) partitionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "partition GROUPS",
		Example: "  bytom-solo testnet partition 0,1/2,3",
		Short:   "Part the network: 0,1/2,3 cuts nodes 0 and 1 from 2 and 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			groups, err := testnet.ParseGroups(args[0])
			if err != nil {
				return err
			}
			return l.change(cmd, "parted "+args[0], func(ctx context.Context, n *testnet.Network) error {
				return n.Partition(ctx, groups...)
			})
		},
	}
}

func (l *localNetwork) healCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "heal",
		Short: "End a partition",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return l.change(cmd, "healed", func(ctx context.Context, n *testnet.Network) error { return n.Heal(ctx) })
		},
	}
}

func (l *localNetwork) snapshotCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "snapshot NAME",
		Example: "  bytom-solo testnet snapshot before",
		Short:   "Keep all chains and wallets as they are; the nodes restart, with empty pools",
		RunE: func(cmd *cobra.Command, args []string) error {
			return l.change(cmd, "kept as "+args[0], func(ctx context.Context, n *testnet.Network) error { return n.Snapshot(ctx, args[0]) })
		},
	}
}

func (l *localNetwork) revertCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "revert NAME",
		Example: "  bytom-solo testnet revert before",
		Short:   "Go back to a snapshot; pools are empty then, and no node mines by itself",
		RunE: func(cmd *cobra.Command, args []string) error {
			return l.change(cmd, "back at "+args[0], func(ctx context.Context, n *testnet.Network) error { return n.Revert(ctx, args[0]) })
		},
	}
}

// impossible is a command that says why it can't be had.
func impossible(name string) *cobra.Command {
	return &cobra.Command{
		Use:     name + " HASH",
		Short:   "Not possible with Bytom's chain: see reorg",
		Example: "  bytom-solo testnet reorg --depth 2",
		RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("%s: Bytom's chain takes no block back once it is valid; 'reorg --depth D' replaces the latest D blocks by a longer branch", name)
		},
	}
}

// expectation is something that a network may be waited for.
type expectation func(context.Context, *testnet.Network) error

func (l *localNetwork) assertCommand() *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "assert",
		Short: "Fail unless the network is as expected",
		Long:  "Fail unless the network is as expected, now or within the time that --wait gives.",
	}
	cmd.PersistentFlags().DurationVar(&wait, "wait", 30*time.Second, "how long the expectation may take to come true; 0s tests once")
	check := func(use, example, short string, parse func(cmd *cobra.Command, args []string) (expectation, error)) *cobra.Command {
		return &cobra.Command{Use: use, Short: short, Example: "  bytom-solo testnet assert " + example, RunE: func(cmd *cobra.Command, args []string) error {
			holds, err := parse(cmd, args)
			if err != nil {
				return err
			}
			n, err := l.open()
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			var never error // what no waiting makes true
			err = testnet.Poll(ctx, wait, func() error {
				err := holds(ctx, n)
				if errors.Is(err, testnet.ErrNoNode) {
					never, err = err, nil
				}
				return err
			})
			if err := cmp.Or(err, never); err != nil {
				return err
			}
			return l.say(cmd, map[string]any{"assert": cmd.Name(), "args": args, "ok": true}, "ok: %s", strings.Join(append([]string{cmd.Name()}, args...), " "))
		}}
	}
	cmd.AddCommand(
		l.registerNodeOrAll(check("height N", "height 3 --node 1", "All nodes, or the one that --node names, are at a height", l.expectHeight)),
		check("tip-equal", "tip-equal --wait 2m", "All nodes have the same best block", func(*cobra.Command, []string) (expectation, error) {
			return func(ctx context.Context, n *testnet.Network) error { return n.SameTip(ctx) }, nil
		}),
		l.registerNodeOrAll(check("pool N", "pool 0", "All nodes, or the one that --node names, have so many transactions in their pools", l.expectPool)),
		check("balance NODE AMOUNT", "balance 1 412.5", "A node's account has so many confirmed BTM, spendable or not", expectBalance),
	)
	return cmd
}

// named is the node that --node names; none is all.
func (l *localNetwork) named(cmd *cobra.Command) []int {
	if cmd.Flags().Changed("node") {
		return []int{l.node}
	}
	return nil
}

func (l *localNetwork) expectHeight(cmd *cobra.Command, args []string) (expectation, error) {
	height, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("height %q: expected a number", args[0])
	}
	return func(ctx context.Context, n *testnet.Network) error { return n.AtHeight(ctx, height, l.named(cmd)...) }, nil
}

func (l *localNetwork) expectPool(cmd *cobra.Command, args []string) (expectation, error) {
	size, err := numbers(args)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, n *testnet.Network) error { return n.PoolSize(ctx, size[0], l.named(cmd)...) }, nil
}

func expectBalance(_ *cobra.Command, args []string) (expectation, error) {
	node, err := numbers(args[:1])
	if err != nil {
		return nil, err
	}
	amount, err := parseBTM(args[1])
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, n *testnet.Network) error { return n.HasBalance(ctx, node[0], amount) }, nil
}

// parseBTM reads an amount of BTM, with up to eight decimals.
func parseBTM(text string) (uint64, error) {
	r, ok := new(big.Rat).SetString(text)
	if ok {
		r.Mul(r, big.NewRat(1e8, 1))
	}
	if !ok || !r.IsInt() || r.Sign() < 0 || !r.Num().IsUint64() {
		return 0, fmt.Errorf("amount %q: expected BTM, as in 412.5", text)
	}
	return r.Num().Uint64(), nil
}
