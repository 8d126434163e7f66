package payouts_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// received is what the owners have on a node's chain, by transactions other than coinbases.
func (p *pool) received(n *testnet.Node) map[string]uint64 {
	p.t.Helper()
	height, err := n.Height()
	if err != nil {
		p.t.Fatal(err)
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
			p.t.Fatal(err)
		}
		for _, tx := range block.Transactions[1:] {
			for _, out := range tx.Outputs {
				all[out.Address] += out.Amount
			}
		}
	}
	return all
}

// check holds the books to themselves, to shares and chain, and to what owners have.
func (p *pool) check(chains ...*testnet.Node) {
	p.t.Helper()
	var report payout.Report
	if err := p.Call(node.VerifyPayoutsRoute, nil, &report); err != nil || len(report.Problems) > 0 || report.Blocks == 0 {
		p.t.Errorf("the books: %+v, %v", report, err)
	}
	s, err := p.stats()
	if err != nil {
		p.t.Fatal(err)
	}
	owners, owed := p.listed(p.t), int64(0)
	for _, o := range owners {
		owed += int64(o.Provisional + o.Payable + o.Transit)
	}
	st := s.Status
	if st.Immature+st.Spendable+st.Losses != owed+st.Fees+st.Reserve-st.TxFees {
		p.t.Errorf("assets %d, owed %d, the operator's %d and %d, fees %d: they don't add up", st.Immature+st.Spendable, owed, st.Fees, st.Reserve, st.TxFees)
	}
	if s.Status.Policy.Scheme != payout.PPS { // Which pays for shares, not for blocks.
		credited := p.credited()
		for _, o := range owners {
			if all := o.Provisional + o.Payable + o.Transit + o.Paid; all != credited[o.Owner] || o.Overpaid > 0 {
				p.t.Errorf("owner %s has been paid or is owed %d neu, %d of it for nothing, and the blocks give %d", o.Owner, all, o.Overpaid, credited[o.Owner])
			}
		}
	}
	for _, chain := range append([]*testnet.Node{p.Node}, chains...) {
		got := p.received(chain)
		for _, o := range owners {
			if got[o.Owner] != o.Paid+o.Transit {
				p.t.Errorf("%s: owner %s has %d neu on the chain, expected %d and %d in transit", chain.URL, o.Owner, got[o.Owner], o.Paid, o.Transit)
			}
		}
	}
	p.agrees(s, owners)
}

// credited is what the owners get of the blocks that rigs found, as far as they are on the main
// chain, by the explanation of each.
func (p *pool) credited() map[string]uint64 {
	p.t.Helper()
	found, err := harness.FoundBlocks(p.Node)
	if err != nil {
		p.t.Fatal(err)
	}
	all := make(map[string]uint64)
	for hash, b := range found {
		if b.FoundBy.Kind != mining.FoundByRig || b.Confirmations == 0 {
			continue
		}
		var e node.PayoutExplanation
		if err := p.Call(node.ExplainPayoutRoute, node.PayoutBlockRequest{Block: hash}, &e); err != nil {
			p.t.Errorf("block %s at height %d: %v", hash, b.Height, err)
		}
		for _, r := range e.Reasons {
			all[r.Owner] += r.Amount
		}
	}
	return all
}

// accountants are programs that find out whether a journal of entries balances.
var accountants = []struct {
	format, tool string
	arguments    []string // before the file
}{
	{"ledger", "ledger", []string{"--no-color", "balance", "-f"}},
	{"ledger", "hledger", []string{"check", "-f"}},
	{"beancount", "bean-check", nil},
}

// rows are the entries of an export as csv.
func rows(t *testing.T, text string) (entries []payout.Entry) {
	t.Helper()
	table, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range table[1:] {
		neu, err := strconv.ParseInt(row[5], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if last := len(entries) - 1; last < 0 || strconv.FormatUint(entries[last].N, 10) != row[0] {
			n, err := strconv.ParseUint(row[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, payout.Entry{N: n})
		}
		last := &entries[len(entries)-1]
		last.Postings = append(last.Postings, payout.Posting{Account: row[4], Amount: neu})
	}
	return entries
}

// lines are the entries of an export as jsonl.
func lines(t *testing.T, text string) (entries []payout.Entry) {
	t.Helper()
	for line := range strings.Lines(text) {
		var e payout.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		entries = append(entries, e)
	}
	return entries
}

// balance holds entries to a sum of 0 each, and what they leave each owner to what is said to
// be owed.
func (p *pool) balance(t *testing.T, format string, entries []payout.Entry) {
	t.Helper()
	owed := make(map[string]int64)
	for i, e := range entries {
		sum := int64(0)
		for _, posting := range e.Postings {
			sum += posting.Amount
			if owner, ok := strings.CutPrefix(posting.Account, "Liabilities:Owner:"); ok {
				owner, _, _ = strings.Cut(owner, ":")
				owed[owner] -= posting.Amount
			}
		}
		if sum != 0 || len(e.Postings) < 2 || e.N != uint64(i)+1 {
			t.Errorf("%s: entry %d at place %d is off by %d neu: %+v", format, e.N, i+1, sum, e.Postings)
		}
	}
	for _, o := range p.listed(t) {
		if want := int64(o.Provisional + o.Payable + o.Transit); owed[o.Owner] != want {
			t.Errorf("%s: owner %s is owed %d neu by the entries, expected %d", format, o.Owner, owed[o.Owner], want)
		}
	}
}

// listed are the owners as the node lists them.
func (p *pool) listed(t *testing.T) (owners []payout.Owner) {
	t.Helper()
	if err := p.Call(node.PayoutOwnersRoute, nil, &owners); err != nil {
		t.Fatal(err)
	}
	return owners
}

// exports has the books in each format, not empty, and other programs find them right.
func (p *pool) exports(t *testing.T) {
	files := make(map[string]string)
	for _, format := range payout.ExportFormats {
		text := p.command("export", "--format", format)
		if !strings.Contains(text, p.owners[5]) {
			t.Errorf("the export as %s has nothing of owner %s: %.300s", format, p.owners[5], text)
		}
		files[format] = filepath.Join(t.TempDir(), "books."+format)
		harness.WriteFile(t, files[format], text, 0o600)
		switch format {
		case "csv":
			p.balance(t, format, rows(t, text))
		case "jsonl":
			p.balance(t, format, lines(t, text))
		}
	}
	for _, a := range accountants {
		t.Run(a.tool, func(t *testing.T) {
			path, err := exec.LookPath(a.tool)
			if errors.Is(err, exec.ErrNotFound) && !slices.Contains(strings.Split(os.Getenv("TENSORITY_REQUIRE"), ","), a.tool) {
				t.Skipf("%v: scripts/accounting.sh installs it", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("LC_ALL", "C.UTF-8")
			if out, err := harness.Execute(t, path, append(a.arguments, files[a.format])...); err != nil {
				t.Errorf("%v: %.2000s", err, out)
			}
		})
	}
}
