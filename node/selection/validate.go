package selection

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/consensus/segwit"
	"github.com/bytom/bytom/database/storage"
	"github.com/bytom/bytom/errors"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/validation"
	"github.com/bytom/bytom/protocol/vm"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/pin"
)

// Validated is what Bytom's validation says of a transaction by itself, whatever
// its inputs. It is immutable.
type Validated struct {
	// Candidate is what it pays and takes, if it can stand in a block at all.
	mining.Candidate
	// Invalid says why it can't. It is of kind mining.ErrBadTx.
	Invalid error
	// from and to are the lowest and the highest height of a block for which a new
	// validation is sure to say the same.
	from, to uint64
}

// holds reports whether this is the result for a transaction at a height. An id does
// not cover the witness arguments, which decide whether a program is satisfied, so
// only the very same transaction will do.
func (v *Validated) holds(tx *types.Tx, height uint64) bool {
	return v != nil && v.Tx == tx && v.from <= height && height <= v.to
}

// validateAll validates transactions for a block, on all cores. Where ctx ends it
// returns its error and the results so far: the others are nil.
func validateAll(ctx context.Context, txs []*types.Tx, block *bc.Block) ([]*Validated, error) {
	results := make([]*Validated, len(txs))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(pin.Cores(), len(txs)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(txs) {
					return
				}
				results[i] = Validate(txs[i], block)
			}
		})
	}
	workers.Wait()
	return results, ctx.Err()
}

// Validate validates a transaction for a block. Some shapes that the wire can carry
// make Bytom's validation panic, such as an input of an unknown version below
// standardInputs, or a coinbase with two inputs; here they are invalid.
func Validate(tx *types.Tx, block *bc.Block) (v *Validated) {
	v = &Validated{Candidate: mining.Candidate{Tx: tx}, from: block.Height, to: block.Height}
	defer func() {
		if p := recover(); p != nil {
			v.Invalid = fmt.Errorf("%w: its validation failed: %v", mining.ErrBadTx, p)
		}
	}()
	gas, err := validation.ValidateTx(tx.Tx, block)
	v.from, v.to = sameResult(tx.Tx, block.Height)
	switch {
	case err != nil && !gas.GasValid:
		v.Invalid = txFault(tx, block.Height, err)
	case gas.GasUsed < 0:
		v.Invalid = fmt.Errorf("%w: it takes %d gas", mining.ErrBadTx, gas.GasUsed)
	default:
		// One that fails but for its gas still pays it.
		v.Fee, v.Gas, v.GasOnly = gas.BTMValue, uint64(gas.GasUsed), err != nil
	}
	return v
}

// txFault is an error of Bytom's validation without its trail, which holds whole
// programs and arguments.
func txFault(tx *types.Tx, height uint64, err error) error {
	root, detail := errors.Root(err), errors.Detail(err)
	switch root {
	case validation.ErrBadTimeRange:
		detail = fmt.Sprintf("time range %d, expected 0 or at least the block's height %d", tx.TimeRange, height)
	case validation.ErrNotStandardTx:
		detail = "a program of BTM is neither P2WPKH, P2WSH, OP_TRUE nor OP_FAIL"
	}
	if detail == "" || detail == root.Error() {
		return fmt.Errorf("%w: %w", mining.ErrBadTx, root)
	}
	return fmt.Errorf("%w: %w: %s", mining.ErrBadTx, root, detail)
}

// standardInputs is the height from which on Bytom refuses transactions with an
// input that its map of entries has not: one of an unknown version, or the second
// of two that spend the same output.
const standardInputs = 142500

// sameResult is the range of heights around one in which the validation of a
// transaction can't change. A block's height has three ways into the validation
// (validation.ValidateTx of Bytom v1.1.1): the transaction's time range, the rule
// that began at standardInputs, and programs that ask for it by OP_BLOCKHEIGHT.
func sameResult(tx *bc.Tx, height uint64) (from, to uint64) {
	if readsHeight(tx) {
		return height, height
	}
	from, to = 0, math.MaxUint64
	if last := tx.TimeRange; last != 0 && height <= last {
		to = last
	} else if last != 0 {
		from = last + 1
	}
	for _, id := range tx.InputIDs {
		if !id.IsZero() {
			continue
		}
		if height < standardInputs {
			to = min(to, standardInputs-1)
		} else {
			from = max(from, standardInputs)
		}
	}
	return from, to
}

