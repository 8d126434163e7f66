package payout

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// Hex is bytes that are hexadecimal in JSON.
type Hex []byte

// String is the bytes in hexadecimal.
func (h Hex) String() string { return hex.EncodeToString(h) }

// MarshalText is the bytes in hexadecimal.
func (h Hex) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText is MarshalText's reverse.
func (h *Hex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// FundState says what may be done with a fund.
type FundState string

// The states of a fund.
const (
	// FundReady: it may be spent.
	FundReady FundState = "ready"
	// FundStaged: a batch that is not paid yet spends it, and no other may.
	FundStaged FundState = "staged"
	// FundSpent: a paid batch spent it.
	FundSpent FundState = "spent"
	// FundTaken: a transaction that is none of ours spent it.
	FundTaken FundState = "taken"
	// FundAbsent: the block or the batch that it is of is not on the main chain.
	FundAbsent FundState = "absent"
)

// Fund is an output that payouts may spend: the coinbase of a settled block once that may be
// spent, or the change of a paid batch.
type Fund struct {
	Output    bc.Hash   `json:"output"`
	SourceID  bc.Hash   `json:"source_id"`
	SourcePos uint64    `json:"source_pos"`
	Amount    uint64    `json:"amount"`
	Program   Hex       `json:"program"`
	State     FundState `json:"state"`
	// Height is that of its block, for the order of spending: the oldest first.
	Height uint64 `json:"height"`
	// Block is the block whose coinbase it is, Batch the batch whose change it is.
	Block *bc.Hash `json:"block,omitempty"`
	Batch *bc.Hash `json:"batch,omitempty"`
	// UsedBy is the batch that spends it.
	UsedBy *bc.Hash `json:"used_by,omitempty"`
}

// Payment is what one owner gets of a batch, in neu.
type Payment struct {
	Owner  string `json:"owner"`
	Amount uint64 `json:"amount"`
}

// BatchState is a stage in the life of a batch.
type BatchState string

// The states of a batch, in their usual order.
const (
	// BatchStored: its transaction is on the disk, unsigned.
	BatchStored BatchState = "stored"
	// BatchSigned: the signed transaction is on the disk, and may have been submitted.
	BatchSigned BatchState = "signed"
	// BatchMined: the transaction is in a block of the main chain.
	BatchMined BatchState = "mined"
	// BatchPaid: that block is deep enough.
	BatchPaid BatchState = "paid"
	// BatchGivenUp: it can't be mined any more; what it would have paid is payable again.
	BatchGivenUp BatchState = "given up"
	// BatchConflict: an input was spent by another transaction; payable again, too.
	BatchConflict BatchState = "conflict"
)

// Batch is a transaction that pays owners, from before it was signed to its end.
type Batch struct {
	// ID is the transaction's, which does not depend on its signatures.
	ID bc.Hash `json:"id"`
	// Number counts the batches.
	Number uint64    `json:"number"`
	At     time.Time `json:"at"`
	// Unsigned and Signed are the transaction's bytes as they go over the wire; Signed is
	// empty until there is one.
	Unsigned Hex `json:"unsigned"`
	Signed   Hex `json:"signed,omitempty"`
	// Inputs are the funds that it spends.
	Inputs   []bc.Hash `json:"inputs"`
	Payments []Payment `json:"payments"`
	Fee      uint64    `json:"fee"`
	// Change is the output that comes back; nil if none does. It is a fund once the batch is
	// paid. Its State and Height are not looked at.
	Change *Fund `json:"change,omitempty"`
	// TimeRange is the last height at which the transaction is valid; Height the best chain's
	// when it was stored.
	TimeRange uint64     `json:"time_range"`
	Height    uint64     `json:"height"`
	State     BatchState `json:"state"`
	// Block has the transaction, and MinedAt is that block's height, while it is mined or paid.
	Block   *bc.Hash `json:"block,omitempty"`
	MinedAt uint64   `json:"mined_at,omitempty"`
	// Conflict is why it is in conflict, or was to be when the operator was last told.
	Conflict string `json:"conflict,omitempty"`
}

// Open reports whether the batch may still be mined, as far as is known, and is not paid.
func (b Batch) Open() bool {
	return b.State == BatchStored || b.State == BatchSigned || b.State == BatchMined
}

// Paid is what all its owners get together.
func (b Batch) Paid() (sum uint64) {
	for _, p := range b.Payments {
		sum += p.Amount
	}
	return sum
}

// Tx is the batch's transaction: the signed one, or the unsigned where none is.
func (b Batch) Tx() (*types.Tx, error) {
	raw := b.Signed
	if len(raw) == 0 {
		raw = b.Unsigned
	}
	return TxOf(raw)
}

// TxOf reads a transaction's bytes as they go over the wire, RawTx's reverse. Bytom's own reader panics on
// some that make no sense: here that is an error.
func TxOf(raw Hex) (tx *types.Tx, err error) {
	defer func() {
		if p := recover(); p != nil {
			tx, err = nil, fmt.Errorf("a transaction of %d bytes: %v", len(raw), p)
		}
	}()
	tx = new(types.Tx)
	if err := tx.UnmarshalText([]byte(raw.String())); err != nil {
		return nil, fmt.Errorf("a transaction of %d bytes: %w", len(raw), err)
	}
	return tx, nil
}

// RawTx is a transaction's bytes as they go over the wire.
func RawTx(tx *types.Tx) (Hex, error) {
	text, err := tx.TxData.MarshalText()
	if err != nil {
		return nil, fmt.Errorf("serialise a transaction: %w", err)
	}
	var raw Hex
	return raw, raw.UnmarshalText(text)
}

// ChangeOf is the fund that an output of a batch's transaction is, for Batch.Change.
func ChangeOf(tx *types.Tx, position int) (*Fund, error) {
	f, err := fundOf(tx, position)
	if err == nil {
		id := tx.ID
		f.Batch = &id
	}
	return f, err
}

// fundOf is the fund that an output of a transaction is.
func fundOf(tx *types.Tx, position int) (*Fund, error) {
	if position >= len(tx.ResultIds) {
		return nil, fmt.Errorf("transaction %s has %d outputs, expected one at %d", tx.ID.String(), len(tx.ResultIds), position)
	}
	id := *tx.OutputID(position)
	out, err := tx.Output(id)
	if err != nil {
		return nil, fmt.Errorf("output %d of transaction %s: %w", position, tx.ID.String(), err)
	}
	return &Fund{
		Output: id, SourceID: *out.Source.Ref, SourcePos: out.Source.Position,
		Amount: out.Source.Value.Amount, Program: out.ControlProgram.Code,
	}, nil
}
