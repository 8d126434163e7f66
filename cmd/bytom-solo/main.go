// Command bytom-solo is a full Bytom node with mining built in.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/node"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newRoot(os.Stdout, os.Stderr).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		code := 1
		var own *exitError
		if errors.As(err, &own) {
			code = own.code
		}
		os.Exit(code)
	}
}

// newRoot is the command line. out takes results, terminal takes logs.
func newRoot(out, terminal io.Writer) *cobra.Command {
	config := node.NewConfig()
	root := &cobra.Command{
		Use:   "bytom-solo",
		Short: "A Bytom node that mines",
		Long: `A full Bytom node with mining built in: it follows the chain, holds a wallet, mines, and
hands work to rigs and pools.`,
		Example: `  bytom-solo init                                  # write ~/.bytom/config.toml, for mainnet
  bytom-solo node --mining --mining.address bm1q…  # mine on this machine
  bytom-solo node --stratum.listen 0.0.0.0:9119    # have the rigs on the LAN mine
  bytom-solo rigs                                  # in another terminal: what they do`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(out)
	root.SetErr(terminal)
	config.RegisterHome(root.PersistentFlags())
	root.AddCommand(
		newInitCommand(config),
		newNodeCommand(config, terminal),
		newBlocksCommand(config),
		newJournalCommand(config),
		newRigsCommand(config),
		newBenchCommand(terminal),
		newDevicesCommand(terminal),
		newHashCommand(terminal),
		newRigCommand(terminal),
		newTestnetCommand(false),
		newVersionCommand(),
	)
	strict(root)
	return root
}
