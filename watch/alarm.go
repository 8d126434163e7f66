package watch

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Kind is a difference that others show.
type Kind int

// The kinds, the worst first.
const (
	// Bits means that they mine on the same block with another target.
	Bits Kind = iota
	// Seed means that they mine on the same block with another seed.
	Seed
	// Fork means that they build on another chain than ours.
	Fork
	// Ahead means that their chain is longer.
	Ahead
	kinds
)

// String is the alarm's id.
func (k Kind) String() string {
	return [...]string{"others-bits", "others-seed", "others-fork", "others-ahead"}[k]
}

// Kinds are all kinds, the worst first.
func Kinds() []Kind { return []Kind{Bits, Seed, Fork, Ahead} }

// Do is what an operator can do about it, a sentence.
func (k Kind) Do() string {
	switch k {
	case Bits, Seed:
		return "Find out who is right: compare with a third node or an explorer, and the versions; blocks that are mined by other rules than the network's are worth nothing"
	case Fork:
		return "Compare the block of that height with an explorer; if theirs is the network's, restart with other peers (p2p.seeds), for what is mined on this branch is lost"
	}
	return "Look at this node's peers, connection, clock and disk: it may be cut off or stuck, and what is mined on an old tip is lost"
}

// Alarm is a difference that has lasted. Any source can raise one by lying.
type Alarm struct {
	Kind   Kind
	Source string
	Since  time.Time
	// What is a sentence that says what differs, Do what to do about it.
	What, Do string
}

// Alarms are those that are on, one a kind, the worst first: of several sources the one that
// raised it first, and how many others do too.
func (w *Watcher) Alarms() []Alarm {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Alarm
	for _, k := range Kinds() {
		var of []Alarm
		for _, s := range w.sources {
			if c := s.conditions[k]; c.on {
				of = append(of, Alarm{Kind: k, Source: s.Name, Since: c.raised, What: s.what[k], Do: k.Do()})
			}
		}
		if len(of) == 0 {
			continue
		}
		slices.SortStableFunc(of, func(a, b Alarm) int { return cmp.Compare(a.Since.UnixNano(), b.Since.UnixNano()) })
		if n := len(of) - 1; n > 0 {
			of[0].What = fmt.Sprintf("%s (%d more of %d watched say so too)", of[0].What, n, len(w.sources))
		}
		all = append(all, of[0])
	}
	return all
}

// describe says what a source shows, for a kind that it differs by.
func (k Kind) describe(name string, v view, f finding, b branch) string {
	switch k {
	case Bits:
		return fmt.Sprintf("%s mines height %d with bits %016x where this node's chain asks for %016x on the same block", name, v.height, v.bits, f.next.Bits)
	case Seed:
		return fmt.Sprintf("%s mines height %d with seed %s where this node's chain has %s on the same block", name, v.height, v.seed.String(), f.next.Seed.String())
	case Fork:
		return fmt.Sprintf("%s is on another branch: its block %d is %s, which is not this node's", name, b.height, b.block.String())
	}
	text := fmt.Sprintf("%s is %s ahead, at height %d", name, blocks(f.ahead), v.height-1)
	if f.refused != nil {
		text += fmt.Sprintf("; this node refused its block: %.100v", f.refused)
	}
	return text
}

func blocks(n int64) string {
	if n == 1 {
		return "1 block"
	}
	return fmt.Sprintf("%d blocks", n)
}
