package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// walletCommands are those that use the nodes' wallets.
func (l *localNetwork) walletCommands() []*cobra.Command {
	return []*cobra.Command{
		l.fundCommand(), l.balanceCommand(), l.sendCommand(), l.floodCommand(),
		l.issueCommand(), l.compileCommand(), l.lockCommand(), l.unlockCommand(), l.callCommand(),
	}
}

// account is the account of the node that an argument names.
func (l *localNetwork) account(arg string) (testnet.Account, error) {
	index, err := strconv.Atoi(arg)
	if err != nil {
		return testnet.Account{}, fmt.Errorf("node %q: expected its index", arg)
	}
	n, err := l.open()
	if err != nil {
		return testnet.Account{}, err
	}
	c, err := n.Client(index)
	return c.Account(), err
}

// registerFee adds --fee.
func registerFee(cmd *cobra.Command) (fee func() (uint64, error)) {
	text := cmd.Flags().String("fee", "0.01", "fee in BTM")
	return func() (uint64, error) { return testnet.ParseBTM(*text) }
}

func (l *localNetwork) fundCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "fund NODE [AMOUNT]",
		Short: "Make a node's account have so many spendable BTM at least, 100 if none is given",
		Long: `Make a node's account have so many spendable BTM at least, 100 if none is given.

A network at height 0 gets premined blocks, whose BTM all accounts share. After that
the richest account sends what lacks or, if none has it, the node mines to itself, and
a hundred blocks more.`,
		Example: "  bytom-solo testnet fund 1 250",
		RunE: func(cmd *cobra.Command, args []string) error {
			index, err := numbers(args[:1])
			if err != nil {
				return err
			}
			amount, err := testnet.ParseBTM(append(args, "100")[1])
			if err != nil {
				return err
			}
			n, err := l.open()
			if err != nil {
				return err
			}
			out, err := n.Fund(cmd.Context(), index[0], amount)
			if err != nil {
				return err
			}
			return l.say(cmd, out, "node %d has %s spendable, after %d new blocks", index[0], table.BTM(out.Funds.Spendable), out.Blocks)
		},
	}
}

func (l *localNetwork) balanceCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "balance [NODE…]",
		Short:   "Show the confirmed BTM of the nodes' accounts, all if none is named",
		Example: "  bytom-solo testnet balance 0 1",
		RunE: func(cmd *cobra.Command, args []string) error {
			nodes, err := numbers(args)
			if err != nil {
				return err
			}
			n, err := l.open()
			if err != nil {
				return err
			}
			if len(nodes) == 0 {
				for i := range n.Nodes {
					nodes = append(nodes, i)
				}
			}
			var all []testnet.AccountFunds
			for _, index := range nodes {
				one, err := n.AccountFunds(cmd.Context(), index)
				if err != nil {
					return err
				}
				all = append(all, one)
			}
			return l.print(cmd, all, func(out io.Writer) error { return table.Funds(out, all) })
		},
	}
}

func (l *localNetwork) sendCommand() *cobra.Command {
	var fee func() (uint64, error)
	cmd := &cobra.Command{
		Use:     "send FROM TO AMOUNT",
		Short:   "Send BTM from a node's account to another's, or to an address; prints the transaction's id",
		Example: "  bytom-solo testnet send 0 1 12.5\n  bytom-solo testnet send 0 sm1q… 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := l.account(args[0])
			if err != nil {
				return err
			}
			to, err := l.address(cmd.Context(), args[1])
			if err != nil {
				return err
			}
			amount, err := testnet.ParseBTM(args[2])
			if err != nil {
				return err
			}
			paid, err := fee()
			if err != nil {
				return err
			}
			id, err := from.Send(cmd.Context(), to, amount, paid)
			if err != nil {
				return err
			}
			return l.say(cmd, map[string]any{"tx_id": id, "address": to, "amount": amount, "fee": paid}, "%s", id)
		},
	}
	fee = registerFee(cmd)
	return cmd
}