// readsHeight reports whether one of the programs that validate a transaction may
// read the block's height. It never says no wrongly.
func readsHeight(tx *bc.Tx) bool {
	for _, e := range tx.Entries {
		switch e := e.(type) {
		case *bc.Spend:
			out, err := tx.Output(*e.SpentOutputId)
			if err != nil || spendReadsHeight(out.ControlProgram.Code, e.WitnessArguments) {
				return true
			}
		case *bc.Issuance:
			if programReadsHeight(e.WitnessAssetDefinition.IssuanceProgram.Code) {
				return true
			}
		}
	}
	return false
}

// spendReadsHeight follows what the virtual machine makes of a control program: a
// P2WPKH becomes a fixed program without OP_BLOCKHEIGHT, a P2WSH one that runs the
// last argument, all others are run as they are.
func spendReadsHeight(prog []byte, args [][]byte) bool {
	if segwit.IsP2WPKHScript(prog) {
		if _, err := segwit.ConvertP2PKHSigProgram(prog); err == nil {
			return false
		}
	} else if segwit.IsP2WSHScript(prog) {
		if _, err := segwit.ConvertP2SHProgram(prog); err == nil {
			return len(args) > 0 && programReadsHeight(args[len(args)-1])
		}
	}
	return programReadsHeight(prog)
}

// programReadsHeight reports whether a program may execute OP_BLOCKHEIGHT, or run as
// a predicate what it computed itself. Jumps can lead into the midst of data: with
// one, any byte counts.
func programReadsHeight(prog []byte) bool {
	anyByte := bytes.IndexByte(prog, byte(vm.OP_BLOCKHEIGHT)) >= 0 || bytes.IndexByte(prog, byte(vm.OP_CHECKPREDICATE)) >= 0
	instructions, err := vm.ParseProgram(prog)
	if err != nil {
		return anyByte
	}
	for _, in := range instructions {
		switch in.Op {
		case vm.OP_BLOCKHEIGHT, vm.OP_CHECKPREDICATE:
			return true
		case vm.OP_JUMP, vm.OP_JUMPIF:
			return anyByte
		}
	}
	return false
}

// Why an output can't be spent.
var (
	errMissing  = fmt.Errorf("%w: no such output", mining.ErrBadInput)
	errSpent    = fmt.Errorf("%w: already spent", mining.ErrBadInput)
	errImmature = fmt.Errorf("%w: immature coinbase", mining.ErrBadInput)
)

// checkInputs says which output that a transaction spends can't be, in a block of a
// height. entry is what is known of an output, nil if there is none. The rules are
// those of state.UtxoViewpoint.ApplyTransaction, which would stop halfway and does
// not say where.
func checkInputs(tx *bc.Tx, gasOnly bool, height uint64, entry func(bc.Hash) *storage.UtxoEntry) error {
	for _, id := range tx.SpentOutputIDs {
		if !moves(tx, id, gasOnly) {
			continue
		}
		e := entry(id)
		switch {
		case e == nil:
			return fmt.Errorf("%w: input %s", errMissing, id.String())
		case e.Spent:
			return fmt.Errorf("%w: input %s", errSpent, id.String())
		case e.IsCoinBase && e.BlockHeight+consensus.CoinbasePendingBlockNumber > height:
			return fmt.Errorf("%w: input %s can be spent from height %d on, the block's is %d", errImmature,
				id.String(), e.BlockHeight+consensus.CoinbasePendingBlockNumber, height)
		}
	}
	return nil
}

// moves reports whether an output that a transaction spends or creates is really spent
// or created: where the transaction fails but for its gas, that goes for BTM alone.
func moves(tx *bc.Tx, id bc.Hash, gasOnly bool) bool {
	out, err := tx.Output(id)
	return err == nil && (!gasOnly || *out.Source.Value.AssetId == *consensus.BTMAssetID)
}
