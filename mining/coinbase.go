package mining

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc/types"
)

// extranonceSize is the length of the extranonce at the end of the coinbase's
// arbitrary data: four bytes of lease and four of roll, both big-endian.
const extranonceSize = 8

// MaxTag is the longest operator's tag, in bytes, that fits between the height
// and the extranonce of a coinbase at any height.
const MaxTag = consensus.CoinbaseArbitrarySizeLimit - 1 - 20 - extranonceSize

// Payee is the recipient of a coinbase's output.
type Payee struct {
	// Address is the payee as people write it.
	Address string
	// Program is the control program that Address stands for.
	Program []byte
}

// Check refuses programs that anyone could spend, or that the rules of Bytom do
// not allow in a coinbase: what is left is P2WPKH (00 14 ‖ 20 bytes) and P2WSH
// (00 20 ‖ 32 bytes). The error is of kind ErrNoPayee.
func (p Payee) Check() error {
	if n := len(p.Program); (n == 22 || n == 34) && p.Program[0] == 0 && int(p.Program[1]) == n-2 {
		return nil
	}
	return fmt.Errorf("%w: program %x of %q is neither P2WPKH nor P2WSH", ErrNoPayee, p.Program, p.Address)
}

// coinbase is the transaction that pays for a block, ready to take any
// extranonce. The id of a coinbase is four entry ids, each over the one before;
// layers holds the bytes around them, so that a new extranonce costs eight
// Keccak permutations and no knowledge of transactions.
type coinbase struct {
	amount    uint64
	program   []byte
	arbitrary []byte // extranonce zero
	layers    [4]Layer
}

// Layer is one of the four entry ids that a coinbase's id is chained of: SHA3(tag ‖
// SHA3(prefix ‖ inner ‖ suffix)), inner being the extranonce at first and then the
// layer before.
type Layer struct {
	Tag            string
	Prefix, Suffix []byte
}

func newCoinbase(height, amount uint64, payee Payee, tag []byte) (*coinbase, error) {
	if err := payee.Check(); err != nil {
		return nil, err
	}
	// The height comes first, by convention: without it two coinbases of equal
	// amounts would share an id.
	head := append([]byte{0}, strconv.AppendUint(nil, height, 10)...)
	head = append(head, tag...)
	size := len(head) + extranonceSize
	if size > consensus.CoinbaseArbitrarySizeLimit {
		return nil, fmt.Errorf("coinbase tag of %d bytes is too long: at most %d fit", len(tag), MaxTag)
	}
	u64 := binary.LittleEndian.AppendUint64
	value := u64(consensus.BTMAssetID.Bytes(), amount)
	c := &coinbase{amount: amount, program: payee.Program}
	c.arbitrary = append(append([]byte(nil), head...), make([]byte, extranonceSize)...)
	c.layers = [4]Layer{
		{Tag: "entryid:coinbase1:", Prefix: append(binary.AppendUvarint(nil, uint64(size)), head...)},
		{
			// One source; its value and position; vm version 1, program OP_TRUE.
			Tag: "entryid:mux1:", Prefix: []byte{1},
			Suffix: append(u64(u64(clone(value), 0), 1), 1, 0x51),
		},
		{
			Tag:    "entryid:output1:",
			Suffix: append(binary.AppendUvarint(u64(u64(clone(value), 0), 1), uint64(len(payee.Program))), payee.Program...),
		},
		// Version 1, no time range, one result.
		{Tag: "entryid:txheader:", Prefix: append(u64(u64(nil, 1), 0), 1)},
	}
	return c, nil
}

// tag is the operator's part of the arbitrary data, of a block of this height.
func (c *coinbase) tag(height uint64) []byte {
	return c.arbitrary[1+len(strconv.FormatUint(height, 10)) : len(c.arbitrary)-extranonceSize]
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }

// id is the transaction's id with an extranonce. It allocates nothing.
func (c *coinbase) id(extranonce uint64) [32]byte {
	var buf [consensus.CoinbaseArbitrarySizeLimit + 64]byte
	var inner [32]byte
	binary.BigEndian.PutUint64(inner[:], extranonce)
	size := extranonceSize
	for i := range c.layers {
		l := &c.layers[i]
		n := copy(buf[:], l.Prefix)
		n += copy(buf[n:], inner[:size])
		n += copy(buf[n:], l.Suffix)
		inner = entryID(l.Tag, buf[:n])
		size = len(inner)
	}
	return inner
}

// data is the transaction with an extranonce, its text form, and its arbitrary data.
func (c *coinbase) data(extranonce uint64) (data types.TxData, text, arbitrary []byte, err error) {
	arbitrary = clone(c.arbitrary)
	binary.BigEndian.PutUint64(arbitrary[len(arbitrary)-extranonceSize:], extranonce)
	data = types.TxData{
		Version: 1,
		Inputs:  []*types.TxInput{types.NewCoinbaseInput(arbitrary)},
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, c.amount, c.program)},
	}
	text, err = data.MarshalText()
	if err != nil {
		return data, nil, nil, fmt.Errorf("serialise the coinbase: %w", err)
	}
	// The stock node takes the length of the hex text for the size of a coinbase;
	// a transaction that went over the wire has the byte count.
	data.SerializedSize = uint64(len(text) / 2)
	return data, text, arbitrary, nil
}

// tx is the transaction with an extranonce.
func (c *coinbase) tx(extranonce uint64) (*types.Tx, error) {
	data, _, _, err := c.data(extranonce)
	if err != nil {
		return nil, err
	}
	return types.NewTx(data), nil
}
