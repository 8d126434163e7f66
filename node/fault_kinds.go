package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
)

// faultKinds are the faults that a node looks for, the worst first. docs/runbook.md has
// a heading for each.
func (n *Node) faultKinds() []faultKind {
	return slices.Concat(n.payFaults(), n.workFaults(), n.rigFaults(), n.payoutFaults(), n.fleetFaults(), n.keepingFaults(), n.overridesFaults())
}

// payFaults are those by which what is mined is not the operator's.
func (n *Node) payFaults() []faultKind {
	return []faultKind{
		{
			id: "payee-mismatch", serious: true, clear: mismatchShown, check: n.checkMismatch,
			what: "The coinbase does not pay the mining address, so no work is handed out",
			do:   "Set the mining address again and restart the node; if it comes back, report it with the log",
		},
		{
			id: "payee-lost", serious: true, silent: true, check: func(time.Time) (string, bool) {
				lost := n.payees.lost()
				return lost, lost != ""
			},
			what: "What is mined can't be spent, as the wallet has lost the key or the account of the mining address",
			do:   "Restore the wallet's key, or set another mining address",
		},
		{
			id: "no-payee", serious: true, after: 5 * time.Second, unless: []string{"payee-lost", "payee-mismatch"},
			check: func(time.Time) (string, bool) {
				_, err := n.payees.payee()
				return "", errors.Is(err, mining.ErrNoPayee)
			},
			what: "Nobody is named whom found blocks should pay, so no work is handed out",
			do:   "Give --mining.address, or create an account on the dashboard",
		},
		{
			id: "block-refused", serious: true, silent: true, check: n.checkRefused,
			what: "The chain refused a block that was found here",
			do:   "See why by 'bytom-solo journal', and report it with the log",
		},
	}
}

// mismatchShown is how long a mismatch is shown that is over.
const mismatchShown = 10 * time.Minute

func (n *Node) checkMismatch(now time.Time) (string, bool) {
	if _, err := n.generator.Current(); errors.Is(err, mining.ErrPayeeMismatch) {
		return err.Error(), true
	}
	m := n.generator.Mismatch()
	if m == nil || now.Sub(m.At) > mismatchShown {
		return "", false
	}
	return m.Err.Error() + ", at " + m.At.UTC().Format(time.TimeOnly) + " UTC", true
}

// refusedBlock is a found block that the chain refused.
type refusedBlock struct {
	id     bc.Hash
	at     time.Time
	detail string
}

// noteRefused notes an event of a found block, where that is or was refused: one that came too early by a wrong clock may be
// taken yet.
func (n *station) noteRefused(fate mining.Fate, e mining.Event) {
	switch r := n.refused.Load(); {
	case e.State == mining.StateRefused:
		n.refused.Store(&refusedBlock{fate.ID, e.At, fmt.Sprintf("%d %s, %s", fate.Height, fate.ID.String(), e.Detail)})
	case e.State == mining.StateMain && r != nil && r.id == fate.ID:
		n.refused.CompareAndSwap(r, nil)
	}
}

// refusedShown is how long it is shown.
const refusedShown = time.Hour

func (n *station) checkRefused(now time.Time) (string, bool) {
	r := n.refused.Load()
	if r == nil || now.Sub(r.at) > refusedShown {
		return "", false
	}
	return r.detail, true
}

// workFaults are those by which less is mined than could be.
func (n *Node) workFaults() []faultKind {
	return []faultKind{
		{
			id: "disk-full", serious: true, silent: true, check: func(time.Time) (string, bool) {
				err := n.disk.ready()
				return reasonOf(err), err != nil
			},
			what: "There is no room for the databases, so nothing is mined",
			do:   "Free some space on that disk: the node goes on by itself",
		},
		{
			id: "clock", serious: true, silent: true, after: 45 * time.Second, clear: time.Minute, check: func(time.Time) (string, bool) {
				wrong := n.clock.suspect()
				return wrong, wrong != ""
			},
			what: "This machine's clock seems to be wrong",
			do:   "Have the clock set by NTP",
		},
		{
			id: "no-peers", serious: true, after: 30 * time.Second, unless: []string{"disk-full"}, check: n.checkReady(chain.ErrNoPeers),
			what: "No other node is connected, so no work is handed out",
			do:   "Check the network and the firewall, or name peers by --p2p.seeds or --p2p.keep_dial",
		},
		{
			id: "behind", serious: true, after: 30 * time.Second, unless: []string{"disk-full"}, check: n.checkReady(chain.ErrBehind),
			what: "The chain is behind the peers', so no work is handed out",
			do:   "Wait until it has caught up; if the height stands still, restart the node",
		},
		{
			id: "no-work", serious: true, after: 10 * time.Second,
			unless: []string{"payee-mismatch", "payee-lost", "no-payee", "disk-full", "no-peers", "behind"},
			check: func(time.Time) (string, bool) {
				_, err := n.generator.Current()
				return reasonOf(err), err != nil
			},
			what: "No work is handed out",
			do:   "Do what the reason says",
		},
		{
			id: "device-failed", serious: true, after: 5 * time.Second, clear: time.Minute, check: n.checkDevices,
			what: "A device does not compute, or not rightly",
			do:   "Check its driver, cooling and clock rates, then restart the node; --mining.devices leaves it out",
		},
		{
			id: nothingMines, serious: true, after: 45 * time.Second, check: n.checkHashing,
			unless: []string{"payee-mismatch", "payee-lost", "no-payee", "disk-full", "no-peers", "behind", "no-work"},
			what:   "There is work, but no device of this node hashes and no rig is connected",
			do:     "Switch mining on, connect a rig, or start without --stratum.listen where there is none",
		},
	}
}

