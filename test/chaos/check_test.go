package chaos_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// patience is how long the network has for what it does by itself once all is healed.
const patience = 3 * time.Minute

// recovered waits until all processes answer, and each rig's shares are accepted again.
func (c *campaign) recovered() {
	c.t.Helper()
	testnet.Wait(c.t, patience, func() error {
		var errs []error
		for _, n := range c.nodes {
			_, err := n.Height()
			errs = append(errs, err)
		}
		for _, f := range c.fronts {
			if s, err := f.State(c.t.Context()); err != nil || s.NotReady != nil {
				errs = append(errs, fmt.Errorf("%s: %w %+v", f, err, s))
			}
		}
		return errors.Join(errs...)
	})
	for _, rig := range c.rigs.every() {
		from := rig.Report().Accepted
		testnet.Wait(c.t, patience, func() error {
			if rep := rig.Report(); rep.Accepted < from+2 {
				return fmt.Errorf("%s: %d shares are accepted, expected %d: %+v", rep.Name, rep.Accepted, from+2, rep)
			}
			return nil
		})
	}
}

// rehearse waits until all works, and takes the figures of before.
func (c *campaign) rehearse() {
	c.t.Helper()
	c.recovered()
	c.oneTip()
	for _, p := range c.all {
		p.disk.sync()
	}
	c.look()
}

// check holds the network, which is healed, to what has to be.
func (c *campaign) check() {
	c.t.Helper()
	c.forgive()
	c.recovered()
	c.note("all shares are accepted")
	c.look()
	c.rigs.end()
	c.note("rigs have ended")
	if err := c.nodes[1].Call("/set-mining", map[string]bool{"is_mining": false}, nil); err != nil {
		c.t.Fatal(err)
	}
	for _, step := range []struct {
		name  string
		check func()
	}{
		{"all nodes are on one tip", c.oneTip},
		{"fronts keep nothing", c.outboxes},
		{"no solution is lost", c.solutions},
		{"owners are paid", c.paid},
		{"on every chain", c.oneTip},
		{"the books are right", c.books},
		{"ledgers have what rigs know", c.booked},
		{"memory and goroutines are flat", c.flat},
		{"nothing is open in journals", c.closed},
	} {
		step.check()
		c.note("looked whether %s", step.name)
	}
}

// banned is what a stock node writes when it leaves a peer for an hour: at the sixth block that it does not take,
// or answer that did not come in 30 seconds. Our nodes have no say in that.
const banned = "banning and disconnecting"

// forgive has the stock nodes forget whom they banned, as an operator does: by a start without that list.
func (c *campaign) forgive() {
	c.t.Helper()
	for i, n := range c.nodes {
		if bans := len(logged(n, banned)); n.Stock && bans > 0 {
			c.note("stock node %d has banned peers %d times, and forgets that", i, bans)
			c.counts["stock nodes' bans"] += bans
			n.Kill()
			if err := os.RemoveAll(filepath.Join(n.Home, "data", "blacklist.db")); err != nil {
				c.t.Fatal(err)
			}
			n.Launch()
		}
	}
}

// logged are the lines of a node's logs with one of these parts.
func logged(n *testnet.Node, parts ...string) (lines []string) {
	for _, path := range n.LogFiles() {
		text, _ := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			if slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(line, part) }) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// oneTip waits until all nodes have one best block, as long as the one that is furthest behind gets on: a
// stock node asks for a block at a time, of which five a second are the most, and in an hour it can be a
// thousand behind. Where two have found one each at the end, a block decides.
func (c *campaign) oneTip() {
	c.t.Helper()
	mined, moved, lowest := time.Now(), time.Now(), uint64(0)
	for ; ; time.Sleep(200 * time.Millisecond) {
		heights, tips, err := c.tips()
		if err == nil && len(slices.Compact(slices.Clone(tips))) == 1 {
			return
		}
		if err == nil && slices.Min(heights) > lowest {
			moved, lowest = time.Now(), slices.Min(heights)
		}
		if time.Since(moved) > patience {
			c.tellOfPeers()
			c.t.Fatalf("the nodes are not on one tip, and have stood still for %v: %q, %v", patience, tips, err)
		}
		if err == nil && slices.Max(heights) < slices.Min(heights)+3 && time.Since(mined) > 2*time.Second {
			mined = time.Now()
			if err := c.mine(1); err != nil {
				c.note("no block to decide: %v", err)
			}
		}
	}
}

