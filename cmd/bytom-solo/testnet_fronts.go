package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// processCommands are those about the processes of a network's nodes and fronts.
func (l *localNetwork) processCommands() []*cobra.Command {
	return []*cobra.Command{
		{
			Use:   "fronts",
			Short: "Show each front's port for rigs, page and work, and how many shares it keeps",
			RunE: func(cmd *cobra.Command, _ []string) error {
				n, err := l.open()
				if err != nil {
					return err
				}
				all := n.FrontStatuses(cmd.Context())
				return l.print(cmd, all, func(out io.Writer) error { return table.Fronts(out, all) })
			},
		},
		l.processCommand("kill", "End a node or a front as a power cut would", "killed", (*testnet.Network).Kill),
		l.processCommand("stop", "End a node or a front as an operator would", "stopped", (*testnet.Network).Stop),
		l.processCommand("start", "Start a node or a front again, at the same addresses", "started", (*testnet.Network).Start),
	}
}

func (l *localNetwork) processCommand(verb, short, done string, do func(*testnet.Network, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use: verb + " NAME", Short: short + ", node-0 or front-1",
		Example: "  bytom-solo testnet " + verb + " front-1",
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := l.open()
			if err != nil {
				return err
			}
			if err := errors.Join(do(n, cmd.Context(), args[0]), n.Close()); err != nil {
				return err
			}
			return l.say(cmd, map[string]string{done: args[0]}, "%s %s", done, args[0])
		},
	}
}
