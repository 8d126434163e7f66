package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node"
)

// rigOptions are the command's flags.
type rigOptions struct {
	getWork, templates string
	payee, devices     string
	threads            int
}

func newRigCommand(terminal io.Writer) *cobra.Command {
	var o rigOptions
	cmd := &cobra.Command{
		Use:   "rig (--getwork URL | --gbt URL)",
		Short: "Mine for a node elsewhere",
		Long: `Mine for a node elsewhere, with the kernels of this program.

--getwork works with any Bytom node, the stock one included, and asks it for work
about every second. --gbt needs a bytom-solo node, which sends new work as soon as
there is any. A node that wants an access token has it in the URL:
http://name:secret@host:9888.

Ends with status 0 when it is interrupted, and with 1 if it can't mine at all: no such
device, or a node that refuses what it is asked for. A node that does not answer is
asked again until it does.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBackends(cmd.Context(), terminal, o.devices, func(devices []compute.Backend) error {
				r, err := openRig(o, devices, terminal)
				if err != nil {
					return err
				}
				return r.run(cmd.Context())
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.getWork, "getwork", "", "URL of a node to mine for by get-work")
	f.StringVar(&o.templates, "gbt", "", "URL of a node to mine for by getblocktemplate")
	f.StringVar(&o.payee, "payee", "", "with --gbt: the address that blocks pay; the node's own if empty")
	f.StringVarP(&o.devices, "devices", "d", "auto", "what to mine on, as 'bytom-solo devices' lists it; auto is the fastest")
	f.IntVar(&o.threads, "threads", 0, "most workers on a device; 0 is as many as it has")
	cmd.MarkFlagsMutuallyExclusive("getwork", "gbt")
	cmd.MarkFlagsMutuallyExclusive("getwork", "payee")
	cmd.MarkFlagsOneRequired("getwork", "gbt")
	return cmd
}

// rigMiner mines for a node elsewhere. mining.Miner is not for it: that one builds its
// templates itself, of the chain beside it.
type rigMiner struct {
	source  workSource
	devices []compute.Backend
	threads int
	log     *slog.Logger
	// each is how often a status line is logged, grace how long a solution may take to
	// go out when the program is interrupted.
	each, grace time.Duration

	work  atomic.Pointer[rigState]
	fetch chan struct{} // one slot: ask for work now

	hashes, accepted, rejected atomic.Uint64
	submits                    sync.WaitGroup
}

// rigState is the work that there is, or nil.
type rigState struct {
	work     *rigWork
	replaced chan struct{}
}

func openRig(o rigOptions, devices []compute.Backend, terminal io.Writer) (*rigMiner, error) {
	if o.threads < 0 {
		return nil, fmt.Errorf("flag --threads: value %d: expected 0 or a number of workers", o.threads)
	}
	log, err := node.NewConfig().OpenLog(terminal)
	if err != nil {
		return nil, err
	}
	address := o.getWork + o.templates // One of them is empty.
	c, err := client.New(address, &http.Client{Timeout: longestCall})
	if err != nil {
		return nil, err
	}
	source := workSource{client: c, templates: o.templates != "", payee: o.payee}
	return makeRig(source, devices, o.threads, log.With("node", c.Address())), nil
}

func makeRig(source workSource, devices []compute.Backend, threads int, log *slog.Logger) *rigMiner {
	r := &rigMiner{
		source: source, devices: devices, threads: threads, log: log,
		each: time.Minute, grace: 5 * time.Second, fetch: make(chan struct{}, 1),
	}
	r.work.Store(&rigState{replaced: make(chan struct{})})
	return r
}

// run mines until ctx ends, which is a clean stop and returns nil.
func (r *rigMiner) run(ctx context.Context) error {
	parts, ctx := errgroup.WithContext(ctx)
	workers := 0
	for _, b := range r.devices {
		n := b.Info().Workers
		if r.threads > 0 {
			n = min(n, r.threads)
		}
		for range n {
			w := &rigWorker{rig: r, backend: b, number: workers}
			workers++
			parts.Go(func() error { w.run(ctx); return nil })
		}
		r.log.Info("mining", "device", b.Info().Name, "kernel", b.Info().Kernel, "workers", n)
	}
	parts.Go(func() error { return r.follow(ctx) })
	parts.Go(func() error { r.report(ctx); return nil })
	err := parts.Wait()
	r.submits.Wait()
	r.log.Info("stopped", "accepted", r.accepted.Load(), "rejected", r.rejected.Load())
	return err
}

// report logs a line once a minute.
func (r *rigMiner) report(ctx context.Context) {
	tick := time.NewTicker(r.each)
	defer tick.Stop()
	for last, since := uint64(0), time.Now(); ; {
		select {
		case <-tick.C:
			now, hashes := time.Now(), r.hashes.Load()
			args := []any{
				"hashrate", fmt.Sprintf("%.1f H/s", float64(hashes-last)/now.Sub(since).Seconds()),
				"accepted", r.accepted.Load(), "rejected", r.rejected.Load(),
			}
			if w := r.work.Load().work; w != nil {
				args = append(args, "height", w.header.Height, "hashes_a_block", fmt.Sprintf("%.0f", w.target.Difficulty()))
			}
			r.log.Info("status", args...)
			last, since = hashes, now
		case <-ctx.Done():
			return
		}
	}
}

// take has the workers go on with other work; nil stops them until there is some.
func (r *rigMiner) take(w *rigWork) {
	old := r.work.Swap(&rigState{work: w, replaced: make(chan struct{})})
	close(old.replaced)
}

// exchange is take, if old is what the workers have.
func (r *rigMiner) exchange(old, w *rigWork) {
	s := r.work.Load()
	if s.work == old && r.work.CompareAndSwap(s, &rigState{work: w, replaced: make(chan struct{})}) {
		close(s.replaced)
	}
}

// found brings a solution to the node. The workers rest meanwhile: another solution of
// the same work would be this one's rival.
func (r *rigMiner) found(ctx context.Context, s rigSolution) {
	r.exchange(s.work, nil)
	r.submits.Go(func() {
		if !r.submit(ctx, s) {
			r.exchange(nil, s.work)
		}
		select {
		case r.fetch <- struct{}{}:
		default:
		}
	})
}

// submit tells whether the node took a solution. Where it can't be reached, it is tried
// again; when ctx ends, for the time of grace.
func (r *rigMiner) submit(ctx context.Context, s rigSolution) bool {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(r.grace, cancel) })()
	id := s.header.Hash()
	log, start := r.log.With("height", s.header.Height, "hash", id.String()), time.Now()
	for pause := newPause(); ; {
		err := r.source.submit(late, s)
		var refused *client.Error
		switch {
		case err == nil, errors.Is(err, mining.ErrorKind("duplicate")) && pause.used():
			r.accepted.Add(1)
			log.Info("block accepted", "took", time.Since(start).Round(time.Millisecond), "accepted", r.accepted.Load(), "rejected", r.rejected.Load())
			return true
		case errors.As(err, &refused):
			r.rejected.Add(1)
			log.Warn("solution rejected", "error", err, "reason", refused.Reason, "accepted", r.accepted.Load(), "rejected", r.rejected.Load())
			return false
		case late.Err() != nil:
			log.Error("solution not submitted", "error", err)
			return false
		}
		log.Warn("solution not submitted yet", "error", err)
		pause.wait(late, nil)
	}
}