// tips are the nodes' best blocks.
func (c *campaign) tips() (heights []uint64, tips []string, err error) {
	for _, n := range c.nodes {
		height, err := n.Height()
		if err != nil {
			return nil, nil, err
		}
		hash, err := n.BlockHash(height)
		if err != nil {
			return nil, nil, err
		}
		heights, tips = append(heights, height), append(tips, fmt.Sprintf("%d %s", height, hash))
	}
	return heights, tips, nil
}

// tellOfPeers logs what each node says of the network, and the last that it has written of peers that failed it.
func (c *campaign) tellOfPeers() {
	c.t.Helper()
	for i, n := range c.nodes {
		var info map[string]any
		err := n.Call("/net-info", nil, &info)
		lines := logged(n, banned, "ban score increasing", "fail on regularBlockSync", "fail on fastBlockSync")
		c.t.Logf("node %d, %s: %v, %v; %d lines of peers, the last:\n%s", i, n.URL, info, err, len(lines), strings.Join(lines[max(0, len(lines)-10):], ""))
	}
}

// mine has the first node make blocks that no rig has found.
func (c *campaign) mine(blocks int) error {
	return c.nodes[0].Call(node.SolonetMineRoute, map[string]int{"blocks": blocks}, nil)
}

// outboxes waits until no front keeps anything.
func (c *campaign) outboxes() {
	c.t.Helper()
	testnet.Wait(c.t, patience, func() error {
		for _, f := range c.fronts {
			if s, err := f.State(c.t.Context()); err != nil || s.Front.Kept > 0 {
				return fmt.Errorf("%s keeps %d shares and logins: %w", f, s.Front.Kept, err)
			}
		}
		return nil
	})
}

// solutions has each block that was found on the chain, or told as lost, and each that a rig knows was
// accepted among them.
func (c *campaign) solutions() {
	c.t.Helper()
	var byFronts map[string]node.FoundBlock
	for i, n := range c.nodes[:2] {
		var found map[string]node.FoundBlock
		testnet.Wait(c.t, patience, func() (err error) {
			if found, err = harness.FoundBlocks(n); err != nil {
				return err
			}
			for hash := range found {
				if err := harness.CheckFate(n, hash, found); err != nil {
					return fmt.Errorf("node-%d: %w", i, err)
				}
			}
			return nil
		})
		lost := 0
		for _, f := range found {
			if f.State == "lost" {
				lost++
			}
		}
		c.t.Logf("node-%d: %d blocks found, %d of them lost in races", i, len(found), lost)
		if byFronts == nil {
			byFronts = found
		} else {
			c.listed("node-1", found)
		}
	}
	for _, f := range c.fronts {
		onChain, lost := 0, 0
		testnet.Wait(c.t, patience, func() (err error) {
			onChain, lost, err = harness.CheckFrontBlocks(f, c.nodes[0])
			return err
		})
		c.t.Logf("%s: %d blocks on the chain, %d lost to others", f.Name, onChain, lost)
		var list []node.FoundBlock
		if err := (testnet.Client{URL: f.URL}).Call(c.t.Context(), node.FoundBlocksRoute, nil, &list); err != nil {
			c.t.Fatal(err)
		}
		// A front whose disk is full can't write it down; its node has it then.
		found := maps.Clone(byFronts)
		for _, b := range list {
			found[b.Hash] = b
		}
		c.listed(f.Name, found)
	}
}

// listed has each block of a share that a rig knows was accepted in a list of found ones. One that a node
// with rigs of its own took while its disk failed, or was written down too late for the process's end, as it says
// itself, went to the peers alone, and with the process; a front accepts no share then.
func (c *campaign) listed(server string, found map[string]node.FoundBlock) {
	c.t.Helper()
	c.rigs.mu.Lock()
	defer c.rigs.mu.Unlock()
	said := c.nodes[1].Log()
	missing, late := 0, 0
	for id, at := range c.rigs.solved[server] {
		if _, ok := found[id]; ok {
			continue
		}
		missing++
		switch unwritten := regexp.MustCompile("before it is written down.* hash=" + id); {
		case server == "node-1" && c.failed(server, at):
		case server == "node-1" && unwritten.MatchString(said):
			late++
		default:
			c.t.Errorf("%6.1f s: %s has accepted block %s of a rig, and does not list it", at.Sub(c.began).Seconds(), server, id)
		}
	}
	c.t.Logf("%s: rigs know of %d blocks, %d are missing, %d of them by a disk that took long", server, len(c.rigs.solved[server]), missing, late)
}

