package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/spf13/cobra"
)

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
		check("split NODE BLOCKS", "split 0 3", "A node has split so many blocks or more between the owners of rigs", expectSplit),
		check("paid NODE", "paid 0", "A node has paid the owners of rigs what is due, and its books are right", expectPaid),
		l.registerNode(check("shares N", "shares 20", "The ledger of node 0, or the one that --node names, has so many accepted shares of rigs or more", l.expectShares)),
		check("booked", "booked", "Node 0's ledger has what the rigs that were removed know was accepted, and no front keeps a share", func(*cobra.Command, []string) (expectation, error) {
			return func(ctx context.Context, n *testnet.Network) error { return n.IsBooked(ctx) }, nil
		}),
		check("found FRONT BLOCKS", "found 1 2", "The chain has so many blocks or more that rigs of a front found", expectFound),
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
	amount, err := testnet.ParseBTM(args[1])
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, n *testnet.Network) error { return n.HasBalance(ctx, node[0], amount) }, nil
}

func (l *localNetwork) expectShares(_ *cobra.Command, args []string) (expectation, error) {
	shares, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("shares %q: expected a number", args[0])
	}
	return func(ctx context.Context, n *testnet.Network) error { return n.HasShares(ctx, l.node, shares) }, nil
}

func expectFound(_ *cobra.Command, args []string) (expectation, error) {
	in, err := numbers(args)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, n *testnet.Network) error { return n.HasFound(ctx, in[0], in[1]) }, nil
}

func expectSplit(_ *cobra.Command, args []string) (expectation, error) {
	in, err := numbers(args)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, n *testnet.Network) error { return n.HasSplit(ctx, in[0], in[1]) }, nil
}

func expectPaid(_ *cobra.Command, args []string) (expectation, error) {
	in, err := numbers(args)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, n *testnet.Network) error { return n.HasPaid(ctx, in[0]) }, nil
}
