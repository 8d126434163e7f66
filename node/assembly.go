package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/bytom-solo/bytom-solo/boltcheck"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/selection"
	"github.com/bytom-solo/bytom-solo/stratum"
)

// openPayees finds out whom to pay. A node that is started to mine and knows of no payee
// does not start, but on a solonet, where it creates an account.
func (n *Node) openPayees(notices io.Writer) (err error) {
	if n.payees, err = n.newPayees(); err != nil {
		return err
	}
	n.payees.update()
	if _, err = n.payees.payee(); err != nil && n.config.Bytom.Mining {
		if err := n.bytom.ensurePayee(notices); err != nil {
			return err
		}
		n.payees.update()
		if _, err := n.payees.payee(); err != nil {
			return fmt.Errorf("--mining: %w", err)
		}
	}
	n.payees.logPayee()
	return nil
}

// openOutlets opens what reports events elsewhere: the relay, the notifier, metrics and the
// watch of the clock.
func (n *Node) openOutlets() error {
	var err error
	if n.relay, err = newRelay(n.config.Mining.ExtraNodes, n.log); err != nil {
		return err
	}
	c := n.config.Notify
	if n.notifier, err = newNotifier(c.Webhook, n.log); err != nil {
		return err
	}
	if n.command, err = newCommandNotifier(c.Command, n.log); err != nil {
		return err
	}
	if n.pinger, err = newPinger(c.Ping, c.PingEvery, func() bool { return len(n.faults.serious()) == 0 }, n.log); err != nil {
		return err
	}
	n.metrics = newMetrics()
	n.events = n.newEvents()
	start := time.Now()
	n.clock = &clockWatch{
		now: time.Now, elapsed: func() time.Duration { return time.Since(start) },
		log: n.log, alarm: n.notify, virtual: func() bool { return n.solonet.virtual() },
	}
	return nil
}

// assembleMining builds the line from the tip to the chain gate, and puts its
// routes before the API.
func (n *Node) assembleMining(ctx context.Context, devices []string) error {
	if err := n.openOverrides(); err != nil {
		return err
	}
	c := chain.New(chain.Config{
		Chain: n.bytom.chain, Gate: n.gate, Pool: n.bytom.pool, Dispatcher: n.bytom.dispatcher,
		Selector:      n.selector,
		AllowUnsynced: n.config.Mining.AllowUnsynced, Suspect: n.clock.suspect, Room: n.disk.ready, Log: n.log,
	})
	n.openSolonet()
	n.generator = mining.NewGenerator(mining.GeneratorConfig{
		Source: c, Payee: n.payees.current, Expected: n.payees.expected, Now: n.solonet.now, FeeStep: n.config.Mining.feeStep(),
		Observe: n.metrics.observe, Log: n.log,
	})
	if err := n.openJournal(c); err != nil {
		return err
	}
	// The network's goroutines may call the gate, hence the generator, as soon as
	// they are created.
	n.bulk = chain.NewBulkSync(n.bytom.chain, n.gate, n.backends[0].Info().Workers, n.log)
	peers := chain.PeerChain{Chain: n.bytom.chain, Gate: n.gate, Live: n.clock.liveBlock, TooNew: n.clock.tooNew}
	if err := n.bytom.openNetwork(peers, n.bulk); err != nil {
		return err
	}
	if !n.config.Bytom.VaultMode {
		c.SetNetwork(n.bytom.sync)
	}
	n.submitter = mining.NewSubmitter(mining.SubmitterConfig{
		Sink: c, Source: c, Verifier: n.verifier, Journal: n.journal, Relay: n.relay.send,
		Observe: n.metrics.observe, Log: n.log,
	})
	n.handouts = mining.OpenHandouts(mining.HandoutsConfig{
		Path: n.config.HandoutsPath(), Network: n.config.Bytom.ChainID, Source: c, Log: n.log,
	})
	space := mining.NewExtranonces(n.handouts.Extranonces()...)
	owner, err := n.minerOwner()
	if err != nil {
		return err
	}
	n.miner = mining.NewMiner(mining.MinerConfig{
		Owner:   owner,
		Devices: n.backends, Canary: newCanary(n.backends),
		Settings:  mining.MinerSettings{On: n.config.Bytom.Mining, Devices: devices, Threads: n.config.Mining.Threads, Percent: n.config.Mining.CPUPercent},
		Generator: n.generator, Submitter: n.submitter, Extranonces: space, Observe: n.metrics.observe, Log: n.log,
	})
	n.found = &foundBlocks{n.journal, c, n.submitter}
	n.solonet.open(n.config.Bytom.NodeAlias, c, n.generator, n.submitter, n.verifier, n.log)
	if err := n.openRigs(ctx, space); err != nil {
		return err
	}
	if err := n.openPayouts(); err != nil {
		return err
	}
	if err := n.openHistory(n.workTotals(c)); err != nil {
		return err
	}
	if err := n.openWatch(c); err != nil {
		return err
	}
	n.shares = &wrongShares{stats: func() (stratum.Stats, bool) {
		if n.rigs == nil {
			return stratum.Stats{}, false
		}
		return n.rigs.Stats(), true
	}}
	n.faults = newFaultWatch(n.faultKinds(), n.notify)
	n.faults.add(n.othersFaults)
	n.metrics.watchNode(n)
	return n.serveWork(c, space)
}

