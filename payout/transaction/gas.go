package transaction

import (
	"errors"
	"fmt"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// Bytom measures a transaction in gas: a byte on the wire is one, and what its inputs'
// programs compute is more. The fee buys it, VMGasRate neu each, up to MaxGasAmount.
const (
	// maxGas is what one transaction may use in all; no fee buys more.
	maxGas = uint64(consensus.MaxGasAmount)
	// maxChecks is what its inputs' programs may use together: they run before the chain
	// knows that the fee pays for the rest.
	maxChecks = uint64(consensus.DefaultGasCredit)
	// keyCheck is what the program of one key uses. That of a script is by scriptCheck.
	keyCheck = 1409

	signatureSize = 64
	keySize       = 32
)

var (
	// ErrProgram is the kind of error of a program that no standard transaction has.
	ErrProgram = errors.New("neither P2WPKH nor P2WSH")
	// ErrScript is the kind of error of an input whose script's keys are not known.
	ErrScript = errors.New("the script's keys and quorum are needed")
)

// Input is an output that a transaction spends. Amount is in neu.
type Input struct {
	SourceID  bc.Hash
	SourcePos uint64
	Amount    uint64
	Program   []byte
	// Keys and Quorum are those of a script of several keys; not looked at for one key.
	Keys, Quorum int
}

// Payment is an output that pays an owner. Amount is in neu.
type Payment struct {
	Owner   string
	Program []byte
	Amount  uint64
}

// IsKey reports whether a program pays to one key (P2WPKH).
func IsKey(program []byte) bool {
	return len(program) == 2+consensus.PayToWitnessPubKeyHashDataSize && program[0] == 0 && program[1] == consensus.PayToWitnessPubKeyHashDataSize
}

// IsScript reports whether a program pays to a script (P2WSH).
func IsScript(program []byte) bool {
	return len(program) == 2+consensus.PayToWitnessScriptHashDataSize && program[0] == 0 && program[1] == consensus.PayToWitnessScriptHashDataSize
}

// Standard is nil for a program that peers relay and blocks may have, and that somebody has
// the key of: Bytom calls more programs standard, which anybody or nobody can spend.
func Standard(program []byte) error {
	if !IsKey(program) && !IsScript(program) {
		return fmt.Errorf("program %x: %w", program, ErrProgram)
	}
	return nil
}

// scriptCheck is what a script of several keys uses, whatever its quorum; one of a single key,
// a little more than by that.
func scriptCheck(keys int) uint64 {
	if keys == 1 {
		return 1458
	}
	return 1058*uint64(keys) + 373
}

// check is what an input's program uses.
func (in Input) check() uint64 {
	if IsKey(in.Program) {
		return keyCheck
	}
	return scriptCheck(in.Keys)
}

// valid is nil for an input that can be spent.
func (in Input) valid() error {
	if err := Standard(in.Program); err != nil {
		return err
	}
	if IsScript(in.Program) && (in.Quorum < 1 || in.Keys < in.Quorum) {
		return fmt.Errorf("program %x, %d keys, %d signatures: %w", in.Program, in.Keys, in.Quorum, ErrScript)
	}
	return nil
}

// blank is the input with arguments of the size that those of a signed one have.
func (in Input) blank() *types.TxInput {
	var arguments [][]byte
	if IsKey(in.Program) {
		arguments = [][]byte{make([]byte, signatureSize), make([]byte, keySize)}
	} else {
		for range in.Quorum {
			arguments = append(arguments, make([]byte, signatureSize))
		}
		// Each key behind its length; two operations, and two numbers of two bytes at most.
		arguments = append(arguments, make([]byte, in.Keys*(1+keySize)+6))
	}
	spent := in.unsigned()
	spent.SetArguments(arguments)
	return spent
}

func (in Input) unsigned() *types.TxInput {
	return types.NewSpendInput(nil, in.SourceID, *consensus.BTMAssetID, in.Amount, in.SourcePos, in.Program)
}

func output(program []byte, amount uint64) *types.TxOutput {
	return types.NewTxOutput(*consensus.BTMAssetID, amount, program)
}

// size is a transaction's in bytes.
func size(data types.TxData) uint64 {
	n, err := data.WriteTo(discard{})
	if err != nil {
		panic(err) // discard has none, and the format none for what is built here.
	}
	return uint64(n)
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// empty is a transaction's size without inputs and outputs; its counts may get longer by
// four bytes.
func empty(timeRange uint64) uint64 {
	return size(types.TxData{Version: 1, TimeRange: timeRange}) + 4
}

// gas is what an input adds to its transaction's.
func (in Input) gas() uint64 {
	return size(types.TxData{Version: 1, Inputs: []*types.TxInput{in.blank()}}) - size(types.TxData{Version: 1}) + in.check()
}

// outputGas is what an output adds to its transaction's.
func outputGas(program []byte, amount uint64) uint64 {
	return size(types.TxData{Version: 1, Outputs: []*types.TxOutput{output(program, amount)}}) - size(types.TxData{Version: 1})
}

// fee is what gas costs, in neu.
func fee(gas uint64) uint64 { return gas * uint64(consensus.VMGasRate) }
