package node

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// FoundBlock is a block found here, and what has become of it.
type FoundBlock struct {
	Height uint64    `json:"height"`
	Hash   string    `json:"hash"`
	Found  time.Time `json:"found"`
	// FoundBy is who found it; missing where that was not written down yet.
	FoundBy mining.Finder `json:"found_by,omitzero"`
	// State is pending (the chain has not answered), main (on the best chain), confirmed
	// (with mining.ConfirmedAt confirmations), matured (its reward can be spent), lost
	// (another block has its height) or refused.
	State string `json:"state"`
	// Confirmations counts the block and those above it; 0 if it is not on the best
	// chain.
	Confirmations uint64 `json:"confirmations"`
	// Reward is what the coinbase pays, in the smallest unit of BTM, 0 if the block is lost
	// or refused; Transactions how many stand behind it.
	Reward       uint64 `json:"reward"`
	Transactions int    `json:"transactions"`
	// Winner is the block that has the height instead, LostToOwn whether that was found
	// here, too: then nothing is lost.
	Winner    string `json:"winner,omitempty"`
	LostToOwn bool   `json:"lost_to_own,omitempty"`
	// Reason is why it was refused.
	Reason string `json:"reason,omitempty"`
	// Events is its life, oldest first.
	Events []mining.Event `json:"events"`
	// RawBlock is the whole block in hexadecimal, where it was asked for.
	RawBlock string `json:"raw_block,omitempty"`
}

// The routes of found blocks. The first answers with all FoundBlocks, the latest
// first; the second with one, raw block included; the third brings one to the chain
// and the peers again, and answers with a Resubmitted.
const (
	FoundBlocksRoute   = "/list-found-blocks"
	FoundBlockRoute    = "/get-found-block"
	ResubmitFoundRoute = "/resubmit-found-block"
)

// Resubmitted is what became of a block that was submitted again.
type Resubmitted struct {
	// Outcome is as mining.Outcome prints it.
	Outcome string `json:"outcome"`
	// Winner is the best chain's block of that height.
	Winner string `json:"winner"`
}

// foundBlocks serves what the journal holds.
type foundBlocks struct {
	journal   *mining.Journal // nil if it could not be opened
	source    mining.Source
	submitter *mining.Submitter
}

var errNoJournal = errors.New("the node has no journal: see its log of the start")

func (f *foundBlocks) register(r *mux.Router) {
	r.HandleFunc(FoundBlocksRoute, jsonHandler(f.list))
	r.HandleFunc(FoundBlockRoute, jsonHandler(f.get))
	r.HandleFunc(ResubmitFoundRoute, jsonHandler(f.resubmit))
}

func (f *foundBlocks) list(*http.Request) (any, error) {
	found := []FoundBlock{}
	if f.journal == nil {
		return found, nil
	}
	fates, err := f.journal.Fates()
	if err != nil {
		return nil, err
	}
	for _, fate := range slices.Backward(fates) {
		found = append(found, f.describe(fate))
	}
	return found, nil
}

func (f *foundBlocks) get(r *http.Request) (any, error) {
	id, err := f.requestedID(r)
	if err != nil {
		return nil, err
	}
	fate, ok, err := f.journal.Fate(id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("field hash: no block %s was found here", id.String())
	}
	block, err := f.journal.Block(id)
	if err != nil {
		return nil, err
	}
	raw, err := block.MarshalText()
	if err != nil {
		return nil, fmt.Errorf("serialise block %s: %w", id.String(), err)
	}
	found := f.describe(fate)
	found.RawBlock = string(raw)
	return found, nil
}

func (f *foundBlocks) resubmit(r *http.Request) (any, error) {
	id, err := f.requestedID(r)
	if err != nil {
		return nil, err
	}
	v, err := f.submitter.Resubmit(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return Resubmitted{Outcome: v.Outcome.String(), Winner: v.Winner.String()}, nil
}

// requestedID is the hash that a request names.
func (f *foundBlocks) requestedID(r *http.Request) (id bc.Hash, err error) {
	if f.journal == nil {
		return id, errNoJournal
	}
	var in struct{ Hash string }
	if err := decodeBody(r, &in); err != nil {
		return id, err
	}
	return ParseBlockID("hash", in.Hash)
}

// ParseBlockID reads a block's hash as it is printed; field names it in the error.
func ParseBlockID(field, text string) (id bc.Hash, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 32 {
		return id, fmt.Errorf("field %s: value %q: expected 64 hexadecimal characters", field, text)
	}
	return bc.NewHash([32]byte(raw)), nil
}

// describe puts a fate beside where its block stands now.
func (f *foundBlocks) describe(fate mining.Fate) FoundBlock {
	p := f.source.Place(fate.ID, fate.Height)
	b := describeFate(fate, f.journal.Has)
	switch {
	case p.Main:
		b.setMain(fate, max(p.Best, f.source.Tip().Height)) // A front is told of a block now and then.
	case b.State == string(mining.StateRefused): // The chain stores some that it refuses.
	case p.Decided(fate.Height), b.State == string(mining.StateLost) && p.There != (bc.Hash{}): // A lost one may be forgotten.
		b.setLost(p.There, f.journal.Has)
	}
	return b
}

// describeFate is what the journal alone knows of a block; own reports whether another
// block was found here, too.
func describeFate(fate mining.Fate, own func(bc.Hash) bool) FoundBlock {
	b := FoundBlock{
		Height: fate.Height, Hash: fate.ID.String(), Found: fate.Found, FoundBy: fate.By, State: statePending,
		Reward: fate.Reward, Transactions: fate.Txs, Events: fate.Events,
	}
	for _, e := range fate.Events {
		switch e.State {
		case mining.StateMain, mining.StateConfirmed, mining.StateMatured:
			b.setMain(fate, e.Best)
		case mining.StateLost:
			winner := bc.Hash{}
			if e.Winner != nil {
				winner = *e.Winner
			}
			b.setLost(winner, own)
		case mining.StateRefused:
			b.State, b.Reason, b.Reward = string(e.State), e.Detail, 0
		case mining.StateSubmitted: // Again, for one that the chain has answered for: then that holds.
			if b.State == string(mining.StateRefused) {
				b.State, b.Reason, b.Reward = statePending, "", fate.Reward
			}
		}
	}
	return b
}

// statePending is the state of a block that the chain has not answered for.
const statePending = "pending"

// setMain has the block be part of a best chain of that height.
func (b *FoundBlock) setMain(fate mining.Fate, best uint64) {
	b.Confirmations = mining.Confirmations(fate.Height, best)
	b.State, b.Winner, b.LostToOwn, b.Reward = string(mining.MainStage(b.Confirmations)), "", false, fate.Reward
}

// setLost has another block, the zero hash if it is not known, stand in the block's place.
func (b *FoundBlock) setLost(winner bc.Hash, own func(bc.Hash) bool) {
	b.State, b.Confirmations, b.Reward = string(mining.StateLost), 0, 0
	if winner != (bc.Hash{}) {
		b.Winner, b.LostToOwn = winner.String(), own(winner)
	}
}