// openOverrides creates the selector, with the operator's overrides of single
// transactions. Mining goes on without that, but not with another network's.
func (n *Node) openOverrides() error {
	overrides, err := selection.OpenOverrides(filepath.Join(n.config.Bytom.RootDir, "mining", "overrides.db"), n.log)
	if err != nil {
		n.log.Error("which transactions to prioritise or to exclude can't be read, so none is", "error", err)
	}
	n.overrides = overrides
	n.selector = selection.New(selection.Config{
		Chain: n.bytom.chain, Overrides: overrides, MinFeeRate: n.config.Mining.MinFeeRate, Log: n.log,
	})
	if overrides == nil {
		return nil
	}
	return n.claim(overrides.Claim)
}

// openJournal opens the journal of found blocks, and follows what becomes of them.
func (n *Node) openJournal(source mining.Source) error {
	if err := n.openJournalFile(); err != nil || n.journal == nil {
		return err
	}
	n.journal.Watch(n.reportEvents)
	n.watcher = mining.NewFateWatcher(mining.FateWatcherConfig{Journal: n.journal, Source: source, Stands: n.tellFront, Log: n.log})
	return nil
}

// openJournalFile opens the journal. Mining goes on without one, loudly, but not with another
// network's. A damaged one is set aside and a new one begun, so that the next block is written
// down; not where blocks of it may have to be split yet.
func (n *station) openJournalFile() error {
	path := n.config.JournalPath()
	journal, err := mining.OpenJournal(path, n.log)
	if errors.Is(err, boltcheck.ErrDamaged) {
		if n.config.Payout.Scheme != "" {
			return fmt.Errorf("%w; it has the found blocks that are not split between the rigs' owners yet, and so it is not set aside: put its last copy in its place, "+
				"or, where there is none, move it away, 'mv %s %s.damaged', and start again: what was found and not split is the operator's then", err, path, path)
		}
		aside, failed := boltcheck.SetAside(path, time.Now())
		if err = errors.Join(err, failed); failed == nil {
			n.log.Error("the journal of found blocks was damaged: it is set aside, and a new one begun; a block of it that is not on the chain yet is not submitted again",
				"set_aside", aside, "error", err)
			journal, err = mining.OpenJournal(path, n.log)
		}
	}
	if err != nil {
		n.log.Error("the journal can't be opened: found blocks are submitted without being written down first", "error", err)
		return nil
	}
	n.journal = journal
	return n.claim(journal.Claim)
}
