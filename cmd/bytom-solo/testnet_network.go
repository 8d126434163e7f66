package main

import (
	"context"
	"errors"
	"fmt"
	"io"

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

// impossible is a command that says why it does not exist.
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
