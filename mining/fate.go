package mining

import (
	"cmp"
	"slices"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// FateState is a stage in the life of a found block.
type FateState string

// The states of a found block, in their usual order.
const (
	// StateFound: its solution came in.
	StateFound FateState = "found"
	// StateJournaled: it is on the disk.
	StateJournaled FateState = "journaled"
	// StateSubmitted: it was handed to the chain.
	StateSubmitted FateState = "submitted"
	// StateMain: it is part of the best chain.
	StateMain FateState = "main"
	// StateConfirmed: it has ConfirmedAt confirmations.
	StateConfirmed FateState = "confirmed"
	// StateMatured: its reward can be spent.
	StateMatured FateState = "matured"
	// StateLost: another block has its height on the best chain. A reorganisation
	// can change that.
	StateLost FateState = "lost"
	// StateRefused: the chain does not take it.
	StateRefused FateState = "refused"
)

const (
	// ConfirmedAt is how many blocks, the found one among them, make it unlikely
	// that it is still lost.
	ConfirmedAt = 6
	// MaturedAt is how many of them allow its reward to be spent in the next.
	MaturedAt = consensus.CoinbasePendingBlockNumber
)

// Event is one step in the life of a found block.
type Event struct {
	State FateState `json:"state"`
	// At is when, by the wall clock.
	At time.Time `json:"at"`
	// Best is the height of the best chain then.
	Best uint64 `json:"best,omitempty"`
	// Winner is the block that it lost to, at the same height.
	Winner *bc.Hash `json:"winner,omitempty"`
	// Detail is the reason of a refusal.
	Detail string `json:"detail,omitempty"`
}

// Fate is the record of a found block: what it is, and what became of it.
type Fate struct {
	ID       bc.Hash `json:"hash"`
	Height   uint64  `json:"height"`
	Previous bc.Hash `json:"previous"`
	// Reward is what its coinbase pays, in the smallest unit of BTM; Txs how many
	// transactions stand behind that.
	Reward uint64    `json:"reward"`
	Txs    int       `json:"txs"`
	Found  time.Time `json:"found"`
	// By is who found it; the zero value in entries of versions that did not record that.
	By Finder `json:"by,omitzero"`
	// Verdict is what the chain answered; empty until it did.
	Verdict string `json:"verdict,omitempty"`
	// Settled means that nothing more is expected to happen to it.
	Settled bool    `json:"settled,omitempty"`
	Events  []Event `json:"events"`
}

func newFate(b *types.Block, found time.Time) *Fate {
	f := &Fate{
		ID: b.Hash(), Height: b.Height, Previous: b.PreviousBlockHash, Txs: len(b.Transactions) - 1,
		Found: found, Events: []Event{{State: StateFound, At: found}},
	}
	if len(b.Transactions) > 0 && len(b.Transactions[0].Outputs) > 0 {
		f.Reward = b.Transactions[0].Outputs[0].Amount
	}
	return f
}

// Resolved reports whether the chain has answered.
func (f Fate) Resolved() bool { return f.Verdict != "" }

// has reports whether a state was reached since the block was last off the best chain.
func (f Fate) has(state FateState) bool {
	for _, e := range slices.Backward(f.Events) {
		if e.State == state {
			return true
		}
		if e.State == StateLost {
			return false
		}
	}
	return false
}

// standing is whether the block was last seen on the best chain, or off it; empty if
// neither.
func (f Fate) standing() FateState {
	for _, e := range slices.Backward(f.Events) {
		if e.State == StateMain || e.State == StateLost {
			return e.State
		}
	}
	return ""
}

// wasMain reports whether the block has been on the best chain.
func (f Fate) wasMain() bool {
	return slices.ContainsFunc(f.Events, func(e Event) bool { return e.State == StateMain })
}

// fresh are events without those that say again that the block is on the best chain, or
// off it: its submission and who watches it may see that at the same time.
func (f Fate) fresh(events []Event) (fresh []Event) {
	at := f.standing()
	for _, e := range events {
		if e.State == StateMain || e.State == StateLost {
			if e.State == at {
				continue
			}
			at = e.State
		}
		fresh = append(fresh, e)
	}
	return fresh
}

// next is what to add to a fate, seeing where its block stands.
func (f Fate) next(p Place, now time.Time) (events []Event, settled bool) {
	if !p.Decided(f.Height) {
		return nil, false
	}
	add := func(s FateState) { events = append(events, Event{State: s, At: now, Best: p.Best}) }
	if !p.Main {
		if f.standing() != StateLost {
			add(StateLost)
			events[0].Winner = &p.There
		}
		return events, p.Best >= f.Height+MaturedAt
	}
	fresh := f.standing() != StateMain
	if fresh {
		add(StateMain)
	}
	stage := MainStage(Confirmations(f.Height, p.Best))
	if stage != StateMain && (fresh || !f.has(StateConfirmed)) {
		add(StateConfirmed)
	}
	if stage == StateMatured {
		add(StateMatured)
		return events, true
	}
	return events, false
}

// MainStage is the state of a block of the best chain that has so many confirmations:
// main, from ConfirmedAt on confirmed, from MaturedAt on matured.
func MainStage(confirmations uint64) FateState {
	switch {
	case confirmations >= MaturedAt:
		return StateMatured
	case confirmations >= ConfirmedAt:
		return StateConfirmed
	}
	return StateMain
}

// Confirmations counts a block of the best chain and those above it.
func Confirmations(height, best uint64) uint64 { return best - min(best, height) + 1 }

// Compare orders fates by their blocks' heights, and those of one height by when they were found: a clock may have been wrong.
func (f Fate) Compare(other Fate) int {
	return cmp.Or(cmp.Compare(f.Height, other.Height), f.Found.Compare(other.Found))
}

func sortFates(all []Fate) { slices.SortStableFunc(all, Fate.Compare) }
