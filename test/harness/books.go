package harness

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// PayoutStats is where a node's payouts stand; an error while it does not answer.
func PayoutStats(n *testnet.Node) (s node.PayoutStats, err error) {
	resp, err := http.Get(n.URL + node.PayoutStatsRoute)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	return s, json.NewDecoder(resp.Body).Decode(&s)
}

// CheckBooks holds a node's books of payouts to themselves, to shares and chain, and to what owners
// have on its chain and on those of other nodes; stranded is what they wait for, see Stranded. It returns the
// blocks that are not split yet, which may be those alone for which waits, if any, is true.
func CheckBooks(t *testing.T, n *testnet.Node, stranded map[string]uint64, waits func(block string) bool, chains ...*testnet.Node) (unsplit []string) {
	t.Helper()
	var report payout.Report
	if err := n.Call(node.VerifyPayoutsRoute, nil, &report); err != nil || len(report.Problems) > 0 || report.Blocks == 0 {
		t.Errorf("the books: %+v, %v", report, err)
	}
	s, err := PayoutStats(n)
	if err != nil {
		t.Fatal(err)
	}
	var owners []payout.Owner
	if err := n.Call(node.PayoutOwnersRoute, nil, &owners); err != nil {
		t.Fatal(err)
	}
	owed := int64(0)
	for _, o := range owners {
		owed += int64(o.Provisional + o.Payable + o.Transit)
	}
	st := s.Status
	if st.Immature+st.Spendable+st.Losses != owed+st.Fees+st.Reserve-st.TxFees {
		t.Errorf("assets %d, owed %d, the operator's %d and %d, fees %d: they don't add up", st.Immature+st.Spendable, owed, st.Fees, st.Reserve, st.TxFees)
	}
	if st.Policy.Scheme != payout.PPS { // Which pays for shares, not for blocks.
		var credited map[string]uint64
		credited, unsplit = credits(t, n, waits)
		for _, o := range owners {
			if all := o.Provisional + o.Payable + o.Transit + o.Paid; all != credited[o.Owner] || o.Overpaid > 0 {
				t.Errorf("owner %s has been paid or is owed %d neu, %d of it for nothing, and the blocks give %d", o.Owner, all, o.Overpaid, credited[o.Owner])
			}
		}
	}
	for _, chain := range append([]*testnet.Node{n}, chains...) {
		got := received(t, chain)
		for _, o := range owners {
			if got[o.Owner] != o.Paid+o.Transit-stranded[o.Owner] {
				t.Errorf("%s: owner %s has %d neu on the chain, expected %d and %d in transit without %d", chain.URL, o.Owner, got[o.Owner], o.Paid, o.Transit, stranded[o.Owner])
			}
		}
	}
	return unsplit
}

// Stranded are the payments that wait, signed, for a block, and can't be in one: of funds that a reorganisation of more than a
// hundred blocks took away. The node gives them up a week later. It returns how many there are, and what they pay to whom, by
// the books in a backup that the node writes. One that waits for anything else is an error.
func Stranded(t *testing.T, n *testnet.Node) (payments int, owners map[string]uint64) {
	t.Helper()
	var backup node.Backup
	if err := n.Call(node.BackupRoute, nil, &backup); err != nil {
		t.Fatal(err)
	}
	books, err := payout.Open(payout.Config{Path: filepath.Join(backup.Folder, "mining", "payouts.db"), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := books.Close(); err != nil {
			t.Error(err)
		}
	}()
	funds, err := books.Funds()
	if err != nil {
		t.Fatal(err)
	}
	absent := make(map[bc.Hash]bool)
	for _, f := range funds {
		absent[f.Output] = f.State == payout.FundAbsent
	}
	batches, err := books.Batches()
	if err != nil {
		t.Fatal(err)
	}
	owners = make(map[string]uint64)
	for _, b := range batches {
		if b.State != payout.BatchSigned {
			continue
		}
		if !slices.ContainsFunc(b.Inputs, func(output bc.Hash) bool { return absent[output] }) {
			t.Errorf("payment %s, made at height %d, is in no block, and its funds are there", b.ID.String(), b.Height)
		}
		payments++
		for _, p := range b.Payments {
			owners[p.Owner] += p.Amount
		}
	}
	return payments, owners
}

// received is what addresses have on a node's chain, by transactions other than coinbases.
func received(t *testing.T, n *testnet.Node) map[string]uint64 {
	t.Helper()
	height, err := n.Height()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]uint64)
	for h := uint64(1); h <= height; h++ {
		var block struct {
			Transactions []struct {
				Outputs []struct {
					Address string
					Amount  uint64
				}
			}
		}
		if err := n.Call("/get-block", map[string]uint64{"block_height": h}, &block); err != nil {
			t.Fatal(err)
		}
		for _, tx := range block.Transactions[1:] {
			for _, out := range tx.Outputs {
				all[out.Address] += out.Amount
			}
		}
	}
	return all
}

// credits are what the owners get of the blocks that rigs found, as far as they are on the main
// chain, by the explanation of each, and the blocks of which there is none yet.
func credits(t *testing.T, n *testnet.Node, waits func(block string) bool) (all map[string]uint64, unsplit []string) {
	t.Helper()
	found, err := FoundBlocks(n)
	if err != nil {
		t.Fatal(err)
	}
	all = make(map[string]uint64)
	for hash, b := range found {
		if b.FoundBy.Kind != mining.FoundByRig || b.Confirmations == 0 {
			continue
		}
		var e node.PayoutExplanation
		err := n.Call(node.ExplainPayoutRoute, node.PayoutBlockRequest{Block: hash}, &e)
		if err != nil && waits != nil && waits(hash) {
			unsplit = append(unsplit, hash)
			continue
		}
		if err != nil {
			t.Errorf("block %s at height %d: %v", hash, b.Height, err)
		}
		for _, r := range e.Reasons {
			all[r.Owner] += r.Amount
		}
	}
	return all, unsplit
}
