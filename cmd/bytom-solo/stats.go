package main

import (
	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/node"
)

// allStats is what the command prints as JSON.
type allStats struct {
	Status node.Stats        `json:"status"`
	Rigs   node.RigStatsList `json:"rigs"`
}

func newStatsCommand(config *node.Config) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Print hashrate, effort, luck and odds of a running node, and each rig's day",
		Long: `Print hashrate, effort, luck and odds of a running node, and each rig's day.

Effort is the work since the last found block, by what a block takes on average. Luck is
the found blocks by the expected ones, with the probability of being this unlucky or
worse. What is not known yet is "-". docs/figures.md says how each figure is computed.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			base, err := nodeOfHome(cmd, config)
			if err != nil {
				return err
			}
			var all allStats
			if err := get(cmd.Context(), base, node.StatusRoute, &all.Status); err != nil {
				return err
			}
			if err := get(cmd.Context(), base, node.StatsRigsRoute, &all.Rigs); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return printJSON(out, all)
			}
			return table.Stats(out, all.Status, all.Rigs, toTerminal(out))
		},
	}
	registerNode(cmd, config)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, as /mining/api/v1/status and /mining/api/v1/rigs answer it")
	return cmd
}