// address reads a node's index, which stands for its account's address, or an
// address.
func (l *localNetwork) address(ctx context.Context, arg string) (string, error) {
	if _, err := strconv.Atoi(arg); err != nil {
		return arg, nil
	}
	a, err := l.account(arg)
	if err != nil {
		return "", err
	}
	out, err := a.Address(ctx)
	return out.Address, err
}

func (l *localNetwork) floodCommand() *cobra.Command {
	c, fees := testnet.FloodConfig{}, ""
	cmd := &cobra.Command{
		Use:     "flood N",
		Example: "  bytom-solo testnet flood 200 --fees 0.01..0.05 --chain-depth 4",
		Short:   "Put so many transactions into a node's pool",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := positive(cmd.Flags(), "chain-depth"); err != nil {
				return err
			}
			if c.PerSecond == 0 {
				return usage(errors.New("flag --rate: value 0: expected more than 0, or -1 for as many as the node takes"))
			}
			if c.N, err = strconv.Atoi(args[0]); err != nil {
				return fmt.Errorf("argument N: value %q: expected how many transactions", args[0])
			}
			if c.FeesLow, c.FeesHigh, err = testnet.ParseFees(fees); err != nil {
				return err
			}
			a, err := l.account(strconv.Itoa(l.node))
			if err != nil {
				return err
			}
			out, err := a.Flood(cmd.Context(), c)
			if err != nil {
				return err
			}
			return l.say(cmd, out, "%d transactions in %d chains in the pool after %v; %d more had made the outputs that they spend, in %v",
				c.N, len(out.Chains), out.Took.Round(time.Millisecond), len(out.Splits), out.SplitTook.Round(time.Millisecond))
		},
	}
	cmd.Flags().StringVar(&fees, "fees", "0.005..0.05", "range of the fees in BTM, LOW..HIGH")
	cmd.Flags().IntVar(&c.ChainDepth, "chain-depth", 1, "length of the chains in which each transaction spends the one before")
	cmd.Flags().Uint64Var(&c.Seed, "random", 0, "seed of the fees' random numbers, 0 or any other: the same gives the same fees")
	cmd.Flags().IntVar(&c.PerSecond, "rate", testnet.FloodPace, "transactions a second; -1 is as many as the node takes, but it drops its peers then")
	return l.registerNode(cmd)
}

// assetArguments reads a node, an amount of an asset, in its smallest unit, and a fee.
func (l *localNetwork) assetArguments(node, amount string, fee func() (uint64, error)) (a testnet.Account, units, paid uint64, err error) {
	if a, err = l.account(node); err != nil {
		return a, 0, 0, err
	}
	if units, err = strconv.ParseUint(amount, 10, 63); err != nil {
		return a, 0, 0, fmt.Errorf("amount %q of an asset: expected a number", amount)
	}
	paid, err = fee()
	return a, units, paid, err
}

func (l *localNetwork) callCommand() *cobra.Command {
	return l.registerNode(&cobra.Command{
		Use:     "call ROUTE [JSON]",
		Example: `  bytom-solo testnet call get-block '{"block_height": 1}' --node 1`,
		Short:   "Call a node's RPC; prints the data that it answers",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := l.client()
			if err != nil {
				return err
			}
			in := json.RawMessage(append(args, "{}")[1])
			var out json.RawMessage
			if err := c.Call(cmd.Context(), "/"+strings.TrimPrefix(args[0], "/"), in, &out); err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), out)
		},
	})
}

func (l *localNetwork) issueCommand() *cobra.Command {
	var fee func() (uint64, error)
	cmd := &cobra.Command{
		Use:     "issue NODE ALIAS AMOUNT",
		Example: "  bytom-solo testnet issue 0 gold 1000",
		Short:   "Define an asset and issue some of it to a node's account; prints the asset's id",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, amount, paid, err := l.assetArguments(args[0], args[2], fee)
			if err != nil {
				return err
			}
			id, err := a.Issue(cmd.Context(), args[1], amount, paid)
			if err != nil {
				return err
			}
			return l.say(cmd, map[string]any{"asset_id": id}, "%s", id)
		},
	}
	fee = registerFee(cmd)
	return cmd
}
