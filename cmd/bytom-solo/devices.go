package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
	"github.com/bytom-solo/bytom-solo/node"
)

func newDevicesCommand(terminal io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "devices",
		Short: "List what this machine can mine on, and why not on more",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBackends(cmd.Context(), terminal, node.AllDevices, func(all []compute.Backend) error {
				return printDevices(cmd.OutOrStdout(), all)
			})
		},
	}
}

func printDevices(out io.Writer, all []compute.Backend) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tKERNEL\tWORKERS\tSELF-TEST")
	for _, b := range all {
		info := b.Info()
		fmt.Fprintf(w, "%s\t%s\t%d\tpassed\n", info.Name, info.Kernel, info.Workers)
	}
	fmt.Fprintln(w, "\nCPU KERNEL\tUSABLE\tWHY NOT")
	for _, k := range cpu.Kernels() {
		usable := "yes"
		if !k.Usable {
			usable = "no"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", k.Name, usable, k.Reason)
	}
	return w.Flush()
}
