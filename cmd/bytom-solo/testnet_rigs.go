package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

func (l *localNetwork) rigsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rigs",
		Short: "Add, list and remove rigs that mine for a node by Stratum, faulty ones too",
	}
	cmd.AddCommand(l.rigsAddCommand(), l.rigsListCommand(), l.rigsRemoveCommand(), l.rigsServeCommand())
	return cmd
}

func (l *localNetwork) rigsAddCommand() *cobra.Command {
	r := testnet.RigsRequest{Dialect: fakerig.Plain, Rate: 2}
	faults, owner, front := "", 0, 0
	cmd := &cobra.Command{
		Use:   "add [N]",
		Short: "Add so many rigs, one if no number is given",
		Long: `Add so many rigs, one if no number is given. They mine until they are removed, or the
network is down.

Faults are parts of all that a rig sends: stale (shares of the former tip), dup (sent
before), low (that miss their target), invalid (without a nonce, or of no job) and
garbage (no messages), 5% where no part is given; disconnect:TIME, the time between two
losses of the connection; slow:TIME and mute:TIME, how long after its start a rig falls
to half its rate, or sends no more shares. The dialects are plain; b3, which takes what
one read yields for one message, starts again with each job and gives all requests the
same id; and backward, which reads a job's nonce the wrong way around.`,
		Example: "  bytom-solo testnet rigs add 8 --rate 20 --dialect b3 --fault stale:5%,dup:1%,garbage,disconnect:30s",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := positive(cmd.Flags(), "rate"); err != nil {
				return err
			}
			count, err := numbers(append(args, "1"))
			if err != nil {
				return err
			}
			r.Count, r.Node = count[0], l.node
			if r.Faults, err = fakerig.ParseFaults(faults); err != nil {
				return fmt.Errorf("--fault: %w", err)
			}
			if cmd.Flags().Changed("owner") {
				r.Owner = &owner
			}
			where := fmt.Sprintf("node %d", l.node)
			if cmd.Flags().Changed("front") {
				if l.node != 0 {
					return fmt.Errorf("--front %d --node %d: fronts are node 0's", front, l.node)
				}
				r.Front, where = &front, fmt.Sprintf("front %d", front)
			}
			n, err := l.open()
			if err != nil {
				return err
			}
			added, err := n.AddRigs(cmd.Context(), r)
			if err != nil {
				return err
			}
			return l.say(cmd, added, "%d rigs mine for %s, from %s on", len(added), where, added[0].Name)
		},
	}
	cmd.Flags().Float64Var(&r.Rate, "rate", r.Rate, "hashes a second of each rig at most, above 0")
	cmd.Flags().IntVar(&front, "front", 0, "index of the front that they connect to, 0 being the first; without the flag the node itself")
	cmd.Flags().IntVar(&owner, "owner", 0, "index of the node by whose address they log in, 0 being the first; without the flag that of --node")
	cmd.Flags().Float64Var(&r.Difficulty, "difficulty", 0, "what each asks for, in hashes a share; 0 leaves that to the node")
	cmd.Flags().StringVar(&r.Dialect, "dialect", r.Dialect, "plain, b3 or backward")
	cmd.Flags().StringVar(&faults, "fault", "", "what they do wrong, as in stale:5%,dup:1%,garbage,disconnect:30s")
	return l.registerNode(cmd)
}

func (l *localNetwork) rigsListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Show what each rig has sent, by its own count",
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := l.open()
			if err != nil {
				return err
			}
			all, err := n.ListRigs()
			if err != nil {
				return err
			}
			return l.print(cmd, all, func(out io.Writer) error { return table.FakeRigs(out, all) })
		},
	}
}

func (l *localNetwork) rigsRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove [NAME…]",
		Short: "End rigs, all if none is named, and show what they have sent",
		Long: `End rigs, all if none is named, and show what they have sent. Those that were added
together end together.`,
		Example: "  bytom-solo testnet rigs remove rig0-1",
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := l.open()
			if err != nil {
				return err
			}
			last, err := n.RemoveRigs(cmd.Context(), args...)
			if err != nil {
				return err
			}
			if last == nil {
				last = []fakerig.Report{}
			}
			return l.print(cmd, last, func(out io.Writer) error { return table.FakeRigs(out, last) })
		},
	}
}

// rigsServeCommand is the process of rigs that were added together.
func (l *localNetwork) rigsServeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve NUMBER", Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := strconv.Atoi(args[0])
			if err != nil {
				return err
			}
			n, err := l.open()
			if err != nil {
				return err
			}
			return n.ServeRigs(cmd.Context(), number, l.hash)
		},
	}
}
