package history

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Block is a block that was found here.
type Block struct {
	At     time.Time `json:"at"`
	Height uint64    `json:"height"`
	Hash   string    `json:"hash"`
	// Measured tells that devices or rigs found it, whose work is counted. Of others
	// nobody knows how much they do, and their blocks say nothing of luck.
	Measured bool `json:"measured"`
	// Effort is the work since the measured block before, by what a block takes on
	// average; 0 if the block is not measured.
	Effort float64 `json:"effort"`
}

// mostBlocks is how many blocks are kept.
const mostBlocks = 2000

// blockList is the latest found blocks and the work since.
type blockList struct {
	all    []blockEntry
	next   uint64    // the sequence number of the next; hence how many there were
	effort float64   // since the latest measured block, or since the beginning
	since  time.Time // when that was
	after  bool      // there was such a block
}

type blockEntry struct {
	seq   uint64
	dirty bool
	Block
}

func (l *blockList) has(hash string) bool {
	return slices.ContainsFunc(l.all, func(e blockEntry) bool { return e.Hash == hash })
}

func (l *blockList) add(b Block) {
	b.At = b.At.UTC().Round(0)
	if b.Effort = 0; b.Measured {
		b.Effort = l.effort
		l.effort, l.since, l.after = 0, b.At, true
	}
	l.all = append(l.all, blockEntry{seq: l.next, dirty: true, Block: b})
	l.next++
	if len(l.all) > mostBlocks {
		l.all = l.all[1:]
	}
}

func (l *blockList) oldest() uint64 { return l.next - min(l.next, mostBlocks) }

// efforts are those of the measured blocks, oldest first.
func (l *blockList) efforts() []float64 {
	var all []float64
	for _, e := range l.all {
		if e.Measured {
			all = append(all, e.Effort)
		}
	}
	return all
}

func unpackBlock(raw []byte) (b Block, err error) {
	if err := json.Unmarshal(raw, &b); err != nil {
		return b, fmt.Errorf("a found block: %w", err)
	}
	return b, plausible(b.Effort)
}

// Blocks are the latest that were found, oldest first, and how many there were in all.
func (h *History) Blocks() (latest []Block, total uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.blocks.all {
		latest = append(latest, e.Block)
	}
	return latest, h.blocks.next
}

// Effort is the work since the latest block that devices or rigs found, or since the
// beginning of the history, by what a block takes on average: 1 is what one takes.
type Effort struct {
	Value float64
	Since time.Time
	// AfterBlock tells that it counts from a block.
	AfterBlock bool
}

// Effort is the one of now; false before anything was counted in this run.
func (h *History) Effort() (Effort, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Effort{h.blocks.effort, h.blocks.since.UTC(), h.blocks.after}, h.started
}

// Luck is that of the latest so many blocks at most; false if there is none.
func (h *History) Luck(most int) (Luck, bool) {
	h.mu.Lock()
	efforts := h.blocks.efforts()
	h.mu.Unlock()
	if len(efforts) == 0 {
		return Luck{}, false
	}
	return LuckOf(efforts[max(0, len(efforts)-most):]), true
}
