package payout

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// FuzzEntries has any entry in the books: they are refused by an error with their path, or each
// question about them has an answer that can be told, or an error; no owner is owed or paid what
// can't be; what can't be recounted is a problem of the verification; and following the chain
// leaves what can be read as it was.
func FuzzEntries(f *testing.F) {
	filetest.FuzzEntries(f, filetest.LeftBy(f, "6874dd1", "payouts.db"), func(t *testing.T, path string) {
		b, err := Open(Config{Path: path})
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		report, err := b.Verify(t.Context(), newLog("one"), newChain(t))
		if wrong := b.Recount(); wrong != nil && err == nil && len(report.Problems) == 0 {
			t.Errorf("the verification has no problem with %v", wrong)
		}
		askAll(t, b)
		exportAll(t, b)
		if err := b.Follow(newChain(t)); err == nil {
			if _, err := b.Credits(); err != nil {
				t.Errorf("credits after the chain was followed: %v", err)
			}
		}
		must(t, b.Close())
	})
}

// askAll asks the books all that there is to be asked.
func askAll(t *testing.T, b *Books) {
	t.Helper()
	tell := func(what string, v any, err error) {
		if err != nil {
			return
		}
		if _, err := json.Marshal(v); err != nil {
			t.Errorf("%s can't be told: %v", what, err)
		}
	}
	owners, err := b.Owners()
	tell("owners", owners, err)
	for _, o := range owners {
		if err == nil && (max(o.Provisional, o.Payable, o.Transit, o.Paid, o.Overpaid) > math.MaxInt64) {
			t.Errorf("owner %q: %+v", o.Owner, o)
		}
		recent, err := b.RecentOf(o.Owner, 3)
		tell("blocks of an owner", recent, err)
	}
	status, err := b.Status(10)
	tell("status", status, err)
	recent, err := b.Recent(10)
	tell("recent blocks", recent, err)
	credits, err := b.Credits()
	tell("credits", credits, err)
	for _, c := range credits {
		e, _, why, err := b.Explain(c.Block)
		tell("explanation", []any{e, why}, err)
	}
	funds, err := b.Funds()
	tell("funds", funds, err)
	batches, err := b.Batches()
	tell("batches", batches, err)
	for _, batch := range batches {
		_, _ = batch.Tx()
	}
	notes, err := b.Notes()
	tell("notes", notes, err)
	policies, err := b.Policies()
	tell("policies", policies, err)
	_, _ = b.Stopped()
}

// exportAll has each posting in the exports whose form can be read here.
func exportAll(t *testing.T, b *Books) {
	t.Helper()
	postings := 0
	err := b.Entries(func(e Entry) error { postings += len(e.Postings); return nil })
	for _, format := range ExportFormats {
		var out bytes.Buffer
		if failed := b.Export(&out, format); (err == nil) != (failed == nil) && format != "ledger" && format != "beancount" {
			t.Errorf("entries are read with %v, and exported as %s with %v", err, format, failed)
		}
		if format != "csv" || err != nil {
			continue
		}
		if rows, err := csv.NewReader(&out).ReadAll(); err != nil || len(rows) != postings+1 {
			t.Errorf("%d rows for %d postings: %v", len(rows), postings, err)
		}
	}
}
