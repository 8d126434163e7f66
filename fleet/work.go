package fleet

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// Work is what a node has its fronts do.
type Work struct {
	// Boot orders the runs of the node, Sequence the works of a run. At is when it was sent, in
	// Unix milliseconds by the node's clock.
	Boot     int64
	Sequence uint64
	At       int64
	// Parts are what jobs are cut from; nil where there is no work, and Why says why.
	Parts *mining.Parts
	Why   string
	// Txs are the transactions behind the coinbase, in order, in binary. Where they are too much
	// for a message, Bodies of them went ahead.
	Txs    [][]byte
	Bodies int
	// Split tells whether blocks are split by what rigs did, Owners whose the work of a login is,
	// in small letters, where the login is no address.
	Split  bool
	Owners map[string]string
	Ledger LedgerState
}

// workWire is a Work's encoded form, which no change in package mining alters.
type workWire struct {
	_        struct{} `cbor:",toarray"`
	Boot     int64
	Sequence uint64
	At       int64
	Parts    *partsWire
	Why      string
	Txs      [][]byte
	Bodies   int
	Split    bool
	Owners   map[string]string
	Ledger   LedgerState
}

// partsWire are mining.Parts. Hashes are in the byte order that the chain prints.
type partsWire struct {
	_                        struct{} `cbor:",toarray"`
	Tip                      []byte
	Height, Bits             uint64
	Seed                     []byte
	MedianTime               uint64
	Timestamp, Fees, Gas     uint64
	Payee                    string
	Program, Tag, StatusRoot []byte
	Branch                   []byte // its hashes, one behind the other
	Count                    int
	Sequence                 uint64
	Reason                   string
}

// MarshalCBOR implements cbor.Marshaler.
func (w *Work) MarshalCBOR() ([]byte, error) {
	out := workWire{
		Boot: w.Boot, Sequence: w.Sequence, At: w.At, Why: w.Why, Txs: w.Txs, Bodies: w.Bodies, Split: w.Split, Owners: w.Owners, Ledger: w.Ledger,
	}
	if p := w.Parts; p != nil {
		out.Parts = &partsWire{
			Tip: p.Tip.Hash.Bytes(), Height: p.Tip.Height, Bits: p.Tip.Bits, Seed: p.Tip.Seed.Bytes(), MedianTime: p.Tip.MedianTime,
			Timestamp: p.Timestamp, Fees: p.Fees, Gas: p.Gas, Payee: p.Payee.Address, Program: p.Payee.Program, Tag: p.Tag,
			StatusRoot: p.StatusRoot[:], Count: p.Count, Sequence: p.Sequence, Reason: string(p.Reason),
		}
		for i := range p.Branch {
			out.Parts.Branch = append(out.Parts.Branch, p.Branch[i][:]...)
		}
	}
	return cbor.Marshal(&out)
}

// UnmarshalCBOR implements cbor.Unmarshaler.
func (w *Work) UnmarshalCBOR(data []byte) error {
	var in workWire
	if err := decoding.Unmarshal(data, &in); err != nil {
		return err
	}
	*w = Work{
		Boot: in.Boot, Sequence: in.Sequence, At: in.At, Why: in.Why, Txs: in.Txs, Bodies: in.Bodies, Split: in.Split, Owners: in.Owners, Ledger: in.Ledger,
	}
	if in.Parts == nil {
		return nil
	}
	var err error
	w.Parts, err = in.Parts.parts()
	return err
}

func (p *partsWire) parts() (*mining.Parts, error) {
	for name, hash := range map[string][]byte{"tip": p.Tip, "seed": p.Seed, "status root": p.StatusRoot} {
		if len(hash) != 32 {
			return nil, fmt.Errorf("%s of %d bytes, expected a hash of 32", name, len(hash))
		}
	}
	if len(p.Branch)%32 != 0 {
		return nil, fmt.Errorf("branch of %d bytes, expected hashes of 32", len(p.Branch))
	}
	out := &mining.Parts{
		Tip: mining.Tip{
			Hash: bc.NewHash([32]byte(p.Tip)), Height: p.Height, Bits: p.Bits, Seed: bc.NewHash([32]byte(p.Seed)), MedianTime: p.MedianTime,
		},
		Timestamp: p.Timestamp, Fees: p.Fees, Gas: p.Gas, Payee: mining.Payee{Address: p.Payee, Program: p.Program}, Tag: p.Tag,
		StatusRoot: [32]byte(p.StatusRoot), Count: p.Count, Sequence: p.Sequence, Reason: mining.Reason(p.Reason),
	}
	for rest := p.Branch; len(rest) > 0; rest = rest[32:] {
		out.Branch = append(out.Branch, [32]byte(rest))
	}
	return out, nil
}
