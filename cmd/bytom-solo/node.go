package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/boltcheck"
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
the home directory, and LISTEN is api_addr, even where a flag gives that.

On a terminal keys say and do things: ? lists them. Ctrl-C and SIGTERM stop the node within
five seconds. SIGHUP has it open its log files and stratum.tls-cert and -key again, so that a
renewed certificate is served to new connections; on a terminal without --log_file it means
that the terminal was closed, and stops the node. Under nohup it is ignored.`,
		Example: `  bytom-solo node --mining --mining.address bm1q…
  bytom-solo node --chain_id solonet --home ~/solonet --mining --web.closed`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := config.Load(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return runNode(cmd.Context(), config, node.StrayVariables(cmd.Flags(), os.Environ()), cmd.OutOrStdout(), terminal)
		},
	}
	config.Register(cmd.Flags())
	// The stock node's command line has it too; its errors come with a stack.
	cmd.Flags().Bool("trace", false, "accepted for the stock node's sake; does nothing")
	return cmd
}

func runNode(ctx context.Context, config *node.Config, stray []string, out, terminal io.Writer) error {
	log, err := config.OpenLog(terminal)
	if err != nil {
		return err
	}
	for _, name := range stray {
		log.Warn("this variable of the environment sets nothing: no option has that name ('bytom-solo node --help' lists them)", "variable", name)
	}
	node.ForwardBytomLog(log)
	config.Measuring = measuring(terminal)
	var running atomic.Pointer[node.Node]
	ctx, stop := onHangup(ctx, reloading(config, log, func() {
		if n := running.Load(); n != nil {
			n.Reload()
		}
	}))
	defer stop()
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	go watchKeys(ctx, terminal, log, nodeMiner{&running}, quit)
	go followChain(ctx, func() (h node.Heights) {
		if n := running.Load(); n != nil {
			h = n.Heights()
		}
		return h
	}, terminal, log)
	return untilStopped(ctx, "node", log, func() error { return startNode(ctx, config, &running, log, out) })
}

// longestStop is how long a node or a front is waited for that is to stop: service managers
// and people kill what takes longer.
const longestStop = 4500 * time.Millisecond

// untilStopped runs a node or a front until it ends, or ctx has ended for longestStop.
func untilStopped(ctx context.Context, what string, log *slog.Logger, run func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- run() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(longestStop):
		// Whatever it is, the end of the process ends it. What matters is written down.
		log.Warn(what+" stopped without waiting for all of its parts", "waited", longestStop)
		return nil
	}
}

// startNode runs a node until ctx ends, which may be before it is up.
func startNode(ctx context.Context, config *node.Config, running *atomic.Pointer[node.Node], log *slog.Logger, out io.Writer) error {
	n, err := node.New(ctx, config, log, out)
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		log.Info("node stopped before it was up")
		return nil
	}
	if err != nil {
		return fmt.Errorf("start the node: %w", boltcheck.OfAnotherUser(err))
	}
	running.Store(n)
	if err := n.Run(ctx); err != nil {
		return fmt.Errorf("run the node: %w", err)
	}
	log.Info("node stopped")
	return nil
}

// reloading is what SIGHUP does: files are opened again, unless the signal can only mean
// that the terminal is gone which everything is logged to.
func reloading(config *node.Config, log *slog.Logger, reload func()) func() {
	if config.Bytom.LogFile == "" && attended() {
		return nil
	}
	return func() {
		config.ReopenLog()
		log.Info("log files and certificates are opened again")
		reload()
	}
}