// rigFaults are those of rigs.
func (n *station) rigFaults() []faultKind {
	return []faultKind{
		{
			id: "rigs-refused", serious: true, clear: time.Minute, check: n.shares.check,
			what: "Many of the rigs' shares are wrong",
			do:   "See which rig by 'bytom-solo rigs', then check its clock rates, its version and that it mines Tensority",
		},
		{
			id: "rigs-troubled", silent: true, check: func(time.Time) (string, bool) {
				if n.rigs == nil {
					return "", false
				}
				list := n.rigStates.troubled()
				return strings.Join(list[:min(len(list), 10)], ", "), len(list) > 0
			},
			what: "Rigs are away or silent, do half of what they did, or come and go",
			do:   "See which by 'bytom-solo rigs', then check their power, their network and their cooling",
		},
		{
			id: "rigs-full", serious: true, after: 5 * time.Second, clear: time.Minute, check: n.checkSessions,
			what: "Rigs are turned away, as many are connected as may be",
			do:   "Raise --stratum.max-sessions, or the limit of open files where the log says so",
		},
	}
}

// keepingFaults are those of files and of those who should hear of faults.
func (n *station) keepingFaults() []faultKind {
	return []faultKind{
		{
			id: "journal", after: 5 * time.Second, check: n.checkJournal,
			what: "The journal of found blocks can't be written: they are submitted, but not written down first",
			do:   "Check the disk and the file mining/journal.db, then restart the node",
		},
		{
			id: "ledger", after: 10 * time.Second, clear: 10 * time.Second, check: func(time.Time) (string, bool) {
				return "", n.ledger != nil && !n.ledger.Saved()
			},
			what: "What rigs do is counted in memory alone, and lost when the node stops",
			do:   "Check the disk and the file mining/rigs.db; the log says why",
		},
		{
			id: "history", after: 10 * time.Second, clear: 10 * time.Second, check: func(time.Time) (string, bool) {
				return "", !n.history.Saved()
			},
			what: "The history is kept in memory alone, and lost when the node stops",
			do:   "Check the disk and the file mining/history.db; the log says why",
		},
		{
			id: "webhook", check: func(time.Time) (string, bool) { return n.notifier.trouble() },
			what: "The webhook takes no notifications",
			do:   "Check that --notify.webhook is right and its server answers",
		},
		{
			id: "command", check: func(time.Time) (string, bool) { return n.command.trouble() },
			what: "The command for notifications fails",
			do:   "Run --notify.command by hand, with the example of docs/monitoring.md on its standard input",
		},
		{
			id: "ping", check: func(time.Time) (string, bool) { return n.pinger.trouble() },
			what: "The ping that says that all is well does not get through",
			do:   "Check that --notify.ping is right and its server answers",
		},
		{
			id: "exposed", check: func(time.Time) (string, bool) {
				warnings, _ := n.config.exposure()
				return strings.Join(warnings, "; "), len(warnings) > 0
			},
			what: "Other machines can do with this node what its operator may not have meant",
			do:   "Start without --auth.disable and --prof_laddr, and with --engine.token, or listen on 127.0.0.1",
		},
	}
}

// overridesFaults are those of the operator's overrides.
func (n *Node) overridesFaults() []faultKind {
	return []faultKind{{
		id: "overrides", check: func(time.Time) (string, bool) {
			if lost := n.overrides.Lost(); lost != "" {
				return "the file was damaged, and is set aside as " + lost, true
			}
			return "", n.overrides == nil
		},
		what: "Which transactions to prioritise or to exclude can't be read, so none is",
		do:   "Set them again; if that is refused, move mining/overrides.db away and restart the node first",
	}}
}

// reasonOf is an error's text without the word that all of them begin with.
func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), string(mining.ErrNotReady)+": ")
}

// checkReady looks for a reason why there is no work.
func (n *Node) checkReady(kind error) func(time.Time) (string, bool) {
	return func(time.Time) (string, bool) {
		_, err := n.generator.Current()
		return reasonOf(err), errors.Is(err, kind)
	}
}

func (n *Node) checkDevices(time.Time) (string, bool) {
	var wrong []string
	for _, d := range n.miner.Devices() {
		if why := d.Failed + d.Trouble; d.Used && why != "" {
			wrong = append(wrong, d.Name+", "+why)
		}
	}
	return strings.Join(wrong, "; "), len(wrong) > 0
}

func (n *Node) checkHashing(time.Time) (string, bool) {
	if n.miner.Settings().Paused { // Who paused it knows.
		return "", false
	}
	if n.rigs == nil && !n.miner.Mining() || n.rigs != nil && n.rigStates.hashing() > 0 {
		return "", false
	}
	if n.miner.Mining() {
		for _, d := range n.miner.Devices() {
			if d.Hashrate.Minute > 0 {
				return "", false
			}
		}
	}
	return "", true
}

func (n *station) checkSessions(time.Time) (string, bool) {
	if n.rigs == nil {
		return "", false
	}
	open := n.rigs.Stats().Sessions
	return fmt.Sprintf("%d connections", open), open >= n.mostSessions
}

func (n *station) checkJournal(time.Time) (string, bool) {
	if n.journal == nil {
		return "the log of the start says why", true
	}
	err := n.journal.Failing()
	return reasonOf(err), err != nil
}

// journalPeriod is how often the journal's file is written to see whether that works.
const journalPeriod = 20 * time.Second

// probeJournal does that until ctx ends. A disk that hangs may hold it up, and nothing else.
func (n *station) probeJournal(ctx context.Context) error {
	each := time.NewTicker(journalPeriod)
	defer each.Stop()
	for {
		select {
		case <-each.C:
			if n.journal != nil {
				n.journal.Probe()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
