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

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// check holds the books to themselves, to shares and chain, and to what owners have.
func (p *pool) check(chains ...*testnet.Node) {
	p.t.Helper()
	harness.CheckBooks(p.t, p.Node, nil, nil, chains...)
	s, err := p.stats()
	if err != nil {
		p.t.Fatal(err)
	}
	p.agrees(s, p.listed(p.t))
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
	owners := p.listed(t) // By solo an owner may have found no block.
	for _, format := range payout.ExportFormats {
		text := p.command("export", "--format", format)
		for _, o := range owners {
			if !strings.Contains(text, o.Owner) {
				t.Errorf("the export as %s has nothing of owner %s: %.300s", format, o.Owner, text)
			}
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
			command := slices.Concat([]string{"LC_ALL=C.UTF-8", path}, a.arguments, []string{files[a.format]})
			if out, err := harness.Execute(t, "env", command...); err != nil {
				t.Errorf("%v: %.2000s", err, out)
			}
		})
	}
}