// paid mines on until all that is due to owners is in blocks, but for payments of funds that a deep reorganisation took away.
func (c *campaign) paid() {
	c.t.Helper()
	if err := c.mine(101); err != nil {
		c.t.Fatal(err)
	}
	if err := testnet.Poll(c.t.Context(), patience, func() error { return c.allPaid(0) }); err != nil {
		var payments int
		payments, c.stranded = harness.Stranded(c.t, c.nodes[0])
		c.t.Logf("%v: %d payments are of funds that are not on the chain any more: %v", err, payments, c.stranded)
		testnet.Wait(c.t, patience, func() error { return c.allPaid(payments) })
	}
	s, err := harness.PayoutStats(c.nodes[0])
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Logf("payouts: blocks %v, payments %v", s.Status.Blocks, s.Status.Batches)
}

// allPaid mines a block, and is nil where nothing is due and no more than so many payments wait for a block.
func (c *campaign) allPaid(stranded int) error {
	if err := c.mine(1); err != nil {
		return err
	}
	s, err := harness.PayoutStats(c.nodes[0])
	if err != nil {
		return err
	}
	b := s.Status.Batches
	if s.Status.Due > 0 || s.Status.Immature > 0 || b[payout.BatchMined]+b[payout.BatchPaid] == 0 || b[payout.BatchStored]+b[payout.BatchSigned] > stranded {
		return fmt.Errorf("not paid yet: %+v", s.Status)
	}
	return nil
}

// books has the first node's books right, and on all chains. A block waits an hour for its share where
// the front was killed between the two, so that no rig knows that it was accepted.
func (c *campaign) books() {
	c.t.Helper()
	unanswered := func(block string) bool {
		c.rigs.mu.Lock()
		defer c.rigs.mu.Unlock()
		for _, f := range c.fronts {
			if _, answered := c.rigs.solved[f.Name][block]; answered {
				return false
			}
		}
		return true
	}
	if wait := harness.CheckBooks(c.t, c.nodes[0], c.stranded, unanswered, c.nodes[1:]...); len(wait) > 0 {
		c.t.Logf("%d blocks wait for a share that a killed front has lost", len(wait))
	}
}

// booked has both ledgers equal to what rigs know was accepted. The rigs of the second node, which has
// no front, can have lost what its ledger had in memory when it was killed.
func (c *campaign) booked() {
	c.t.Helper()
	lost := uint64(c.unwritten["node-1"].Seconds() * c.scale.rate)
	testnet.Wait(c.t, patience, func() error {
		return errors.Join(harness.CheckBooked(c.nodes[0], 0, c.rigs.fronts...), harness.CheckBooked(c.nodes[1], lost, c.rigs.direct...))
	})
	c.t.Logf("%d shares accepted", accepted(c.rigs.every()))
}

// closed stops both of our nodes that have found blocks, and has every journal without an open entry,
// and ledgers whose rows are the sum of their log.
func (c *campaign) closed() {
	c.t.Helper()
	for i, n := range c.nodes[:2] {
		n.Stop()
		rigs := c.rigs.fronts
		if i == 1 {
			rigs = c.rigs.direct
		}
		harness.CheckLedger(c.t, n.Home, len(rigs))
		c.journal(n.Home, "mining")
	}
	for _, f := range c.fronts {
		f.Stop()
		c.journal(f.Home, "")
	}
}

// journal has no entry of a journal open: the chain has answered for each block, or has gone on without it, as where its
// disk was full, and it is settled as lost.
func (c *campaign) journal(home, folder string) {
	c.t.Helper()
	j, err := mining.OpenJournal(filepath.Join(home, folder, "journal.db"), nil)
	if err != nil {
		c.t.Error(err)
		return
	}
	defer j.Close()
	fates, err := j.Fates()
	if err != nil {
		c.t.Error(err)
	}
	for _, f := range fates {
		if !f.Resolved() && !f.Settled {
			c.t.Errorf("%s: the journal has block %d open: %+v", home, f.Height, f)
		}
	}
}
