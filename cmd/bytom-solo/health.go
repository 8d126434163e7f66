package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/node"
)

func newHealthCommand(config *node.Config) *cobra.Command {
	timeout := 5 * time.Second
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Tell whether a running node can mine: exit code 0, or 1 and why not",
		Long: `Tell whether a running node can mine, in one line, for Docker's HEALTHCHECK and scripts.

Exit code 0: it has work on its peers' chain to hand out, and its own devices mine if they
are to. 1: it does not answer, is behind its peers or without any, has no template, has a
fault that stops mining, or another node with its key serves its fronts; the line says which,
and what to do. 2: the command line is wrong.

Other faults that cost work or money, such as a card's or the engine's, do not change the exit
code: the line has them behind what goes on. Rigs that are away do not make a node sick:
'bytom-solo rigs' and notifications tell of them.`,
		Example: `  bytom-solo health && echo fine
  bytom-solo health --api_addr http://shed:c6ae…@192.168.1.5:9888`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if timeout <= 0 {
				return usage(fmt.Errorf("flag --timeout: value %q: expected a time such as 5s", timeout))
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			cmd.SetContext(ctx)
			base, err := nodeOfHome(cmd, config)
			if err != nil {
				return err
			}
			var s node.Stats
			if err := get(ctx, base, node.StatusRoute, &s); err != nil {
				return err
			}
			line, healthy := s.Health()
			if !healthy {
				return errors.New(line)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), line)
			return err
		},
	}
	registerNode(cmd, config)
	cmd.Flags().DurationVar(&timeout, "timeout", timeout, "how long the node may take to answer")
	return cmd
}
