package node

import (
	"testing"

	"github.com/bytom/bytom/blockchain/signers"
	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/crypto/ed25519/chainkd"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// blockPaying is a block of a coinbase that pays a program.
func blockPaying(program []byte) *types.Block {
	return &types.Block{Transactions: []*types.Tx{types.NewTx(types.TxData{
		Version: 1, Inputs: []*types.TxInput{types.NewCoinbaseInput([]byte{1})}, Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, 1, program)},
	})}}
}

// far is the key of the front of that name.
var far = fleet.PublicKey{1}

// TestAFrontsBlockBeforeTheFirstTemplate: a front brings at a start what it found while the node was down. Its peers may not be
// there yet, so that there is no work.
func TestAFrontsBlockBeforeTheFirstTemplate(t *testing.T) {
	for _, wallet := range []bool{false, true} {
		config := soloConfig(home(t))
		config.Bytom.Wallet.Disable = !wallet
		useNetwork("solonet")
		config.Mining.Address = addressOf(t, 9)
		n, err := openWholeNode(t, config)
		if err != nil {
			t.Fatal(err)
		}
		n.fronts, n.config.Fleet.Fronts = &fronts{engine: fleet.NewMemory(), stop: func() {}}, frontList{far: "far"}
		payee, err := parsePayee(config.Mining.Address)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.finderOfFront(far, &fleet.Block{Name: "shed.rig1", Owner: "ada", Work: 5}, blockPaying(payee.Program)); got.Kind != mining.FoundByRig || got.Owner != "ada" || got.Work != 5 {
			t.Errorf("wallet %v: a block that pays mining.address is by %+v", wallet, got)
		}
		if err := n.close(); err != nil {
			t.Error(err)
		}
	}
}

// TestAFrontsBlockThatPaysAnotherIsNoRigs: owners are credited with blocks that pay the operator, now or before the
// mining address was changed, and with no others, whatever a front says of them.
func TestAFrontsBlockThatPaysAnotherIsNoRigs(t *testing.T) {
	for _, wallet := range []bool{true, false} {
		config := soloConfig(home(t))
		config.Bytom.Wallet.Disable = !wallet
		n, _ := newWholeNode(t, config)
		n.fronts, n.config.Fleet.Fronts = &fronts{engine: fleet.NewMemory(), stop: func() {}}, frontList{far: "far"}
		for k := range byte(2) {
			var set miningAddress
			var template wire.Template
			if detail := n.ask(t, "/set-mining-address", `{"mining_address":"`+addressOf(t, 1, k)+`"}`, &set); detail != "" {
				t.Fatal(detail)
			}
			if detail := n.ask(t, "/get-block-template", "{}", &template); detail != "" || template.Payee != addressOf(t, 1, k) {
				t.Fatal(detail, template.Payee)
			}
		}
		paying := func(program []byte) mining.Finder {
			return n.finderOfFront(far, &fleet.Block{Name: "shed.rig1", Address: "10.0.0.7", Owner: "ada", Work: 5}, blockPaying(program))
		}
		of := func(b byte) []byte {
			payee, err := parsePayee(addressOf(t, 1, b))
			if err != nil {
				t.Fatal(err)
			}
			return payee.Program
		}
		rigs := mining.Finder{Kind: mining.FoundByRig, Name: "shed.rig1", Address: "10.0.0.7", Owner: "ada", Work: 5, Front: "far", FrontKey: far.String()}
		nobodys := mining.Finder{Kind: mining.FoundByBlock, Name: "shed.rig1", Address: "10.0.0.7", Front: "far", FrontKey: far.String()}
		for i, want := range []mining.Finder{rigs, rigs, nobodys} {
			if got := paying(of(byte(i))); got != want {
				t.Errorf("wallet %v, address %d: %+v, expected %+v", wallet, i, got, want)
			}
		}
		if got := n.finderOfFront(far, &fleet.Block{Owner: "ada"}, &types.Block{}); got.Owner != "" {
			t.Errorf("a block without a coinbase: %+v", got)
		}
		if !wallet {
			continue
		}
		key, _, err := n.bytom.hsm.XCreate("a", "password", "en")
		if err != nil {
			t.Fatal(err)
		}
		account, err := n.bytom.accounts.Create([]chainkd.XPub{key.XPub}, 1, "a", signers.BIP0044)
		if err != nil {
			t.Fatal(err)
		}
		program, err := n.bytom.accounts.CreateAddress(account.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := paying(program.ControlProgram); got != rigs {
			t.Errorf("an address of the wallet: %+v", got)
		}
	}
}
