// Package txtest builds transactions for tests.
package txtest

import (
	"crypto/sha3"
	"testing"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/crypto"
	"github.com/bytom/bytom/crypto/ed25519"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/vm"
)

// Fee pays for the gas of any transaction that this package builds, in the smallest unit
// of BTM.
const Fee = 10_000_000

// Key signs all that is signed here.
var Key = ed25519.NewKeyFromSeed(make([]byte, 32))

// PayToKey is the P2WPKH program of Key.
func PayToKey() []byte {
	return append([]byte{0, 20}, crypto.Ripemd160(Key.Public())...)
}

// PayToScript is the P2WSH program of a predicate.
func PayToScript(predicate []byte) []byte {
	hash := sha3.Sum256(predicate)
	return append([]byte{0, 32}, hash[:]...)
}

// Assemble is vm.Assemble for programs that are written down in a test.
func Assemble(t testing.TB, text string) []byte {
	t.Helper()
	prog, err := vm.Assemble(text)
	if err != nil {
		t.Fatal(err)
	}
	return prog
}

// Sized builds a transaction, of the size that it has on the wire.
func Sized(data types.TxData) *types.Tx {
	text, err := data.MarshalText()
	if err != nil {
		panic(err)
	}
	data.SerializedSize = uint64(len(text) / 2)
	return types.NewTx(data)
}

// Signed builds a transaction whose inputs are of Key.
func Signed(data types.TxData) *types.Tx {
	key := Key.Public()
	for _, in := range data.Inputs {
		in.SetArguments([][]byte{make([]byte, ed25519.SignatureSize), key}) // For the size.
	}
	tx := Sized(data)
	for i := range data.Inputs {
		hash := tx.SigHash(uint32(i))
		tx.SetInputArguments(uint32(i), [][]byte{ed25519.Sign(Key, hash.Bytes()), key})
	}
	return tx
}

// SignedTx spends an output of Key and pays all but the fee to it.
func SignedTx(source bc.Hash, amount, fee uint64) *types.Tx {
	return Signed(types.TxData{
		Version: 1,
		Inputs:  []*types.TxInput{types.NewSpendInput(nil, source, *consensus.BTMAssetID, amount, 0, PayToKey())},
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, amount-fee, PayToKey())},
	})
}

// SpendOf spends the first output of a transaction, which is of Key.
func SpendOf(tx *types.Tx, fee uint64) *types.Tx {
	out, err := tx.Output(*tx.ResultIds[0])
	if err != nil {
		panic(err)
	}
	return SignedTx(*out.Source.Ref, out.Source.Value.Amount, fee)
}

// FreeTx spends an output of amount, made by source at position 0, and leaves all
// but Fee to a program that anyone can spend.
func FreeTx(source bc.Hash, amount uint64) *types.Tx {
	data := types.TxData{
		Version: 1, SerializedSize: 150,
		Inputs:  []*types.TxInput{types.NewSpendInput(nil, source, *consensus.BTMAssetID, amount, 0, []byte{0x51})},
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, amount-Fee, []byte{0x51})},
	}
	return types.NewTx(data)
}

// FreeSpendOf spends the first output of a transaction, which anyone can spend, as FreeTx
// does.
func FreeSpendOf(tx *types.Tx) *types.Tx {
	out, err := tx.Output(*tx.ResultIds[0])
	if err != nil {
		panic(err)
	}
	return FreeTx(*out.Source.Ref, out.Source.Value.Amount)
}

// Conflicting spends what tx spends, in another way: it pays one more.
func Conflicting(tx *types.Tx) *types.Tx {
	return types.NewTx(types.TxData{
		Version: 1, SerializedSize: tx.SerializedSize, Inputs: tx.Inputs,
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, tx.Outputs[0].Amount-1, []byte{0x51})},
	})
}

// GasOnly pays in BTM and spends an asset, the second output of its maker, by a
// program that fails.
func GasOnly(t testing.TB, source, assetSource bc.Hash) *types.Tx {
	asset := bc.AssetID{V0: 9}
	return Sized(types.TxData{
		Version: 1,
		Inputs: []*types.TxInput{
			types.NewSpendInput(nil, source, *consensus.BTMAssetID, 1e9, 0, []byte{byte(vm.OP_TRUE)}),
			types.NewSpendInput(nil, assetSource, asset, 5, 1, Assemble(t, "1 2 EQUAL")),
		},
		Outputs: []*types.TxOutput{BTM(1e9-Fee, PayToKey()...), types.NewTxOutput(asset, 5, []byte{byte(vm.OP_TRUE)})},
	})
}

// MuxOf is the id that a spend of a transaction's outputs names as their source.
func MuxOf(tx *types.Tx) bc.Hash {
	out, err := tx.Output(*tx.ResultIds[0])
	if err != nil {
		panic(err)
	}
	return *out.Source.Ref
}

// Coinbase is a coinbase of one input and any outputs.
func Coinbase(arbitrary []byte, outputs ...*types.TxOutput) *types.Tx {
	return Sized(types.TxData{Version: 1, Inputs: []*types.TxInput{types.NewCoinbaseInput(arbitrary)}, Outputs: outputs})
}

// BTM is an output of an amount of BTM, in its smallest unit, to a program.
func BTM(amount uint64, prog ...byte) *types.TxOutput {
	return types.NewTxOutput(*consensus.BTMAssetID, amount, prog)
}
