package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/bytom/bytom/account"
	"github.com/bytom/bytom/blockchain/pseudohsm"
	"github.com/bytom/bytom/blockchain/txbuilder"
	"github.com/bytom/bytom/common"
	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/crypto/ed25519/chainkd"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/validation"

	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/payout/transaction"
)

var (
	// errSignByHand is the kind of error of a batch that this node's wallet can't sign, and
	// another may.
	errSignByHand = errors.New("to be signed by hand")
	// errPayoutPassword is the kind of error of a password that is not the key's.
	errPayoutPassword = errors.New("the wallet's password is wrong")
)

// payoutWallet signs payouts with the node's wallet. It is safe for concurrent use.
type payoutWallet struct {
	accounts *account.Manager
	keys     *pseudohsm.HSM
	// password is the key's; its error is of kind errSignByHand where there is none.
	password func() (string, error)
}

var _ payout.Signer = (*payoutWallet)(nil)

// Sign satisfies payout.Signer. What it returns is valid by Bytom's own rules.
func (w *payoutWallet) Sign(ctx context.Context, batch payout.Batch) (*types.Tx, error) {
	template, err := w.template(batch)
	if err != nil {
		return nil, err
	}
	password, err := w.password()
	if err != nil {
		return nil, fmt.Errorf("batch %s: %w", batch.ID.String(), err)
	}
	for _, instruction := range template.SigningInstructions {
		if err := w.checkKey(instruction); err != nil {
			return nil, fmt.Errorf("batch %s: %w", batch.ID.String(), err)
		}
	}
	// The key store takes a tenth of a second to decrypt a key: once, not once an input.
	loaded := make(map[chainkd.XPub]chainkd.XPrv)
	var refused error
	err = txbuilder.Sign(ctx, template, password, func(_ context.Context, xpub chainkd.XPub, path [][]byte, hash [32]byte, password string) ([]byte, error) {
		key, ok := loaded[xpub]
		if !ok && refused == nil {
			key, refused = w.keys.LoadChainKDKey(xpub, password)
			loaded[xpub] = key
		}
		if refused != nil {
			return nil, refused
		}
		return key.Derive(path).Sign(hash[:]), nil
	})
	if refused != nil {
		return nil, fmt.Errorf("batch %s: %w, or the key's file is damaged: %w", batch.ID.String(), errPayoutPassword, refused)
	}
	if err != nil {
		return nil, fmt.Errorf("sign batch %s: %w", batch.ID.String(), err)
	}
	return checkSigned(batch, template.Transaction)
}

// template is a batch as the stock route sign-transaction takes it, of this node and of any
// other that has the key.
func (w *payoutWallet) template(batch payout.Batch) (*txbuilder.Template, error) {
	tx, err := payout.TxOf(batch.Unsigned)
	if err != nil {
		return nil, fmt.Errorf("batch %s: %w", batch.ID.String(), err)
	}
	t := &txbuilder.Template{Transaction: tx, Fee: batch.Fee}
	for i, in := range tx.Inputs {
		a, program, err := w.owner(in.ControlProgram())
		if err != nil {
			return nil, fmt.Errorf("batch %s, input %d: %w", batch.ID.String(), i, err)
		}
		_, instruction, err := account.UtxoToInputs(a.Signer, &account.UTXO{
			AssetID: *consensus.BTMAssetID, Amount: in.Amount(), ControlProgram: program.ControlProgram,
			Address: program.Address, ControlProgramIndex: program.KeyIndex, Change: program.Change,
		})
		if err != nil {
			return nil, fmt.Errorf("batch %s, input %d: %w", batch.ID.String(), i, err)
		}
		instruction.Position = uint32(i)
		t.SigningInstructions = append(t.SigningInstructions, instruction)
	}
	return t, nil
}

// owner is the account of the wallet that has a program.
func (w *payoutWallet) owner(program []byte) (*account.Account, *account.CtrlProgram, error) {
	address, err := addressOfProgram(program)
	if err != nil {
		return nil, nil, err
	}
	local, err := w.accounts.GetLocalCtrlProgramByAddress(address)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: address %s is of no account of this node's wallet: %w; an account of the key's xpub, which needs no private key here, "+
			"and as many of its addresses as where it came from, make it known", errSignByHand, address, err)
	}
	// Not by its id, which the manager may know of an account that is deleted.
	a, err := w.accounts.GetAccountByProgram(local)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the account of address %s is no longer in this node's wallet: %w", errSignByHand, address, err)
	}
	return a, local, nil
}

// addressOfProgram is the address of a program on the active network.
func addressOfProgram(program []byte) (string, error) {
	net := &consensus.ActiveNetParams
	var a common.Address
	var err error
	switch {
	case transaction.IsKey(program):
		a, err = common.NewAddressWitnessPubKeyHash(program[2:], net)
	case transaction.IsScript(program):
		a, err = common.NewAddressWitnessScriptHash(program[2:], net)
	default:
		err = transaction.Standard(program)
	}
	if err != nil {
		return "", err
	}
	return a.EncodeAddress(), nil
}

// script says how many keys a program of several has, and how many have to sign.
func (w *payoutWallet) script(program []byte) (keys, quorum int, err error) {
	a, _, err := w.owner(program)
	if err != nil {
		return 0, 0, err
	}
	return len(a.XPubs), a.Quorum, nil
}

// checkKey is why the wallet can't sign an input by itself.
func (w *payoutWallet) checkKey(instruction *txbuilder.SigningInstruction) error {
	for _, component := range instruction.WitnessComponents {
		witness, ok := component.(*txbuilder.RawTxSigWitness)
		if !ok {
			continue
		}
		if witness.Quorum != 1 {
			return fmt.Errorf("%w: input %d takes %d signatures of %d keys", errSignByHand, instruction.Position, witness.Quorum, len(witness.Keys))
		}
		here := false
		for _, key := range witness.Keys {
			for _, have := range w.keys.ListKeys() {
				here = here || have.XPub == key.XPub
			}
		}
		if !here {
			return fmt.Errorf("%w: the key of input %d, xpub %s, is not in this node's key store", errSignByHand, instruction.Position, witness.Keys[0].XPub.String())
		}
	}
	return nil
}

// checkSigned is a batch's transaction, if that is what was signed, whole, and Bytom would take
// it in a block.
func checkSigned(batch payout.Batch, signed *types.Tx) (*types.Tx, error) {
	tx, err := copyTx(signed) // For the size, of which gas depends.
	if err != nil {
		return nil, fmt.Errorf("batch %s: the signed transaction: %w", batch.ID.String(), err)
	}
	if tx.ID != batch.ID {
		return nil, fmt.Errorf("the signed transaction is %s, expected batch %s", tx.ID.String(), batch.ID.String())
	}
	for i, in := range tx.Inputs {
		if len(in.Arguments()) == 0 {
			return nil, fmt.Errorf("batch %s: input %d of %d is not signed", batch.ID.String(), i, len(tx.Inputs))
		}
	}
	block := &bc.Block{BlockHeader: &bc.BlockHeader{Version: 1, Height: batch.Height + 1}}
	if _, err := validation.ValidateTx(tx.Tx, block); err != nil {
		return nil, fmt.Errorf("batch %s: the signed transaction is not valid, some of its %d inputs may not be signed by all keys: %w", batch.ID.String(), len(tx.Inputs), err)
	}
	return tx, nil
}
