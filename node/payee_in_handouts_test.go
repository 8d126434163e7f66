package node

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
)

// paidBy decodes a coinbase from its text form.
func paidBy(t *testing.T, text string) (*types.Tx, []byte) {
	t.Helper()
	tx := new(types.Tx)
	if err := tx.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	out := tx.Outputs[0]
	if len(tx.Outputs) != 1 || out.Amount != consensus.BlockSubsidy(1) {
		t.Fatalf("the coinbase pays %+v, expected the subsidy in one output", tx.Outputs)
	}
	return tx, out.ControlProgram
}

// rootOf is what a header commits to, of a block of this coinbase alone.
func rootOf(t *testing.T, coinbase *types.Tx) bc.Hash {
	t.Helper()
	root, err := types.TxMerkleRoot([]*bc.Tx{coinbase.Tx})
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// TestWorkOfEachWayPaysThePayee asks for work many times. getblocktemplate's coinbase is
// decoded as it comes, and what its root says is hashed. get-work has a header alone: its
// root must be that of the coinbase that the status shows, with an extranonce of a lease that
// the node has taken.
func TestWorkOfEachWayPaysThePayee(t *testing.T) {
	config := soloConfig(home(t))
	config.Bytom.Wallet.Disable = true
	n, _ := newWholeNode(t, config)
	address := addressOf(t, 4, 5)
	n.ask(t, "/set-mining-address", `{"mining_address":"`+address+`"}`, new(miningAddress))
	want, err := parsePayee(address)
	if err != nil {
		t.Fatal(err)
	}
	const times = 50
	roots := make(map[bc.Hash]bool)
	var extranonce []byte
	for range times {
		var g wire.Template
		if detail := n.ask(t, "/get-block-template", "{}", &g); detail != "" {
			t.Fatal(detail)
		}
		tx, program := paidBy(t, g.CoinbaseTxn.Data)
		root := rootOf(t, tx)
		if !bytes.Equal(program, want.Program) || tx.ID.String() != g.CoinbaseTxn.ID || root.String() != g.TransactionsRoot || g.Payee != address {
			t.Errorf("getblocktemplate pays %x by %s with root %s, expected %x: %+v", program, tx.ID.String(), root.String(), want.Program, g.CoinbaseTxn)
		}
		roots[root] = true
		arbitrary := tx.Inputs[0].TypedInput.(*types.CoinbaseInput).Arbitrary
		extranonce = arbitrary[len(arbitrary)-8:]
	}
	var s Stats
	getStats(t, n, StatusRoute, 200, &s)
	pattern, program := paidBy(t, s.Work.Coinbase)
	if !bytes.Equal(program, want.Program) {
		t.Errorf("the status shows a coinbase that pays %x, expected %x", program, want.Program)
	}
	known := rootsNear(t, pattern, binary.BigEndian.Uint64(extranonce), 3*times)
	for range times {
		var work struct {
			Header *types.BlockHeader `json:"block_header"`
		}
		if detail := n.ask(t, "/get-work", "{}", &work); detail != "" {
			t.Fatal(detail)
		}
		roots[work.Header.TransactionsMerkleRoot] = true
		if !known[work.Header.TransactionsMerkleRoot] {
			t.Errorf("get-work's root %s is of no coinbase that pays the payee", work.Header.TransactionsMerkleRoot.String())
		}
	}
	if len(roots) != 2*times {
		t.Errorf("%d of %d handouts have a coinbase of their own", len(roots), 2*times)
	}
}

// rootsNear are the roots of a coinbase with so many extranonces of each of the leases around
// the one that an extranonce is of: a node takes one after the other.
func rootsNear(t *testing.T, pattern *types.Tx, extranonce uint64, rolls uint32) map[bc.Hash]bool {
	t.Helper()
	known := make(map[bc.Hash]bool)
	lease := uint32(extranonce >> 32)
	for upper := lease - 60; upper != lease+60; upper++ {
		for roll := range rolls {
			data := pattern.TxData
			arbitrary := bytes.Clone(data.Inputs[0].TypedInput.(*types.CoinbaseInput).Arbitrary)
			binary.BigEndian.PutUint64(arbitrary[len(arbitrary)-8:], uint64(upper)<<32|uint64(roll))
			data.Inputs = []*types.TxInput{types.NewCoinbaseInput(arbitrary)}
			known[rootOf(t, types.NewTx(data))] = true
		}
	}
	return known
}
