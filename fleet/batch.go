package fleet

import (
	"errors"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/bytom-solo/bytom-solo/ledger"
)

// Batch is what a front's rigs did: number 1, 2 and so on of an epoch. It is encoded with a table
// of its rigs, so that a share takes some 50 bytes.
type Batch struct {
	Epoch, Number uint64
	// Oldest is the lowest number of the epoch that the front still keeps.
	Oldest uint64
	// Entries are in the order in which they were judged. Those of kind ledger.LoggedIn are
	// logins.
	Entries []ledger.Entry
}

// batchWire is a Batch's encoded form.
type batchWire struct {
	_                     struct{} `cbor:",toarray"`
	Epoch, Number, Oldest uint64
	Rigs                  []rigWire
	Entries               []entryWire
	Blocks                []blockWire
}

// rigWire is who did something.
type rigWire struct {
	_                           struct{} `cbor:",toarray"`
	Name, Address, Agent, Owner string
}

// entryWire is an entry of a rig, by its place in the table.
type entryWire struct {
	_                              struct{} `cbor:",toarray"`
	Rig                            uint32
	At                             int64 // in Unix nanoseconds
	Kind                           uint8
	Effective, Network, Difficulty float64
	Work                           uint64
}

// blockWire is what an entry, by its place, has beside that if it made a block.
type blockWire struct {
	_      struct{} `cbor:",toarray"`
	Entry  uint32
	Hash   string
	Height uint64
	Solved string
}

// MarshalCBOR implements cbor.Marshaler.
func (b *Batch) MarshalCBOR() ([]byte, error) {
	w := batchWire{Epoch: b.Epoch, Number: b.Number, Oldest: b.Oldest, Entries: make([]entryWire, 0, len(b.Entries))}
	places := make(map[rigWire]uint32)
	for i := range b.Entries {
		e := &b.Entries[i]
		rig := rigWire{Name: e.Rig, Address: e.Address, Agent: e.Agent, Owner: e.Owner}
		place, ok := places[rig]
		if !ok {
			place = uint32(len(w.Rigs))
			places[rig] = place
			w.Rigs = append(w.Rigs, rig)
		}
		w.Entries = append(w.Entries, entryWire{
			Rig: place, At: e.At.UnixNano(), Kind: uint8(e.Kind), Effective: e.Effective, Network: e.Network, Difficulty: e.Difficulty, Work: e.Work,
		})
		if e.Block != "" || e.Solved != "" || e.Height != 0 {
			w.Blocks = append(w.Blocks, blockWire{Entry: uint32(i), Hash: e.Block, Height: e.Height, Solved: e.Solved})
		}
	}
	return cbor.Marshal(&w)
}

// errNoPlace is of an entry that refers to what is not there.
var errNoPlace = errors.New("there is no such place")

// UnmarshalCBOR implements cbor.Unmarshaler.
func (b *Batch) UnmarshalCBOR(data []byte) error {
	var w batchWire
	if err := decoding.Unmarshal(data, &w); err != nil {
		return err
	}
	*b = Batch{Epoch: w.Epoch, Number: w.Number, Oldest: w.Oldest, Entries: make([]ledger.Entry, 0, len(w.Entries))}
	for i := range w.Entries {
		e := &w.Entries[i]
		if int(e.Rig) >= len(w.Rigs) {
			return fmt.Errorf("entry %d: rig %d of %d: %w", i, e.Rig, len(w.Rigs), errNoPlace)
		}
		rig := &w.Rigs[e.Rig]
		b.Entries = append(b.Entries, ledger.Entry{
			At: time.Unix(0, e.At), Rig: rig.Name, Address: rig.Address, Agent: rig.Agent, Owner: rig.Owner, Kind: ledger.Kind(e.Kind),
			Effective: e.Effective, Network: e.Network, Difficulty: e.Difficulty, Work: e.Work,
		})
	}
	for _, block := range w.Blocks {
		if int(block.Entry) >= len(b.Entries) {
			return fmt.Errorf("block of entry %d of %d: %w", block.Entry, len(b.Entries), errNoPlace)
		}
		e := &b.Entries[block.Entry]
		e.Block, e.Height, e.Solved = block.Hash, block.Height, block.Solved
	}
	return nil
}
