package fleet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
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

// MostEntries is how many entries a batch may have: it fits in 1 MiB, which engines allow by
// default, where names are not all long.
const MostEntries = 1 << 14

// mostName is how long a rig's name may be: a ledger can't write one that is empty, or above 32 KiB.
const mostName = 1 << 10

// batchWire is a Batch's encoded form.
type batchWire struct {
	_                     struct{} `cbor:",toarray"`
	Epoch, Number, Oldest uint64
	Rigs                  []rigWire
	Entries               []byte // entrySize bytes each
	Blocks                []blockWire
}

// rigWire is who did something.
type rigWire struct {
	_                           struct{} `cbor:",toarray"`
	Name, Address, Agent, Owner string
}

// entrySize is an entry's length in a batch: its rig's place in the table (4 bytes), its time in
// Unix nanoseconds (8), its kind (1), Effective, Network and Difficulty (8 each) and Work (8),
// big-endian. A codec takes ten times as long to decode as many fields.
const entrySize = 4 + 8 + 1 + 3*8 + 8

func appendEntry(out []byte, rig uint32, e *ledger.Entry) []byte {
	out = binary.BigEndian.AppendUint32(out, rig)
	out = binary.BigEndian.AppendUint64(out, uint64(e.At.UnixNano()))
	out = append(out, byte(e.Kind))
	for _, v := range []float64{e.Effective, e.Network, e.Difficulty} {
		out = binary.BigEndian.AppendUint64(out, math.Float64bits(v))
	}
	return binary.BigEndian.AppendUint64(out, e.Work)
}

// readEntry reads an entry of entrySize bytes, and refuses what no front makes, and what would
// spoil a ledger's sums for good.
func readEntry(raw []byte, rigs []rigWire) (ledger.Entry, error) {
	place, kind := binary.BigEndian.Uint32(raw), ledger.Kind(raw[12])
	amount := func(i int) float64 { return math.Float64frombits(binary.BigEndian.Uint64(raw[13+8*i:])) }
	effective, network, difficulty := amount(0), amount(1), amount(2)
	switch {
	case int(place) >= len(rigs):
		return ledger.Entry{}, fmt.Errorf("rig %d of %d: %w", place, len(rigs), errNoPlace)
	case kind > ledger.LoggedIn:
		return ledger.Entry{}, fmt.Errorf("kind %d, expected 0 to %d", kind, ledger.LoggedIn)
	case !isAmount(effective), !isAmount(network), !isAmount(difficulty):
		return ledger.Entry{}, fmt.Errorf("difficulties %g, %g and %g, expected none below 0 or infinite", effective, network, difficulty)
	}
	rig := &rigs[place]
	return ledger.Entry{
		At: time.Unix(0, int64(binary.BigEndian.Uint64(raw[4:]))), Rig: rig.Name, Address: rig.Address, Agent: rig.Agent, Owner: rig.Owner, Kind: kind,
		Effective: effective, Network: network, Difficulty: difficulty, Work: binary.BigEndian.Uint64(raw[37:]),
	}, nil
}

// isAmount reports whether v can be counted: NaN is not.
func isAmount(v float64) bool { return v >= 0 && v <= math.MaxFloat64 }

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
	if len(b.Entries) > MostEntries {
		return nil, fmt.Errorf("%w: batch of %d entries, expected at most %d", ErrTooLong, len(b.Entries), MostEntries)
	}
	w := batchWire{Epoch: b.Epoch, Number: b.Number, Oldest: b.Oldest, Entries: make([]byte, 0, entrySize*len(b.Entries))}
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
		w.Entries = appendEntry(w.Entries, place, e)
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
	count := len(w.Entries) / entrySize
	switch {
	case len(w.Entries)%entrySize != 0:
		return fmt.Errorf("%d bytes of entries, expected a multiple of %d", len(w.Entries), entrySize)
	case count > MostEntries:
		return fmt.Errorf("%w: batch of %d entries, expected at most %d", ErrTooLong, count, MostEntries)
	}
	for i, rig := range w.Rigs {
		if rig.Name == "" || len(rig.Name) > mostName {
			return fmt.Errorf("rig %d: a name of %d bytes, expected 1 to %d", i, len(rig.Name), mostName)
		}
	}
	*b = Batch{Epoch: w.Epoch, Number: w.Number, Oldest: w.Oldest, Entries: make([]ledger.Entry, count)}
	for i := range b.Entries {
		var err error
		if b.Entries[i], err = readEntry(w.Entries[i*entrySize:][:entrySize], w.Rigs); err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
	}
	for _, block := range w.Blocks {
		if int(block.Entry) >= count {
			return fmt.Errorf("block of entry %d of %d: %w", block.Entry, count, errNoPlace)
		}
		e := &b.Entries[block.Entry]
		e.Block, e.Height, e.Solved = block.Hash, block.Height, block.Solved
	}
	return nil
}
