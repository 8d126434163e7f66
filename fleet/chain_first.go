package fleet

import (
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// Owed is a block that a node has taken, and that the first node has not said to have.
type Owed struct {
	Block *types.Block
	By    mining.Finder
}

// noteFirst notes that the first node has a block. One that refuses it may get it by its peers, and has its share.
func (c *Chain) noteFirst(v *Verdict) {
	if v.taken() {
		id := bc.NewHash(v.Hash)
		c.first.Add(id, time.Now())
		c.owed.Remove(id)
	}
}

// HeardFirst is when the first node last said that it has a block, zero if it has not in this run. Another's word
// does not count: the first has forgotten a block that its disk did not take, and then says nothing of it.
func (c *Chain) HeardFirst(id bc.Hash) time.Time {
	at, _ := c.first.Peek(id)
	return at
}

// firstSpeaksFor is how long the first node's word holds: it speaks of each block once a minute.
const firstSpeaksFor = 150 * time.Second

// firstSpeaks reports whether the first node has spoken of a block lately. Then that decides where the block stands: two
// nodes on different branches would have it leave the best chain and come back each minute, and the first one splits it.
func (c *Chain) firstSpeaks(id bc.Hash) bool { return time.Since(c.HeardFirst(id)) < firstSpeaksFor }

// owe notes that a block was taken, by the first node or not. One that is kept elsewhere takes no other's place.
func (c *Chain) owe(block *types.Block, by mining.Finder) {
	id := block.Hash()
	if c.cfg.Kept(id) {
		return
	}
	c.owed.Add(id, Owed{block, by})
	if c.first.Contains(id) { // Also where it said so a moment ago.
		c.owed.Remove(id)
	}
}

// Owed are the latest blocks that are owed to the first node.
func (c *Chain) Owed() []Owed { return c.owed.Values() }

// Forgive has a block be owed no longer: where the journal has it, who looks after that asks for it, and where its reward can
// be spent, nobody does.
func (c *Chain) Forgive(id bc.Hash) { c.owed.Remove(id) }
