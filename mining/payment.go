package mining

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc/types"
)

// Payment is whom and what a coinbase pays, as read from its serialized bytes.
type Payment struct {
	// Program is the control program of its only output, Amount what that is paid.
	Program []byte
	Amount  uint64
	// Arbitrary is its arbitrary data, Raw the transaction as it goes over the wire.
	Arbitrary, Raw []byte
}

// errPayeeMoved means that the payee was changed during the build.
var errPayeeMoved = errors.New("the payee changed during the build")

// mostMoves is how many builds, one after the other, may find another payee at their end than
// at their start, each without a PayeeChanged between. A change under way explains one.
const mostMoves = 20

// decodePayment reads the text form of a coinbase.
func decodePayment(text []byte) (p Payment, tx *types.Tx, err error) {
	tx = new(types.Tx)
	if err := Decode(tx, text); err != nil {
		return p, nil, fmt.Errorf("decode the coinbase: %w", err)
	}
	if len(tx.Inputs) != 1 || tx.Inputs[0].InputType() != types.CoinbaseInputType {
		return p, nil, errors.New("the coinbase's input is none of a coinbase")
	}
	if n := len(tx.Outputs); n != 1 {
		return p, nil, fmt.Errorf("the coinbase has %d outputs, expected 1", n)
	}
	out := tx.Outputs[0]
	if *out.AssetId != *consensus.BTMAssetID {
		return p, nil, fmt.Errorf("the coinbase pays asset %s, expected BTM", out.AssetId.String())
	}
	p = Payment{Program: out.ControlProgram, Amount: out.Amount, Arbitrary: tx.Inputs[0].TypedInput.(*types.CoinbaseInput).Arbitrary}
	p.Raw, err = hex.DecodeString(string(text))
	return p, tx, err
}

// Payment decodes the coinbase that the template's jobs hash, with an extranonce of zero.
// It fails where the coinbase is not the one that the id of each job is computed of, or pays
// something else with another extranonce.
func (t *Template) Payment() (Payment, error) {
	first, err := t.coinbase.payment(0)
	if err != nil {
		return Payment{}, err
	}
	other, err := t.coinbase.payment(math.MaxUint64)
	if err != nil {
		return Payment{}, err
	}
	if !bytes.Equal(first.Program, other.Program) || first.Amount != other.Amount {
		return Payment{}, errors.New("the extranonce changes what the coinbase pays")
	}
	if a, b := first.Arbitrary, other.Arbitrary; len(a) != len(b) || !bytes.Equal(a[:len(a)-extranonceSize], b[:len(b)-extranonceSize]) {
		return Payment{}, errors.New("the extranonce changes more than the end of the coinbase's arbitrary data")
	}
	return first, nil
}

// payment decodes the coinbase with an extranonce, and compares it with what is hashed.
func (c *coinbase) payment(extranonce uint64) (Payment, error) {
	if len(c.arbitrary) < extranonceSize {
		return Payment{}, errors.New("the coinbase has no room for an extranonce")
	}
	_, text, _, err := c.data(extranonce)
	if err != nil {
		return Payment{}, err
	}
	p, tx, err := decodePayment(text)
	if err != nil {
		return p, err
	}
	if id := c.id(extranonce); tx.ID.Byte32() != id {
		return p, fmt.Errorf("jobs hash the coinbase %x, but its bytes are those of %s", id, tx.ID.String())
	}
	return p, nil
}

// prove decodes the template's coinbase and compares it with whom and what it should pay.
// From then on the template is intact for as long as its coinbase stays the same.
func (t *Template) prove(program []byte) error {
	p, err := t.Payment()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPayeeMismatch, err)
	}
	due := consensus.BlockSubsidy(t.Height) + t.feesDue()
	if p.Amount != due {
		return fmt.Errorf("%w: the coinbase of block %d pays %d, expected %d", ErrPayeeMismatch, t.Height, p.Amount, due)
	}
	if !bytes.Equal(p.Program, program) {
		return fmt.Errorf("%w: the coinbase of block %d pays the program %x, expected %x", ErrPayeeMismatch, t.Height, p.Program, program)
	}
	t.proven = t.coinbase.clone()
	return nil
}

// feesDue are the fees of the transactions, as they are known here.
func (t *Template) feesDue() (sum uint64) {
	if t.later != nil {
		return t.Fees
	}
	for _, c := range t.Chosen {
		sum += c.Fee
	}
	return sum
}

// intact reports whether the coinbase that jobs are rolled from is still the one that was
// decoded and compared. It costs some nanoseconds, so that each job can be asked.
func (t *Template) intact() bool { return t.proven != nil && t.proven.equal(t.coinbase) }

// clone is a copy that shares nothing.
func (c *coinbase) clone() *coinbase {
	copied := &coinbase{amount: c.amount, program: clone(c.program), arbitrary: clone(c.arbitrary), layers: c.layers}
	for i := range copied.layers {
		l := &copied.layers[i]
		l.Prefix, l.Suffix = clone(l.Prefix), clone(l.Suffix)
	}
	return copied
}

// equal compares all that a job is rolled from.
func (c *coinbase) equal(o *coinbase) bool {
	if c.amount != o.amount || !bytes.Equal(c.program, o.program) || !bytes.Equal(c.arbitrary, o.arbitrary) {
		return false
	}
	for i := range c.layers {
		a, b := &c.layers[i], &o.layers[i]
		if a.Tag != b.Tag || !bytes.Equal(a.Prefix, b.Prefix) || !bytes.Equal(a.Suffix, b.Suffix) {
			return false
		}
	}
	return true
}

// prove is Template.prove for a template of a draft. The generator's payee is asked for
// again, as the template's own word proves nothing. A change of the payee meanwhile is no
// mismatch: a template of the former one is replaced.
func (g *Generator) prove(t *Template, d draft) error {
	expected := d.payee.Program
	if !d.requested {
		var err error
		if expected, err = g.cfg.Expected(); err != nil {
			return g.accuse(err)
		}
	}
	err := t.prove(expected)
	if err == nil {
		return nil
	}
	if bytes.Equal(expected, d.payee.Program) {
		return g.accuse(err)
	}
	if other := t.prove(d.payee.Program); other != nil {
		return g.accuse(other)
	}
	if g.requests.Load() != d.requests {
		return nil // It pays the former one, and its replacement is asked for already.
	}
	if t.proven = nil; d.moves >= mostMoves {
		return g.accuse(err)
	}
	return errPayeeMoved
}

// Mismatch is a failure to prove whom a job pays.
type Mismatch struct {
	At  time.Time
	Err error
}

// accuse keeps a mismatch for Mismatch, and returns it.
func (g *Generator) accuse(err error) error {
	if errors.Is(err, ErrPayeeMismatch) {
		g.mismatch.Store(&Mismatch{time.Now(), err})
	}
	return err
}

// Mismatch is the latest failure to prove whom a job pays; nil if there was none. That job
// was handed out to nobody.
func (g *Generator) Mismatch() *Mismatch { return g.mismatch.Load() }

// vouch is nil for a template whose coinbase is still the one that was proven. For any other
// a new one is built.
func (g *Generator) vouch(t *Template) error {
	if t.intact() {
		return nil
	}
	mark(g.forced)
	return g.accuse(fmt.Errorf("%w: the coinbase of block %d is not the one that was decoded and compared", ErrPayeeMismatch, t.Height))
}
