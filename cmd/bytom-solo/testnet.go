package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// localNetwork is what the commands of 'testnet' share.
type localNetwork struct {
	dir    string
	asJSON bool
	// node is the node that a command is about, for those that have --node.
	node int
	hash testnet.HashFunc
	// tied networks end with this process.
	tied bool
}

// newTestnetCommand is the command line of local networks; those of a tied one end
// with this process.
func newTestnetCommand(tied bool) *cobra.Command {
	l := &localNetwork{dir: "testnet", tied: tied}
	if cache, err := os.UserCacheDir(); err == nil {
		l.dir = filepath.Join(cache, "bytom-solo", "testnet")
	}
	l.hash = lazyHash()
	cmd := &cobra.Command{
		Use:   "testnet",
		Short: "Run a network of real nodes on this machine, to test against",
		Long: `Run a network of real nodes on this machine, to test against.

Each node is a process with a loopback address of its own. 'up' starts them and
returns; the other commands find the network by its directory, --dir.`,
		Example: `  bytom-solo testnet up -n 3 --fund
  bytom-solo testnet mine 2 --node 1
  bytom-solo testnet assert tip-equal
  bytom-solo testnet down`,
	}
	cmd.PersistentFlags().StringVar(&l.dir, "dir", l.dir, "directory of the network; each has its own")
	cmd.PersistentFlags().BoolVar(&l.asJSON, "json", false, "print JSON")
	cmd.AddCommand(l.upCommand(), l.statusCommand(), l.logsCommand(), l.downCommand(), l.runCommand())
	cmd.AddCommand(l.mineCommands()...)
	cmd.AddCommand(l.changeCommands()...)
	cmd.AddCommand(l.walletCommands()...)
	cmd.AddCommand(l.processCommands()...)
	cmd.AddCommand(l.rigsCommand(), l.assertCommand())
	return cmd
}

// lazyHash opens the fastest backend when there is something to hash: only to mine on
// stock nodes. The end of the process closes it.
func lazyHash() testnet.HashFunc {
	open := sync.OnceValues(func() (*compute.Verifier, error) {
		backends, err := node.OpenBackends(context.Background(), node.Opening{Devices: "none", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return nil, err
		}
		return compute.NewVerifier(backends[0]), nil
	})
	return func(ctx context.Context, header, seed [32]byte) (result [32]byte, err error) {
		v, err := open()
		if err != nil {
			return result, err
		}
		return v.Hash(ctx, header, seed)
	}
}

// open finds the network.
func (l *localNetwork) open() (*testnet.Network, error) {
	n, err := testnet.Open(l.dir)
	if err != nil {
		return nil, err
	}
	n.Hash = l.hash
	return n, nil
}

// client is the RPC of the node that --node names.
func (l *localNetwork) client() (testnet.Client, error) {
	n, err := l.open()
	if err != nil {
		return testnet.Client{}, err
	}
	return n.Client(l.node)
}

// registerNode adds --node.
func (l *localNetwork) registerNode(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().IntVar(&l.node, "node", 0, "index of the node; 0 is the first")
	return cmd
}

// registerNodeOrAll is for commands that are about all nodes, or the one named.
func (l *localNetwork) registerNodeOrAll(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().IntVar(&l.node, "node", 0, "index of the one node, from 0 on, that is meant; all if it is not given")
	return cmd
}

// print prints v as JSON or, without --json, by human.
func (l *localNetwork) print(cmd *cobra.Command, v any, human func(out io.Writer) error) error {
	if l.asJSON {
		return printJSON(cmd.OutOrStdout(), v)
	}
	return human(cmd.OutOrStdout())
}

// say prints a line or, with --json, v.
func (l *localNetwork) say(cmd *cobra.Command, v any, format string, args ...any) error {
	return l.print(cmd, v, func(out io.Writer) error {
		_, err := fmt.Fprintf(out, format+"\n", args...)
		return err
	})
}

// numbers reads arguments that are numbers.
func numbers(args []string) (all []int, err error) {
	for _, arg := range args {
		n, err := strconv.Atoi(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %q: expected a whole number", arg)
		}
		all = append(all, n)
	}
	return slices.Clip(all), nil
}
