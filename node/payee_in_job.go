package node

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/bytom/bytom/common"
	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/mining"
)

// WorkStats is the work of now, as far as it can be read from the coinbase that is hashed.
type WorkStats struct {
	Height uint64 `json:"height"`
	// Payee is whom the work was built for, Reward what the coinbase pays, in the smallest
	// unit of BTM, Transactions how many stand behind it.
	Payee        string `json:"payee"`
	Reward       uint64 `json:"reward"`
	Transactions int    `json:"transactions"`
	// Coinbase is the transaction that is hashed, and Arbitrary its arbitrary data, both in
	// hexadecimal. Each job has a number of its own in the last eight bytes of Arbitrary,
	// which are zeros here.
	Coinbase  string `json:"coinbase"`
	Arbitrary string `json:"arbitrary"`
	// Paid is the address that Coinbase pays, decoded from it. Matches tells whether that
	// is the mining address, or just was, and Reward the subsidy with the fees.
	Paid    string `json:"paid"`
	Matches bool   `json:"matches"`
}

// expected is the program that coinbases must pay: that of the address as people write it,
// decoded each time, so that it shares nothing with what templates are built of.
func (p *payees) expected() ([]byte, error) {
	payee, err := p.payee()
	if err != nil || payee.Address == "" { // The wallet has programs without an address.
		return payee.Program, err
	}
	decoded, err := parsePayee(payee.Address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", mining.ErrPayeeMismatch, err)
	}
	return decoded.Program, nil
}

// moveTime is how long the template of a former payee may be there after a change of the payee.
const moveTime = 10 * time.Second

// justMoved reports whether the payee was changed a moment ago.
func (p *payees) justMoved(now time.Time) bool {
	return now.Sub(time.Unix(p.moved.Load(), 0)) < moveTime
}

// workStats reads a template's coinbase.
func (n *Node) workStats(t *mining.Template) *WorkStats {
	w := &WorkStats{Height: t.Height, Payee: t.Payee.Address, Transactions: len(t.Txs)}
	p, err := t.Payment()
	if err != nil {
		return w
	}
	w.Reward, w.Coinbase, w.Arbitrary, w.Paid = p.Amount, hex.EncodeToString(p.Raw), hex.EncodeToString(p.Arbitrary), programAddress(p.Program)
	program, err := n.payees.expected()
	if own, e := parsePayee(t.Payee.Address); err == nil && e == nil && n.payees.justMoved(time.Now()) && bytes.Equal(p.Program, own.Program) {
		program = own.Program // It was built before the change, and is being replaced.
	}
	w.Matches = err == nil && bytes.Equal(p.Program, program) && p.Amount == consensus.BlockSubsidy(t.Height)+t.Fees
	return w
}

// programAddress is a program's address on the active network; the program in hexadecimal if it
// has none.
func programAddress(program []byte) string {
	text := hex.EncodeToString(program)
	net := &consensus.ActiveNetParams
	switch payee := (mining.Payee{Program: program}); {
	case payee.Check() != nil:
	case len(program) == 22:
		if a, err := common.NewAddressWitnessPubKeyHash(program[2:], net); err == nil {
			return a.EncodeAddress()
		}
	default:
		if a, err := common.NewAddressWitnessScriptHash(program[2:], net); err == nil {
			return a.EncodeAddress()
		}
	}
	return text
}
