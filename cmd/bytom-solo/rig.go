package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/console"
	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/rig"
)

// rigOptions are the command's flags.
type rigOptions struct {
	getWork, templates, payee string

	servers, logins, passwords []string
	order, ca                  string
	insecure                   bool
	back                       time.Duration

	devices   string
	threads   int
	trust     bool
	api       string
	quiet     bool
	benchmark time.Duration
}

func newRigCommand(terminal io.Writer) *cobra.Command {
	var o rigOptions
	cmd := &cobra.Command{
		Use:   "rig",
		Short: "Mine for a node or a pool elsewhere",
		Long: `Mine for a node or a pool elsewhere, with the kernels of this program.

-o speaks Stratum, with a bytom-solo node or any Bytom pool; give several, and the rig
mines for the first that it can reach, and goes back to an earlier one when that is
there again. --gbt needs a bytom-solo node, which sends new work as soon as there is
any. --getwork works with any Bytom node, the stock one included, and asks it for work
about every second. A node that wants an access token has it in the URL:
http://name:secret@host:9888.

On a terminal keys say and do things: ? lists them.

Ends with status 0 when it is interrupted or its terminal is closed, 2 if the command
line is wrong, 3 if it is refused everywhere (login, token, payee), 4 if there is no
such device, 5 if all devices compute wrong hashes, 1 for anything else. Who does not
answer is asked again until they do.`,
		Example: `  bytom-solo rig -o stratum+tcp://192.168.1.5:9119 -u bm1q….rig1
  bytom-solo rig --gbt http://name:secret@192.168.1.5:9888
  bytom-solo rig --getwork http://127.0.0.1:9888
  bytom-solo rig --benchmark`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("quiet") {
				o.quiet = !console.IsTerminal(terminal)
			}
			ctx, stop := onHangup(cmd.Context(), nil)
			defer stop()
			return runRig(ctx, o, cmd.OutOrStdout(), terminal)
		},
	}
	o.register(cmd.Flags())
	return cmd
}

func (o *rigOptions) register(f *pflag.FlagSet) {
	f.StringArrayVarP(&o.servers, "server", "o", nil, "Stratum server: stratum+tcp://host:port, or stratum+ssl:// for TLS; may be given again")
	f.StringArrayVarP(&o.logins, "user", "u", nil, "login, ADDRESS.RIG: one for all servers, or one for each")
	f.StringArrayVarP(&o.passwords, "pass", "p", nil, "password: one for all servers, or one for each")
	f.StringVar(&o.order, "nonce-order", "auto", "byte order of the servers' start nonces: auto, little or big")
	f.StringVar(&o.ca, "tls-ca", "", "file of the certificates that a server's may be signed by, in place of the system's")
	f.BoolVar(&o.insecure, "tls-insecure", false, "take any certificate of a server, so that anybody in between can pose as it")
	f.DurationVar(&o.back, "return", 3*time.Minute, "how often the servers before the current one are tried")
	f.StringVar(&o.getWork, "getwork", "", "URL of a node to mine for by get-work")
	f.StringVar(&o.templates, "gbt", "", "URL of a node to mine for by getblocktemplate")
	f.StringVar(&o.payee, "payee", "", "with --gbt: the address that blocks pay; empty is the node's own")
	f.DurationVar(&o.benchmark, "benchmark", 0, "mine a known job for so long, 20s if no time is given, check every hash, and print the hashrate")
	f.Lookup("benchmark").NoOptDefVal = "20s"
	f.StringVarP(&o.devices, "devices", "d", "auto", "what to mine on, as 'bytom-solo devices' lists it; auto is the fastest")
	f.IntVar(&o.threads, "threads", 0, "most workers on a device; 0 is as many as it has")
	f.BoolVar(&o.trust, "trust-devices", false, "submit what devices find without computing it on the CPU first")
	f.StringVar(&o.api, "api", "", "address to serve the status at, as JSON: 127.0.0.1:PORT")
	f.BoolVar(&o.quiet, "quiet", false, "no line for each share, and the status each minute, not each 10 s; on by itself where stderr is no terminal")
}

func runRig(ctx context.Context, o rigOptions, out, terminal io.Writer) error {
	log, err := node.NewConfig().OpenLog(terminal)
	if err != nil {
		return err
	}
	source, err := o.source(log)
	if err != nil {
		return usage(err)
	}
	cfg := rig.Config{Source: source, Threads: o.threads, Version: version, Log: log, Shares: slog.LevelInfo, Every: 10 * time.Second}
	if o.quiet {
		cfg.Shares, cfg.Every = slog.LevelDebug, time.Minute
	}
	if o.api != "" {
		if cfg.API, err = net.Listen("tcp", o.api); err != nil {
			return usage(fmt.Errorf("flag --api: value %q: %w", o.api, err))
		}
		defer cfg.API.Close()
		log.Info("status is served", "url", "http://"+cfg.API.Addr().String()+"/")
	}
	return withRigDevices(ctx, o, terminal, log, func(devices []compute.Backend, checker compute.Backend) error {
		if o.benchmark > 0 {
			return runRigBenchmark(ctx, o, devices, out, terminal, log)
		}
		cfg.Devices, cfg.Checker = devices, checker
		r := rig.New(cfg)
		ctx, quit := context.WithCancel(ctx)
		defer quit()
		go watchKeys(ctx, terminal, log, rigMiner{r}, quit)
		return rigError(r.Run(ctx))
	})
}

func runRigBenchmark(ctx context.Context, o rigOptions, devices []compute.Backend, out, terminal io.Writer, log *slog.Logger) error {
	done := working(terminal, "benchmark", o.benchmark)
	results, err := rig.Benchmark(ctx, devices, o.threads, o.benchmark, log)
	done()
	return rigError(errors.Join(err, table.RigBench(out, results)))
}
