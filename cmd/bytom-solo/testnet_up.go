package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/fleet/natsserver"
	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/spf13/cobra"
)

func (l *localNetwork) upCommand() *cobra.Command {
	c := testnet.Config{Nodes: 1}
	topology := string(testnet.Line)
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Make a network and start it; what an earlier one left in --dir makes way",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if c.Solo, err = ownProgram(); err != nil {
				return err
			}
			if err := checkEngine(c); err != nil {
				return err
			}
			if c.Stock > 0 && c.StockNode == "" {
				if c.StockNode, err = testnet.Build(cmd.Context(), testnet.StockNode); err != nil {
					return fmt.Errorf("--stock: give bytomd's path by --stock-binary, or run this within the module's repository: %w", err)
				}
			}
			c.Dir, c.Topology, c.Hash, c.Tied = l.dir, testnet.Topology(topology), l.hash, l.tied
			n, err := testnet.Up(cmd.Context(), c)
			if err == nil {
				err = n.Close()
			}
			if err != nil {
				return err
			}
			status := n.Status(cmd.Context())
			return l.print(cmd, status, func(out io.Writer) error {
				if err := printNodes(cmd.Context(), out, n, status); err != nil {
					return err
				}
				_, err := fmt.Fprintf(out, "ready: %s\n", urls(n))
				return err
			})
		},
	}
	flags := cmd.Flags()
	flags.IntVarP(&c.Nodes, "nodes", "n", 1, "how many nodes")
	flags.IntVar(&c.Stock, "stock", 0, "how many of them, the last ones, run the stock node bytomd; 0 is none")
	flags.StringVar(&c.StockNode, "stock-binary", "", "path of bytomd; empty builds it, within the module's repository")
	flags.IntVar(&c.Fronts, "fronts", 0, "how many fronts the first node has: servers of rigs that are processes of their own; 0 is none")
	flags.StringVar(&c.Engine, "engine", "", "what carries messages between that node and its fronts, nats://host:4222; empty has it in the node's process")
	flags.StringVar(&topology, "topology", topology, "who is whose peer: line, ring or full")
	flags.StringVar(&c.Phrase, "seed", testnet.DefaultPhrase, "phrase that all keys come from")
	flags.StringArrayVar(&c.Args, "arg", nil, "a further flag of our nodes, as in --arg=--payout.scheme=pplns; give it again for each")
	flags.BoolVar(&c.Fund, "fund", false, "give each node's account spendable BTM")
	return cmd
}

// checkEngine refuses fronts where nothing would carry their messages. Whether another program has
// an engine built in, that one says.
func checkEngine(c testnet.Config) error {
	if c.Fronts == 0 || c.Engine != "" || os.Getenv("BYTOM_SOLO") != "" || natsserver.Built {
		return nil
	}
	_, err := natsserver.Run(natsserver.Config{})
	return fmt.Errorf("--fronts: %w", err)
}

// printNodes prints the nodes and, if there are any, the fronts.
func printNodes(ctx context.Context, out io.Writer, n *testnet.Network, nodes []testnet.NodeStatus) error {
	if err := table.Nodes(out, nodes); err != nil || len(n.Fronts) == 0 {
		return err
	}
	return table.Fronts(out, n.FrontStatuses(ctx))
}

// ownProgram is what our nodes run: what the environment's BYTOM_SOLO names, else
// this program.
func ownProgram() (string, error) {
	if path := os.Getenv("BYTOM_SOLO"); path != "" {
		return filepath.Abs(path)
	}
	return os.Executable()
}

// urls are where all nodes answer.
func urls(n *testnet.Network) string {
	text := ""
	for i, m := range n.Nodes {
		if i > 0 {
			text += " "
		}
		text += m.URL
	}
	return text
}

func (l *localNetwork) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show each node's height, tip, peers, pool and address, and the fronts",
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := l.open()
			if err != nil {
				return err
			}
			status := n.Status(cmd.Context())
			return l.print(cmd, status, func(out io.Writer) error { return printNodes(cmd.Context(), out, n, status) })
		},
	}
}

func (l *localNetwork) logsCommand() *cobra.Command {
	follow := false
	cmd := &cobra.Command{
		Use:     "logs [NODE…]",
		Short:   "Print what the nodes have logged, all if none is named",
		Example: "  bytom-solo testnet logs 0 2 --follow",
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := l.open()
			if err != nil {
				return err
			}
			var members []*testnet.Member
			for _, arg := range args {
				index, err := strconv.Atoi(arg)
				if err != nil || index < 0 || index >= len(n.Nodes) {
					return fmt.Errorf("node %q: expected 0 to %d", arg, len(n.Nodes)-1)
				}
				members = append(members, n.Nodes[index])
			}
			if !l.asJSON {
				return n.Tail(cmd.Context(), func(m *testnet.Member, line []byte) error {
					_, err := fmt.Fprintf(cmd.OutOrStdout(), "%d| %s", m.Index, line)
					return err
				}, follow, members...)
			}
			e := json.NewEncoder(cmd.OutOrStdout())
			return n.Tail(cmd.Context(), func(m *testnet.Member, line []byte) error {
				return e.Encode(map[string]any{"node": m.Index, "line": string(line[:len(line)-1])})
			}, follow, members...)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until interrupted")
	return cmd
}

func (l *localNetwork) downCommand() *cobra.Command {
	remove := false
	cmd := &cobra.Command{
		Use:   "down",
		Short: "End all nodes; what they wrote stays until the next 'up'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := l.open()
			if errors.Is(err, testnet.ErrNone) {
				return l.say(cmd, struct{}{}, "no network in %s", l.dir)
			}
			if err != nil {
				return err
			}
			end := n.Down
			if remove {
				end = n.Remove
			}
			if err := end(cmd.Context()); err != nil {
				return err
			}
			return l.say(cmd, struct{}{}, "down")
		},
	}
	cmd.Flags().BoolVar(&remove, "clean", false, "remove all files, too")
	return cmd
}
