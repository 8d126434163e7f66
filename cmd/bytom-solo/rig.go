package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/rig"
	"github.com/bytom-solo/bytom-solo/stratum/client"
)

// The exit codes of rig, besides 0 for a clean stop and 1 for what is none of these.
const (
	exitUsage   = 2
	exitRefused = 3
	exitDevices = 4
	exitWrong   = 5
)

// exitError is an error with an exit code of its own.
type exitError struct {
	code int
	err  error
}

// Error satisfies error.
func (e *exitError) Error() string { return e.err.Error() }

// Unwrap gives the error itself.
func (e *exitError) Unwrap() error { return e.err }

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
				o.quiet = !isTerminal(terminal)
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

func usage(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitUsage, err}
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
	return withRigDevices(ctx, o, log, func(devices []compute.Backend, checker compute.Backend) error {
		if o.benchmark > 0 {
			return runRigBenchmark(ctx, o, devices, out, log)
		}
		cfg.Devices, cfg.Checker = devices, checker
		return rigError(rig.New(cfg).Run(ctx))
	})
}

// rigError gives the error of a rig its exit code.
func rigError(err error) error {
	switch {
	case errors.Is(err, rig.ErrRefused):
		return &exitError{exitRefused, err}
	case errors.Is(err, rig.ErrWrongHashes):
		return &exitError{exitWrong, err}
	}
	return err
}

// withRigDevices opens the devices, and what checks them, for the time of a call.
func withRigDevices(ctx context.Context, o rigOptions, log *slog.Logger, f func(devices []compute.Backend, checker compute.Backend) error) (err error) {
	all, err := node.OpenBackends(ctx, o.devices, log)
	switch {
	case ctx.Err() != nil:
		return node.CloseBackends(all) // It was interrupted.
	case err != nil:
		return &exitError{exitDevices, err}
	}
	defer func() { err = errors.Join(err, node.CloseBackends(all)) }()
	names, err := node.PickDevices(all, o.devices)
	if err == nil && len(names) == 0 {
		err = errors.New("none is left to mine on")
	}
	if err != nil {
		return &exitError{exitDevices, fmt.Errorf("flag --devices: value %q: %w", o.devices, err)}
	}
	var checker compute.Backend
	if !o.trust {
		checker = all[0]
	}
	return f(picked(all, names), checker)
}

// source is where the flags say that work comes from; nil for a benchmark.
func (o rigOptions) source(log *slog.Logger) (rig.Source, error) {
	kinds := 0
	for _, given := range []bool{len(o.servers) > 0, o.getWork != "", o.templates != "", o.benchmark != 0} {
		if given {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return nil, errors.New("expected one of --server (-o), --getwork, --gbt and --benchmark")
	case o.payee != "" && o.templates == "":
		return nil, errors.New("flag --payee: it goes with --gbt")
	case o.threads < 0:
		return nil, fmt.Errorf("flag --threads: value %d: expected 0 or a number of workers", o.threads)
	case o.benchmark < 0:
		return nil, fmt.Errorf("flag --benchmark: value %v: expected a time above 0", o.benchmark)
	case o.benchmark > 0:
		return nil, nil
	case o.getWork != "":
		return rig.NewGetWork(o.getWork, log)
	case o.templates != "":
		return rig.NewTemplates(o.templates, o.payee, log)
	}
	return o.pool(log)
}

func (o rigOptions) pool(log *slog.Logger) (rig.Source, error) {
	order, err := client.ParseNonceOrder(o.order)
	if err != nil {
		return nil, fmt.Errorf("flag --nonce-order: %w", err)
	}
	if o.back <= 0 {
		return nil, fmt.Errorf("flag --return: value %v: expected a time above 0", o.back)
	}
	secure, err := o.tls()
	if err != nil {
		return nil, err
	}
	cfg := rig.PoolConfig{Agent: "bytom-solo/" + version, Order: order, Return: o.back, Log: log}
	for i, address := range o.servers {
		login, err := oneFor("--user", o.logins, i, len(o.servers))
		if err != nil {
			return nil, err
		}
		password, err := oneFor("--pass", o.passwords, i, len(o.servers))
		if err != nil {
			return nil, err
		}
		s, err := rig.ParseServer(address, login, password, secure)
		if err != nil {
			return nil, fmt.Errorf("flag --server: %w", err)
		}
		cfg.Servers = append(cfg.Servers, s)
	}
	return rig.NewPool(cfg), nil
}

// oneFor is the i-th server's of a flag's values, of which there is none, one for all,
// or one for each.
func oneFor(flag string, values []string, i, servers int) (string, error) {
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	case servers:
		return values[i], nil
	}
	return "", fmt.Errorf("flag %s: %d values: expected one, or one for each of %d servers", flag, len(values), servers)
}

func (o rigOptions) tls() (*tls.Config, error) {
	secure := &tls.Config{InsecureSkipVerify: o.insecure}
	if o.ca == "" {
		return secure, nil
	}
	text, err := os.ReadFile(o.ca)
	if err != nil {
		return nil, fmt.Errorf("flag --tls-ca: %w", err)
	}
	if secure.RootCAs = x509.NewCertPool(); !secure.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("flag --tls-ca: value %q: expected a file of certificates in PEM form", o.ca)
	}
	return secure, nil
}

func runRigBenchmark(ctx context.Context, o rigOptions, devices []compute.Backend, out io.Writer, log *slog.Logger) error {
	results, err := rig.Benchmark(ctx, devices, o.threads, o.benchmark, log)
	return rigError(errors.Join(err, table.RigBench(out, results)))
}
