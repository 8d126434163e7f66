package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	browser "github.com/toqueteos/webbrowser"
	"golang.org/x/sync/errgroup"

	"github.com/bytom/bytom/event"
	"github.com/bytom/bytom/protocol"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/gbt"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/selection"
	"github.com/bytom-solo/bytom-solo/watch"
)

// Node is a Bytom node that mines.
type Node struct {
	station

	disk      *disk
	bytom     *bytom
	gate      *chain.Gate
	selector  *selection.Selector
	overrides *selection.Overrides // nil if they could not be opened
	bulk      *chain.BulkSync
	generator *mining.Generator
	watcher   *mining.FateWatcher // nil without a journal
	relay     *relay
	clock     *clockWatch
	watch     *watch.Watcher // of other nodes and pools
	solonet   *solonet
	work      *gbt.Handler
	miner     *mining.Miner

	fronts *fronts // nil where none are served

	payouts                 *payouts // nil where blocks are not split, and never were
	settlerWake, outboxWake chan struct{}

	payees    *payees
	poolEvent *event.Subscription
}

// New opens the data directory and assembles a node; it is not on the network
// yet. notices takes the words of a throwaway account, if one is created.
func New(ctx context.Context, config *Config, log *slog.Logger, notices io.Writer) (*Node, error) {
	n := &Node{station: station{config: config, log: log, cookie: rand.Text()}, settlerWake: make(chan struct{}, 1), outboxWake: make(chan struct{}, 1)}
	n.figures = n.stats
	n.service = newService(log)
	n.service.starting(ctx)
	n.disk = newDisk(n.config.Bytom.DBDir(), n.log, n.notify)
	if err := n.disk.orFailure(func() error { return n.open(ctx, notices) }); err != nil {
		n.service.started()
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

func (n *Node) open(ctx context.Context, notices io.Writer) error {
	err := n.config.checkPorts()
	if err != nil {
		return err
	}
	open := n.config.open
	if open == nil {
		open = OpenBackends
	}
	if n.backends, err = open(ctx, Opening{
		Devices: n.config.Mining.Devices, Log: n.log, Progress: n.config.Measuring, Limit: DeviceLimit,
	}); err != nil {
		return err
	}
	devices, err := PickDevices(n.backends, n.config.Mining.Devices)
	if err != nil {
		return err
	}
	if err := n.openOutlets(); err != nil {
		return err
	}
	n.verifier = compute.NewVerifier(n.backends[0])
	n.warnOfEmptyConfig()
	if err := checkFile(n.config); err != nil {
		return err
	}
	n.files = shareFiles(openFilesLimit(), n.config.Bytom.P2P.MaxNumPeers)
	useDisk(n.disk, n.files.table)
	if n.bytom, err = openBytom(ctx, n.config.Bytom, n.log); err != nil {
		return err
	}
	var verifier *compute.Verifier
	if n.config.Verify.Fast {
		verifier = n.verifier
	}
	n.gate = chain.NewGate(n.bytom.chain, verifier, n.tipChanged, n.log)
	if err := n.openPayees(notices); err != nil {
		return err
	}
	if n.poolEvent, err = n.bytom.dispatcher.Subscribe(protocol.TxMsgEvent{}); err != nil {
		return fmt.Errorf("subscribe to the pool: %w", err)
	}
	return n.assembleMining(ctx, devices)
}

// notify sends a notification in this node's name.
func (n *station) notify(note Notification) {
	note.Network, note.Node = n.config.Bytom.ChainID, n.config.Bytom.NodeAlias
	n.notifier.send(note)
	n.command.send(note)
}

// tipChanged marks a new tip for the generator and the watcher. It does not block.
func (n *Node) tipChanged() {
	n.generator.TipChanged()
	if n.watcher != nil {
		n.watcher.TipChanged()
	}
	n.events.tipChanged()
	n.payoutNews()
}

// reportEvents counts the events of a found block and sends notifications of them.
func (n *Node) reportEvents(fate mining.Fate, events []mining.Event) {
	for _, e := range events {
		n.metrics.blocks.WithLabelValues(string(e.State)).Inc()
		if e.State == mining.StateFound {
			n.history.Found(historyBlock(fate))
		}
		if e.State == mining.StateJournaled || e.State == mining.StateSubmitted {
			continue // Steps on the way that only matter when something goes wrong.
		}
		n.noteRefused(fate, e)
		block := describeFate(fate, n.journal.Has)
		n.notify(Notification{Event: "block." + string(e.State), At: e.At, Block: &block, Detail: e.Detail})
	}
	n.events.found(fate)
	n.payoutNews()
}

// watchFound follows the found blocks.
func (n *Node) watchFound(ctx context.Context) error {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Run(ctx)
}

// replay submits what the last run may not have brought to the chain.
func (n *Node) replay(ctx context.Context) error {
	if err := n.submitter.Replay(ctx); err != nil && ctx.Err() == nil {
		n.log.Error("found blocks of the last run were not submitted again", "error", err)
	}
	return nil
}

// Run joins the network, serves the API and mines until ctx ends, which is a
// clean stop and returns nil, or until a part fails. A node runs once.
func (n *Node) Run(ctx context.Context) (err error) {
	ctx, end := context.WithCancel(ctx)
	parts, ctx := errgroup.WithContext(ctx)
	last, cancel := outlast(ctx, stopLimit) // From a part's failure on, too.
	defer cancel()
	defer func() {
		end()
		n.submitter.End(last) // What was found meanwhile, too.
		n.relay.wait(last)
		n.notifyLast(last)
		err = errors.Join(err, n.close())
	}()
	listener, forget, err := n.listenHTTP("the RPC")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()
	parts.Go(func() error { return n.serve(ctx, listener) })
	if n.config.Bytom.ProfListenAddress != "" {
		parts.Go(func() error { return n.serveProfiles(ctx) })
	}
	parts.Go(func() error { return n.replay(ctx) })
	parts.Go(func() error { return n.watchFound(ctx) })
	parts.Go(func() error { return n.handouts.Run(ctx) })
	parts.Go(func() error { return n.watchClock(ctx) })
	parts.Go(func() error { return n.watch.Run(ctx) })
	parts.Go(func() error { mining.PrepareSeeds(ctx, n.generator, n.backends[0]); return ctx.Err() })
	parts.Go(func() error { return n.notifier.run(ctx) })
	parts.Go(func() error { return n.command.run(ctx) })
	parts.Go(func() error { return n.pinger.run(ctx) })
	parts.Go(func() error { return n.solonet.run(ctx) })
	parts.Go(func() error { return n.generator.Run(ctx) })
	parts.Go(func() error { return n.payees.watch(ctx) })
	parts.Go(func() error { return n.miner.Run(ctx) })
	if n.rigs != nil || n.fronts != nil {
		parts.Go(func() error { return n.ledger.Run(ctx) })
		parts.Go(func() error { return n.watchRigs(ctx) })
	}
	if n.rigs != nil {
		parts.Go(func() error { return n.serveRigs(ctx) })
	}
	n.runFronts(ctx, parts)
	n.runPayouts(ctx, parts)
	parts.Go(func() error { return n.history.Run(ctx) })
	parts.Go(func() error { return n.events.run(ctx) })
	parts.Go(func() error { return n.faults.run(ctx) })
	parts.Go(func() error { return n.probeJournal(ctx) })
	parts.Go(func() error { return n.submitter.Run(ctx, last) })
	parts.Go(func() error { return n.bulk.Run(ctx) })
	parts.Go(func() error { return n.watchPool(ctx) })
	parts.Go(func() error { return n.reportStatus(ctx) })
	parts.Go(func() error { return n.service.report(ctx, n.statusFields) })
	parts.Go(func() error { return n.watchLoops(ctx) })
	parts.Go(func() error { return n.network(ctx, listener.Addr()) })
	parts.Go(func() error {
		select {
		case <-n.disk.failed:
			return n.disk.failure()
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err := n.disk.orFailure(func() error { return n.disk.orFull(ctx, last, parts.Wait) }); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// stopLimit is how long a found block may be on its way to the extra nodes when the node
// stops.
const stopLimit = 4 * time.Second

// network joins the network and leaves it when ctx ends.
func (n *Node) network(ctx context.Context, rpc net.Addr) error {
	if err := n.bytom.start(); err != nil {
		return err
	}
	n.logReady(rpc)
	n.service.isUp()
	if !n.config.Bytom.Web.Closed {
		go n.openBrowser("http://" + rpc.String() + PageRoute)
	}
	<-ctx.Done()
	n.gate.Close()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		n.bytom.stop()
	}()
	select {
	case <-stopped:
	case <-time.After(3 * time.Second):
		// A peer's connection hangs; the end of the process will close it.
		n.log.Warn("the network did not stop in time")
	}
	return ctx.Err()
}

// openBrowser shows the page, as the stock node does its dashboard. Servers have no browser,
// which is no failure.
func (n *Node) openBrowser(url string) {
	if err := browser.Open(url); err != nil {
		n.log.Debug("no browser opened; --web.closed does not try", "error", err)
	}
}

// watchPool marks new transactions for the generator. The pool posts its events
// while it holds its lock, so nothing else is done here.
func (n *Node) watchPool(ctx context.Context) error {
	defer n.poolEvent.Unsubscribe()
	for {
		select {
		case e, ok := <-n.poolEvent.Chan():
			if !ok {
				<-ctx.Done()
				return ctx.Err()
			}
			if msg, ok := e.Data.(protocol.TxMsgEvent); ok && msg.TxMsg.MsgType == protocol.MsgNewTx {
				n.generator.TxsChanged()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// close closes what is open and releases the lock.
func (n *Node) close() error {
	n.closeHistory()
	var errs []error
	errs = append(errs, n.payouts.close(), n.fronts.close())
	if n.rigPort != nil {
		_ = n.rigPort.Close() // The server has, if it ran.
	}
	if n.ledger != nil {
		errs = append(errs, n.ledger.Close())
	}
	errs = append(errs, n.handouts.Close())
	if n.verifier != nil {
		n.verifier.Close()
	}
	errs = append(errs, CloseBackends(n.backends))
	if n.journal != nil {
		errs = append(errs, n.journal.Close())
	}
	errs = append(errs, n.overrides.Close())
	if n.bytom != nil {
		errs = append(errs, n.bytom.lock.Release())
	}
	return errors.Join(errs...)
}
