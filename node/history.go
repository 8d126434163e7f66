package node

import (
	"path/filepath"

	"github.com/bytom-solo/bytom-solo/history"
	"github.com/bytom-solo/bytom-solo/mining"
)

// HistoryPath is the file of the week's series.
func (c *Config) HistoryPath() string {
	return filepath.Join(c.Bytom.RootDir, "mining", "history.db")
}

// openHistory opens the history, and adds the blocks that a kill left out of it. The node
// goes on without a file, but not with another network's.
func (n *station) openHistory(totals func() history.Totals) error {
	n.history = history.Open(history.Config{Path: n.config.HistoryPath(), Totals: totals, Rigs: n.rigTotals, Log: n.log})
	if err := n.claim(n.history.Claim); err != nil || n.journal == nil {
		return err
	}
	fates, err := n.journal.Fates()
	if err != nil {
		n.log.Warn("the history may lack the last run's latest blocks", "error", err)
		return nil
	}
	found := make([]history.Block, 0, len(fates))
	for _, fate := range fates {
		found = append(found, historyBlock(fate))
	}
	n.history.CatchUp(found)
	return nil
}

// closeHistory closes the history. What it can't write any more, as on a full disk, is told,
// and no reason for a stop to fail: no block and no share is in it alone.
func (n *station) closeHistory() {
	if n.history == nil {
		return
	}
	if err := n.history.Close(); err != nil {
		n.log.Error("the history lacks what was done since it was last written", "error", err)
	}
}

// workTotals reads what devices and rigs did, and the difficulty.
func (n *Node) workTotals(source mining.Source) func() history.Totals {
	return func() history.Totals {
		all, wasted := n.miner.Hashes()
		t := history.Totals{
			Hashes: float64(all), Wasted: float64(wasted),
			Difficulty: mining.TargetFromBits(source.Tip().Bits).Difficulty(),
		}
		if n.ledger != nil {
			rigs := n.ledger.Total()
			t.Shares, t.Work, t.Expected = rigs.Accepted, rigs.Work, rigs.Expected
		}
		return t
	}
}

// rigTotals are those of the rigs that ever had a share accepted: other names cost nothing
// to make up.
func (n *station) rigTotals() []history.RigTotals {
	if n.ledger == nil {
		return nil
	}
	online := make(map[string]bool)
	if n.rigs != nil {
		for _, r := range n.rigs.Rigs() {
			online[r.Name] = r.Sessions > 0
		}
	}
	var all []history.RigTotals
	for _, r := range n.ledger.Tallies() {
		if r.Accepted > 0 {
			all = append(all, history.RigTotals{
				Name: r.Rig, Work: r.Work, Accepted: r.Accepted, Rejected: r.Stale + r.Duplicate + r.Low + r.Invalid,
				Online: online[r.Rig],
			})
		}
	}
	return all
}

// historyBlock is a found block as the history has it.
func historyBlock(fate mining.Fate) history.Block {
	return history.Block{
		At: fate.Found, Height: fate.Height, Hash: fate.ID.String(),
		Measured: fate.By.Kind == mining.FoundByDevice || fate.By.Kind == mining.FoundByRig,
	}
}
