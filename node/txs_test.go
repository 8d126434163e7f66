package node

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

const testFee = 10_000_000

// testKey signs all that is signed here.
var testKey = ed25519.NewKeyFromSeed(make([]byte, 32))

// payToKey is the P2WPKH program of testKey.
func payToKey() []byte {
	return append([]byte{0, 20}, crypto.Ripemd160(testKey.Public())...)
}

// payToScript is the P2WSH program of a predicate.
func payToScript(predicate []byte) []byte {
	hash := sha3.Sum256(predicate)
	return append([]byte{0, 32}, hash[:]...)
}

// assemble is vm.Assemble for programs that are written down here.
func assemble(t testing.TB, text string) []byte {
	t.Helper()
	prog, err := vm.Assemble(text)
	if err != nil {
		t.Fatal(err)
	}
	return prog
}

// sized makes a transaction, of the size that it has on the wire.
func sized(data types.TxData) *types.Tx {
	text, err := data.MarshalText()
	if err != nil {
		panic(err)
	}
	data.SerializedSize = uint64(len(text) / 2)
	return types.NewTx(data)
}

// signed makes a transaction whose inputs are of testKey.
func signed(data types.TxData) *types.Tx {
	key := testKey.Public()
	for _, in := range data.Inputs {
		in.SetArguments([][]byte{make([]byte, ed25519.SignatureSize), key}) // For the size.
	}
	tx := sized(data)
	for i := range data.Inputs {
		hash := tx.SigHash(uint32(i))
		tx.SetInputArguments(uint32(i), [][]byte{ed25519.Sign(testKey, hash.Bytes()), key})
	}
	return tx
}

// signedTx spends an output of testKey and pays all but the fee to it.
func signedTx(source bc.Hash, amount, fee uint64) *types.Tx {
	return signed(types.TxData{
		Version: 1,
		Inputs:  []*types.TxInput{types.NewSpendInput(nil, source, *consensus.BTMAssetID, amount, 0, payToKey())},
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, amount-fee, payToKey())},
	})
}

// spendOf spends the first output of a transaction, which is of testKey.
func spendOf(tx *types.Tx, fee uint64) *types.Tx {
	out, err := tx.Output(*tx.ResultIds[0])
	if err != nil {
		panic(err)
	}
	return signedTx(*out.Source.Ref, out.Source.Value.Amount, fee)
}

// spendTx spends an output of amount, made by source at position 0, and leaves all
// but the fee to a program that anyone can spend.
func spendTx(source bc.Hash, amount uint64) *types.Tx {
	data := types.TxData{
		Version: 1, SerializedSize: 150,
		Inputs:  []*types.TxInput{types.NewSpendInput(nil, source, *consensus.BTMAssetID, amount, 0, []byte{0x51})},
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, amount-testFee, []byte{0x51})},
	}
	return types.NewTx(data)
}

// child spends the only output of tx.
func child(tx *types.Tx) *types.Tx {
	out, err := tx.Output(*tx.ResultIds[0])
	if err != nil {
		panic(err)
	}
	return spendTx(*out.Source.Ref, out.Source.Value.Amount)
}

// conflicting spends what tx spends, in another way.
func conflicting(tx *types.Tx) *types.Tx {
	return types.NewTx(types.TxData{
		Version: 1, SerializedSize: tx.SerializedSize, Inputs: tx.Inputs,
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, tx.Outputs[0].Amount-1, []byte{0x51})},
	})
}

// gasOnlyTx pays in BTM and spends an asset, the second output of its maker, by a
// program that fails.
func gasOnlyTx(t testing.TB, source, assetSource bc.Hash) *types.Tx {
	asset := bc.AssetID{V0: 9}
	return sized(types.TxData{
		Version: 1,
		Inputs: []*types.TxInput{
			types.NewSpendInput(nil, source, *consensus.BTMAssetID, 1e9, 0, []byte{byte(vm.OP_TRUE)}),
			types.NewSpendInput(nil, assetSource, asset, 5, 1, assemble(t, "1 2 EQUAL")),
		},
		Outputs: []*types.TxOutput{btm(1e9-testFee, payToKey()...), types.NewTxOutput(asset, 5, []byte{byte(vm.OP_TRUE)})},
	})
}

func muxOf(tx *types.Tx) bc.Hash {
	out, err := tx.Output(*tx.ResultIds[0])
	if err != nil {
		panic(err)
	}
	return *out.Source.Ref
}

// coinbaseTx is a coinbase of one input and any outputs.
func coinbaseTx(arbitrary []byte, outputs ...*types.TxOutput) *types.Tx {
	return sized(types.TxData{Version: 1, Inputs: []*types.TxInput{types.NewCoinbaseInput(arbitrary)}, Outputs: outputs})
}

func btm(amount uint64, prog ...byte) *types.TxOutput {
	return types.NewTxOutput(*consensus.BTMAssetID, amount, prog)
}
