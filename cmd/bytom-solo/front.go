package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/boltcheck"
	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/node"
)

// newFrontCommand has a configuration of its own, and so a --home of its own: the defaults are others.
func newFrontCommand(root *node.Config, terminal io.Writer) *cobra.Command {
	config := node.NewConfig()
	config.Version = root.Version
	cmd := &cobra.Command{
		Use:   "front",
		Short: "Serve rigs on another machine than the node: Stratum, verification and figures, no chain",
		Long: `Serve rigs on another machine than the node's, which takes the hashing of their shares off the
node: one machine hashes 20 to 200 shares a second. Work comes from the node, over an engine;
shares are kept on this machine's disk until the node's ledger has them, and found blocks go to
the node at once.

The node runs with --engine and lets this front in by --fleet.fronts NAME=KEY: 'bytom-solo front
key' prints the key, and the node's log the one for --node here. docs/fleet.md has it step by step.

Each flag but --home is also a key of config.toml in the home directory, which is ~/.bytom-front
if none is given, and an environment variable, as with 'bytom-solo node'.`,
		Example: `  bytom-solo front --chain_id mainnet --engine nats://10.0.0.2:4222 \
    --node 3b6a…@http://10.0.0.2:9888 --mining.address bm1q…`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := config.LoadFront(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return runFront(cmd.Context(), config, node.StrayVariables(cmd.Flags(), os.Environ()), terminal)
		},
	}
	config.RegisterFrontHome(cmd.PersistentFlags())
	config.RegisterFront(cmd.Flags())
	cmd.AddCommand(&cobra.Command{
		Use:     "key",
		Short:   "Print this front's key, for the node's --fleet.fronts",
		Long:    `Print this front's key, for the node's --fleet.fronts NAME=KEY. It is made where there is none yet.`,
		Example: `  bytom-solo front key`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config.FrontHome(os.LookupEnv)
			config.Bytom.RootDir = config.Home(os.LookupEnv)
			key, err := fleet.OpenKey(config.FrontKeyPath())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), key.Public())
			return err
		},
	})
	return cmd
}

func runFront(ctx context.Context, config *node.Config, stray []string, terminal io.Writer) error {
	log, err := config.OpenLog(terminal)
	if err != nil {
		return err
	}
	for _, name := range stray {
		log.Warn("this variable of the environment sets nothing: no option has that name ('bytom-solo front --help' lists them)", "variable", name)
	}
	node.ForwardBytomLog(log)
	config.Measuring = measuring(terminal)
	var running atomic.Pointer[node.Front]
	ctx, stop := onHangup(ctx, reloading(config, log, func() {
		if f := running.Load(); f != nil {
			f.Reload()
		}
	}))
	defer stop()
	return untilStopped(ctx, "front", log, func() error { return startFront(ctx, config, &running, log) })
}

// startFront runs a front until ctx ends, which may be before it is up.
func startFront(ctx context.Context, config *node.Config, running *atomic.Pointer[node.Front], log *slog.Logger) error {
	f, err := node.NewFront(ctx, config, log)
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		log.Info("front stopped before it was up")
		return nil
	}
	if err != nil {
		return fmt.Errorf("start the front: %w", boltcheck.OfAnotherUser(err))
	}
	running.Store(f)
	if err := f.Run(ctx); err != nil {
		return fmt.Errorf("run the front: %w", err)
	}
	log.Info("front stopped")
	return nil
}
