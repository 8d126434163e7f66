package main

import (
	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/node"
)

func newBlocksCommand(config *node.Config) *cobra.Command {
	asJSON, latest := false, latestFlag{}
	cmd := &cobra.Command{
		Use:   "blocks",
		Short: "List the blocks that a running node found, and what became of them",
		Long: `List the blocks that a running node found, and what became of them. 'bytom-solo journal'
tells more, and reads the file where no node runs.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var found []node.FoundBlock
			if err := askHome(cmd, config, node.FoundBlocksRoute, nil, &found); err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), found)
			}
			return table.Blocks(cmd.OutOrStdout(), latest.cut(cmd, found))
		},
	}
	registerNode(cmd, config)
	latest.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the whole life of each")
	return cmd
}
