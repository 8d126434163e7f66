package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/node"
)

func newDevicesCommand(terminal io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "devices",
		Short: "List what this machine can mine on, and why not on more",
		Long: `List what this machine can mine on, and why not on more. The names in the first column
are what --mining.devices of 'node' and --devices of 'rig', 'hash' and 'bench' take.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBackends(cmd.Context(), terminal, node.AllDevices, func(all []compute.Backend) error {
				return table.Devices(cmd.OutOrStdout(), all)
			})
		},
	}
}
