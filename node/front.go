package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
	"github.com/prometheus/prometheus/util/flock"
	"golang.org/x/sync/errgroup"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/fleet/outbox"
	"github.com/bytom-solo/bytom-solo/history"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum"
)

// Front is a server of rigs without a chain: its work comes from nodes elsewhere, and its shares
// and blocks go there. It runs once.
type Front struct {
	station

	lock   flock.Releaser
	name   string
	key    fleet.Key
	engine fleet.Engine
	outbox *outbox.Outbox
	sender *outbox.Sender
	feed   *fleet.Feed
	chain  *fleet.Chain
	fates  *mining.FateWatcher
	link   *fleet.Link
	relay  *relay
	ways   *frontWays
	space  *mining.Extranonces
	pages  atomic.Pointer[mux.Router] // what the server answers by; nil before rigs are served
	page   string                     // its URL

	admitted chan struct{} // closed when a node has let this front in, with extranonces
	let      sync.Once
	policy   atomic.Pointer[frontPolicy]
	changed  chan error // what takes a new start
	granted  atomic.Bool
	serving  atomic.Bool   // rigs are let in
	patience time.Duration // before it is said that there is no answer of a node

	asked map[bc.Hash]time.Time // when nodes were asked last where blocks stand; askAgain's
}

// NewFront opens a front's home, and what it needs. It does not wait for a node.
func NewFront(ctx context.Context, config *Config, log *slog.Logger) (*Front, error) {
	f := &Front{
		station:  station{config: config, log: log, cookie: rand.Text()},
		admitted: make(chan struct{}), changed: make(chan error, 1), space: mining.NewExtranoncesIn(), ways: newFrontWays(),
		patience: 10 * time.Second, asked: make(map[bc.Hash]time.Time),
	}
	f.figures = f.stats
	f.service = newService(log)
	f.service.starting(ctx)
	if err := f.open(ctx); err != nil {
		f.service.started()
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *Front) open(ctx context.Context) error {
	config := f.config
	if err := config.checkFrontPorts(); err != nil {
		return err
	}
	f.warnOfEmptyConfig()
	home := config.Bytom.RootDir
	if err := os.MkdirAll(filepath.Join(home, "mining"), 0o700); err != nil {
		return fmt.Errorf("make the home directory: %w", err)
	}
	var err error
	if f.lock, err = lockHome(home); err != nil {
		return err
	}
	if f.name = config.Front.Name; f.name == "" {
		f.name, _ = os.Hostname() // Without one it has none.
	}
	config.Bytom.NodeAlias = f.name
	if f.key, err = fleet.OpenKey(config.FrontKeyPath()); err != nil {
		return err
	}
	if f.backends, err = OpenBackends(ctx, Opening{Devices: config.Mining.Devices, Log: f.log, Progress: config.Measuring, Limit: DeviceLimit}); err != nil {
		return err
	}
	f.verifier = compute.NewVerifier(f.backends[0])
	f.files = shareFiles(openFilesLimit(), 0)
	if err := f.openOutlets(); err != nil {
		return err
	}
	if f.outbox, err = outbox.Open(outbox.Config{Path: config.OutboxPath(), Network: config.Bytom.ChainID, Log: f.log}); err != nil {
		return fmt.Errorf("open the outbox of shares: %w", err)
	}
	if f.engine, _, err = config.Fleet.Engine.open("bytom-solo front "+f.name, f.log); err != nil {
		return err
	}
	if err := f.openServer(); err != nil {
		return err
	}
	return f.openFleet()
}

// openOutlets opens what reports events elsewhere.
func (f *Front) openOutlets() error {
	var err error
	if f.relay, err = newRelay(f.config.Mining.ExtraNodes, f.log); err != nil {
		return err
	}
	c := f.config.Notify
	if f.notifier, err = newNotifier(c.Webhook, f.log); err != nil {
		return err
	}
	if f.command, err = newCommandNotifier(c.Command, f.log); err != nil {
		return err
	}
	if f.pinger, err = newPinger(c.Ping, c.PingEvery, func() bool { return len(f.faults.serious()) == 0 }, f.log); err != nil {
		return err
	}
	f.metrics = newMetrics()
	f.events = f.newEvents()
	return nil
}

// openFleet builds the line from the nodes' work to their chains.
func (f *Front) openFleet() error {
	config := f.config
	payee, err := parsePayee(config.Mining.Address)
	if err != nil {
		return fmt.Errorf("key mining.address: %w", err)
	}
	f.feed = fleet.NewFeed(fleet.FeedConfig{Nodes: config.Front.Nodes.keys(), Program: payee.Program, MaxAge: config.Front.MaxAge, Settings: f.takeSettings, Log: f.log})
	f.templates = f.feed
	if err := f.openJournalFile(); err != nil {
		return err
	}
	f.chain = fleet.NewChain(fleet.ChainConfig{
		Engine: f.engine, Key: f.key, Network: config.Bytom.ChainID, Feed: f.feed, Nodes: config.Front.Nodes.keys(),
		Couriers: f.ways.couriers(config.Front.Nodes), Kept: f.keeps, Spoken: func() { f.fates.TipChanged() }, Log: f.log,
	})
	f.fates = mining.NewFateWatcher(mining.FateWatcherConfig{Journal: f.journal, Source: f.chain, Log: f.log})
	if f.journal != nil {
		f.journal.Watch(f.reportEvents)
	}
	f.submitter = mining.NewSubmitter(mining.SubmitterConfig{
		Sink: f.chain, Source: f.chain, Verifier: f.verifier, Journal: f.journal, Solved: f.chain.Solved, Relay: f.relay.send, Now: f.feed.Now,
		Observe: f.metrics.observe, Log: f.log,
	})
	f.found = &foundBlocks{f.journal, f.chain, f.submitter}
	f.sender = outbox.NewSender(outbox.SenderConfig{
		Outbox: f.outbox, Engine: f.engine, Key: f.key, Network: config.Bytom.ChainID, Node: config.Front.Nodes[0].key, Log: f.log,
	})
	f.link = fleet.NewLink(fleet.LinkConfig{
		Engine: f.engine, Key: f.key, Network: config.Bytom.ChainID, Name: f.name, Epoch: f.outbox.Epoch(), Nodes: config.Front.Nodes.keys(),
		Feed: f.feed, Chain: f.chain, Acks: f.sender, Ranges: f.takeRange, Left: f.space.Left, Log: f.log,
	})
	return nil
}

// frontBook counts what rigs do here, for this front's own figures, and keeps it for the node.
type frontBook struct {
	own    *ledger.Ledger
	outbox *outbox.Outbox
}

// Login implements stratum.Book.
func (b frontBook) Login(at time.Time, rig, address, agent string) {
	b.own.Login(at, rig, address, agent)
	b.outbox.Login(at, rig, address, agent)
}

// Add implements stratum.Book: a share is safe when it is on this front's disk.
func (b frontBook) Add(e ledger.Entry, then func(error)) {
	b.own.Add(e)
	b.outbox.Add(e, then)
}

// openRigs opens the port for rigs, and the figures of what they do. There is work by now, so that
// what the last run handed out on the same tip is known again.
func (f *Front) openRigs(ctx context.Context) error {
	f.handouts = mining.OpenHandouts(mining.HandoutsConfig{
		Path: f.config.HandoutsPath(), Network: f.config.Bytom.ChainID, Source: f.chain, Log: f.log,
	})
	if err := f.openStratum(ctx, rigSources{f.space, f.owner(), func(l *ledger.Ledger) stratum.Book { return frontBook{l, f.outbox} }}); err != nil {
		return err
	}
	if err := f.openHistory(func() history.Totals {
		rigs := f.ledger.Total()
		t := history.Totals{Shares: rigs.Accepted, Work: rigs.Work, Expected: rigs.Expected}
		if tip := f.feed.Tip(); tip.Bits != 0 {
			t.Difficulty = mining.TargetFromBits(tip.Bits).Difficulty()
		}
		return t
	}); err != nil {
		return err
	}
	f.shares = &wrongShares{stats: func() (stratum.Stats, bool) { return f.rigs.Stats(), true }}
	f.faults = newFaultWatch(f.faultKinds(), f.notify)
	f.metrics.watchFront(f)
	f.openRoutes()
	return nil
}

// Run serves rigs until ctx ends, which is a clean stop and returns nil, or until a part fails.
func (f *Front) Run(ctx context.Context) (err error) {
	ctx, end := context.WithCancel(ctx)
	parts, ctx := errgroup.WithContext(ctx)
	last, cancel := outlast(ctx, stopLimit) // From a part's failure on, too.
	defer cancel()
	defer func() {
		end()
		f.submitter.End(last) // What was found meanwhile, too.
		f.relay.wait(last)
		f.notifyLast(last)
		err = errors.Join(err, f.close())
	}()
	listener, forget, err := f.listenHTTP("the figures")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()
	f.page = "http://" + listener.Addr().String() + PageRoute
	parts.Go(func() error { return f.serve(ctx, listener) })
	// What rigs are told is safe must get to the disk: this outlives the rigs, and no more.
	keeping, endKeeping := context.WithCancel(last)
	parts.Go(func() error { return f.outbox.Run(keeping) })
	parts.Go(func() error { return f.link.Run(ctx) })
	parts.Go(func() error { return f.feed.Run(ctx) })
	parts.Go(func() error { return f.sender.Run(ctx) })
	// Blocks of an earlier run wait for no node to let this front in, which takes the engine: they go by HTTP too.
	parts.Go(func() error { return f.sendAgain(ctx) })
	parts.Go(func() error { return f.askAgain(ctx) })
	parts.Go(func() error { return f.submitter.Run(ctx, last) })
	parts.Go(func() error { return f.watchFates(ctx) })
	parts.Go(func() error { return f.probeWays(ctx) })
	parts.Go(func() error { mining.PrepareSeeds(ctx, f.feed, f.backends[0]); return ctx.Err() })
	parts.Go(func() error { return f.service.report(ctx, f.statusFields) })
	parts.Go(func() error { return f.watchLoops(ctx) })
	parts.Go(func() error {
		defer endKeeping()
		if err := f.waitForNode(ctx); err != nil {
			return err
		}
		if err := f.openRigs(ctx); err != nil {
			return err
		}
		f.serving.Store(true)
		return f.serveAll(ctx)
	})
	if err := parts.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// watchLoops has the service manager told that the front is alive, as long as these go round, and
// those that accept connections. A front that waits, for a node, the engine or its disk, is alive.
func (f *Front) watchLoops(ctx context.Context) error {
	return f.service.watch(ctx, func() bool { return false },
		&loop{name: "the way of nodes' work to rigs", ask: func(context.Context) error { f.feed.News(); return nil }},
		&loop{name: "the keeper of shares", ask: func(context.Context) error { f.outbox.Status(); return nil }})
}

// waitForNode waits until a node has let this front in, and says why it still waits.
func (f *Front) waitForNode(ctx context.Context) error {
	each := time.NewTicker(f.patience)
	defer each.Stop()
	f.log.Info("front starts", "name", f.name, "key", f.key.Public().String(), "nodes", f.config.Front.Nodes.String(), "page", f.page)
	for {
		select {
		case <-f.admitted:
			return nil
		case <-each.C:
			f.log.Warn("rigs are not served yet: waiting for a node", "reason", f.whyWaiting())
			f.service.isUp() // Whoever starts services is not to wait for other machines.
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// whyWaiting is why rigs are not served yet.
func (f *Front) whyWaiting() string {
	if reached, detail := f.engine.State(); !reached {
		return "the engine can't be reached: " + detail
	}
	if refused := f.link.Refused(); refused != "" {
		return refused
	}
	return "no node has answered"
}

// serveAll serves rigs, and tells of them, until ctx ends.
func (f *Front) serveAll(ctx context.Context) error {
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return f.ledger.Run(ctx) })
	parts.Go(func() error { return f.handouts.Run(ctx) })
	parts.Go(func() error { return f.serveRigs(ctx) })
	parts.Go(func() error { return f.watchRigs(ctx) })
	parts.Go(func() error { return f.history.Run(ctx) })
	parts.Go(func() error { return f.events.run(ctx) })
	parts.Go(func() error { return f.faults.run(ctx) })
	parts.Go(func() error { return f.probeJournal(ctx) })
	parts.Go(func() error { return f.notifier.run(ctx) })
	parts.Go(func() error { return f.command.run(ctx) })
	parts.Go(func() error { return f.pinger.run(ctx) })
	parts.Go(func() error { return f.reportStatus(ctx) })
	parts.Go(func() error {
		select {
		case err := <-f.changed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	f.service.isUp()
	f.log.Info("front is up", "network", f.config.Bytom.ChainID, "home", f.config.Bytom.RootDir, "stratum", f.rigURL(),
		"page", f.page, "payee", f.config.Mining.Address, "verifier", f.backends[0].Info().Kernel)
	return parts.Wait()
}

// close closes what is open.
func (f *Front) close() error {
	f.closeHistory()
	var errs []error
	if f.rigPort != nil {
		_ = f.rigPort.Close() // The server has, if it ran.
	}
	if f.ledger != nil {
		errs = append(errs, f.ledger.Close())
	}
	errs = append(errs, f.handouts.Close())
	if f.outbox != nil {
		errs = append(errs, f.outbox.Close())
	}
	if f.engine != nil {
		errs = append(errs, f.engine.Close())
	}
	if f.verifier != nil {
		f.verifier.Close()
	}
	errs = append(errs, CloseBackends(f.backends))
	if f.journal != nil {
		errs = append(errs, f.journal.Close())
	}
	if f.lock != nil {
		errs = append(errs, f.lock.Release())
	}
	return errors.Join(errs...)
}
