package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// mineCommands are those that make blocks, and set what stands in them.
func (l *localNetwork) mineCommands() []*cobra.Command {
	return []*cobra.Command{l.mineCommand(), l.matureCommand(), l.reorgCommand(), l.autoCommand(), l.clockCommand()}
}

// mined runs what makes blocks, and prints them.
func (l *localNetwork) mined(cmd *cobra.Command, f func(context.Context, *testnet.Network) (testnet.Mined, error)) error {
	n, err := l.open()
	if err != nil {
		return err
	}
	out, err := f(cmd.Context(), n)
	if err != nil {
		return err
	}
	return l.print(cmd, out, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "mined %d, height %d, tip %s\n", len(out.Hashes), out.Height, out.Hashes[len(out.Hashes)-1])
		return err
	})
}

func (l *localNetwork) mineCommand() *cobra.Command {
	var r testnet.MineRequest
	cmd := &cobra.Command{
		Use:     "mine [N]",
		Short:   "Mine so many blocks, one if no number is given",
		Example: "  bytom-solo testnet mine 3 --node 0",
		RunE: func(cmd *cobra.Command, args []string) error {
			blocks, err := numbers(append(args, "1"))
			if err != nil {
				return err
			}
			r.Blocks, r.Node = blocks[0], l.node
			return l.mined(cmd, func(ctx context.Context, n *testnet.Network) (testnet.Mined, error) { return n.Mine(ctx, r) })
		},
	}
	cmd.Flags().StringVar(&r.To, "to", "", "address that the blocks pay; empty is the node's own")
	cmd.Flags().BoolVar(&r.Empty, "empty", false, "leave all transactions out")
	cmd.Flags().StringSliceVar(&r.TxIDs, "tx", nil, "id of a transaction that the first block is to hold, with no other than those named; may be given again")
	return l.registerNode(cmd)
}

func (l *localNetwork) matureCommand() *cobra.Command {
	return l.registerNode(&cobra.Command{
		Use:   "mature",
		Short: "Mine the 100 empty blocks after which a coinbase can be spent",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return l.mined(cmd, func(ctx context.Context, n *testnet.Network) (testnet.Mined, error) { return n.Mature(ctx, l.node) })
		},
	})
}

func (l *localNetwork) reorgCommand() *cobra.Command {
	depth := 1
	cmd := &cobra.Command{
		Use:   "reorg",
		Short: "Replace the latest blocks by a longer branch without transactions",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return l.mined(cmd, func(ctx context.Context, n *testnet.Network) (testnet.Mined, error) {
				return n.Reorg(ctx, l.node, depth)
			})
		},
	}
	cmd.Flags().IntVar(&depth, "depth", 1, "how many blocks to replace")
	return l.registerNode(cmd)
}

func (l *localNetwork) autoCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "auto", Short: "Have a node mine by itself, or end that"}
	cmd.PersistentFlags().IntVar(&l.node, "node", 0, "index of the node; 0 is the first")
	mode := func(use, short, example string) *cobra.Command {
		return &cobra.Command{Use: use, Short: short, Example: example, RunE: func(cmd *cobra.Command, args []string) error {
			every := append(args, cmd.Name())[0]
			n, err := l.open()
			if err != nil {
				return err
			}
			if err := n.Auto(cmd.Context(), l.node, every); err != nil {
				return err
			}
			return l.say(cmd, map[string]any{"node": l.node, "auto": every}, "node %d mines by itself: %s", l.node, every)
		}}
	}
	cmd.AddCommand(
		mode("on", "Mine one block after the other, without a pause", ""),
		mode("off", "Mine no more by itself", ""),
		mode("every DURATION", "Mine a block each so long", "  bytom-solo testnet auto every 5s --node 1"),
	)
	return cmd
}

func (l *localNetwork) clockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "clock",
		Short: "Show or set the clock that our nodes stamp blocks with",
		Long: `Show or set the clock that our nodes stamp blocks with.

At first it is virtual: genesis + 150 s × height, so that the difficulty stays.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return l.setClock(cmd, testnet.ClockRequest{}) },
	}
	for mode, what := range map[string]string{
		"virtual": "Let it go on by 150 s with each block",
		"real":    "Let it show the real time",
		"frozen":  "Stop it where it is",
	} {
		sub := &cobra.Command{Use: mode, Short: what, RunE: func(cmd *cobra.Command, _ []string) error {
			return l.setClock(cmd, testnet.ClockRequest{Mode: mode})
		}}
		if mode == "frozen" {
			sub.Use, sub.Aliases = "freeze", []string{mode}
		}
		cmd.AddCommand(sub)
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "set TIME",
		Example: "  bytom-solo testnet clock set 2018-07-01T00:00:00Z",
		Short:   "Set it to Unix seconds, or a time as in 2018-06-14T03:00:00Z",
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				t, timeErr := time.Parse(time.RFC3339, args[0])
				if timeErr != nil {
					return fmt.Errorf("time %q: expected Unix seconds, or a time as in 2018-06-14T03:00:00Z", args[0])
				}
				at = t.Unix()
			}
			return l.setClock(cmd, testnet.ClockRequest{Time: at})
		},
	}, &cobra.Command{
		Use:     "advance DURATION",
		Short:   "Put it forward by a duration",
		Example: "  bytom-solo testnet clock advance 1h",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := time.ParseDuration(args[0])
			if err != nil {
				return fmt.Errorf("duration %q: expected one as in 90s or 1h", args[0])
			}
			return l.setClock(cmd, testnet.ClockRequest{Advance: int64(d / time.Second)})
		},
	})
	return cmd
}

func (l *localNetwork) setClock(cmd *cobra.Command, r testnet.ClockRequest) error {
	n, err := l.open()
	if err != nil {
		return err
	}
	c, err := n.SetClock(cmd.Context(), r)
	if err != nil {
		return err
	}
	return l.say(cmd, c, "clock %s, the next block's time is %s", c.Mode, time.Unix(c.Time, 0).UTC().Format(time.RFC3339))
}
