package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/node"
)

func newNodeCommand(config *node.Config, terminal io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "node",
		Short: "Run the node; with --mining it mines",
		Long: `Run the node; with --mining it mines, on the graphics cards where there are any, else on
every core of the CPU: --mining.devices and --mining.threads choose others.

Each flag but --home and --trace is also a key of config.toml in the home directory and
an environment variable: p2p.laddr is TM_P2P_LADDR. The flag wins, then the environment,
then the file. Two variables are named otherwise, as the stock node has them: TMHOME is
the home directory, and LISTEN is api_addr, even where a flag gives that.`,
		Example: `  bytom-solo node --mining --mining.address bm1q…
  bytom-solo node --chain_id solonet --home ~/solonet --mining --web.closed`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := config.Load(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return runNode(cmd.Context(), config, cmd.OutOrStdout(), terminal)
		},
	}
	config.Register(cmd.Flags())
	// The stock node's command line has it too; its errors come with a stack.
	cmd.Flags().Bool("trace", false, "accepted for the stock node's sake; does nothing")
	return cmd
}

func runNode(ctx context.Context, config *node.Config, out, terminal io.Writer) error {
	log, err := config.OpenLog(terminal)
	if err != nil {
		return err
	}
	node.ForwardBytomLog(log)
	n, err := node.New(ctx, config, log, out)
	if err != nil {
		return fmt.Errorf("start the node: %w", err)
	}
	if err := n.Run(ctx); err != nil {
		return fmt.Errorf("run the node: %w", err)
	}
	log.Info("node stopped")
	return nil
}
