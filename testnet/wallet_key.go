package testnet

import (
	"crypto/ed25519"
	"crypto/sha3"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// Opcodes of the programs here.
const (
	opData32     = 0x20
	opCheckSig   = 0xac
	opTxSigHash  = 0xae
	witnessProg0 = 0x00
)

// key owns outputs that no wallet knows of. Nodes store their keys under a password
// that takes a tenth of a second to check, for every signature; what is to go fast
// or without an account is paid to a key of our own. The outputs are pay-to-script,
// as those of a multi-signature account are.
type key struct {
	private ed25519.PrivateKey
	script  []byte // what the witness shows
	program []byte // what an output says
}

// newKey makes the key of a phrase: everybody's who knows the phrase.
func newKey(phrase string) key {
	seed := sha3.Sum256([]byte(phrase))
	private := ed25519.NewKeyFromSeed(seed[:])
	script := append([]byte{opTxSigHash, opData32}, private.Public().(ed25519.PublicKey)...)
	script = append(script, opCheckSig)
	hash := sha3.Sum256(script)
	return key{private, script, append([]byte{witnessProg0, opData32}, hash[:]...)}
}

// spend makes a transaction of the outputs of key that inputs spend, signed.
func (k key) spend(inputs []*types.TxInput, outputs []*types.TxOutput) (*types.Tx, error) {
	tx := types.NewTx(types.TxData{Version: 1, Inputs: inputs, Outputs: outputs})
	for i := range inputs {
		hash := tx.SigHash(uint32(i))
		tx.SetInputArguments(uint32(i), [][]byte{ed25519.Sign(k.private, hash.Bytes()), k.script})
	}
	return sized(tx)
}

// sized fills in the size, which Bytom computes only where it reads a transaction.
func sized(tx *types.Tx) (*types.Tx, error) {
	text, err := tx.MarshalText()
	if err != nil {
		return nil, err
	}
	tx.TxData.SerializedSize = uint64(len(text) / 2)
	tx.Tx.SerializedSize = tx.TxData.SerializedSize
	return tx, nil
}

// input spends an output of a transaction.
func input(tx *types.Tx, output int) (*types.TxInput, error) {
	out, err := tx.Output(*tx.OutputID(output))
	if err != nil {
		return nil, err
	}
	value := out.Source.Value
	return types.NewSpendInput(nil, *out.Source.Ref, *value.AssetId, value.Amount, out.Source.Position, out.ControlProgram.Code), nil
}

// pay is an output of BTM.
func pay(amount uint64, program []byte) *types.TxOutput {
	return types.NewTxOutput(bc.AssetID(*consensus.BTMAssetID), amount, program)
}
