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

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/console"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/pin"
)

func main() { os.Exit(run()) }

// run runs the command line, and gives the process's exit code.
func run() int {
	surviveReaders()
	pin.SpareGoProcs()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := console.Open(os.Stderr, os.Getenv)
	defer log.Close()
	// A second signal ends what does not end by the first, with the terminal as it was.
	context.AfterFunc(ctx, func() { log.Release(); stop() })
	err := newRoot(results{os.Stdout}, log).ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return exitInterrupted // Who interrupted it knows why.
	}
	fmt.Fprintln(log, "error:", err)
	if own := (*exitError)(nil); errors.As(err, &own) {
		return own.code
	}
	return 1
}

// newRoot is the command line. out takes results, terminal takes logs.
func newRoot(out, terminal io.Writer) *cobra.Command {
	config := node.NewConfig()
	config.Version = version + revision()
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
		newFrontCommand(config, terminal),
		newBlocksCommand(config),
		newJournalCommand(config),
		newRigsCommand(config),
		newStatsCommand(config),
		newHealthCommand(config),
		newPayoutsCommand(config),
		newTokenCommand(config),
		newBackupCommand(config),
		newBenchCommand(terminal),
		newDevicesCommand(terminal),
		newHashCommand(terminal),
		newRigCommand(terminal),
		newTestnetCommand(false),
		newVersionCommand(),
		newManualCommand(),
	)
	strict(root)
	return root
}
