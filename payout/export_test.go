package payout

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// randomBooks is the books of a random pool.
func randomBooks(t *testing.T) *Books {
	w := newWalk(t, 7, pathIn(t))
	w.books.db.Bolt().NoSync = true
	for range 300 {
		w.act()
		w.settle()
		w.books.db.Bolt().NoSync = true
	}
	return w.books
}

func export(t *testing.T, b *Books, format string) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, b.Export(&out, format))
	return out.Bytes()
}

// TestOtherProgramsFindTheBooksRight has ledger-cli, hledger and beancount add the entries up
// and compare with the balances that the exports end with; and they do notice what is wrong.
func TestOtherProgramsFindTheBooksRight(t *testing.T) {
	t.Parallel()
	b := randomBooks(t)
	for _, c := range []struct {
		tool, format string
		arguments    []string
	}{
		{"ledger", "ledger", []string{"--no-color", "-f", "FILE", "balance"}},
		{"hledger", "ledger", []string{"-f", "FILE", "check"}},
		{"bean-check", "beancount", []string{"FILE"}},
	} {
		t.Run(c.tool, func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(c.tool)
			if err != nil {
				if slices.Contains(strings.Split(os.Getenv("TENSORITY_REQUIRE"), ","), c.tool) {
					t.Fatal(err)
				}
				t.Skipf("%v; on Debian: apt-get install ledger hledger beancount", err)
			}
			text := export(t, b, c.format)
			run := func(text []byte) (string, error) {
				file := filepath.Join(t.TempDir(), "books."+c.format)
				must(t, os.WriteFile(file, text, 0o600))
				arguments := slices.Clone(c.arguments)
				arguments[slices.Index(arguments, "FILE")] = file
				cmd := exec.CommandContext(t.Context(), path, arguments...)
				cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+t.TempDir())
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			if out, err := run(text); err != nil {
				t.Fatalf("%v: %.2000s", err, out)
			}
			// One neu more in one posting, then in one closing balance.
			amounts := lastDigit.FindAllIndex(text, -1)
			for _, at := range []int{amounts[0][0], amounts[len(amounts)-1][0]} {
				changed := bytes.Clone(text)
				changed[at] = '0' + (text[at]-'0'+1)%10
				if out, err := run(changed); err == nil {
					t.Errorf("an amount at byte %d of %d was changed, and nothing is found wrong: %.500s", at, len(text), out)
				}
			}
		})
	}
}

// lastDigit is that of an amount at the end of a line.
var lastDigit = regexp.MustCompile(`\d(?: ~ 0)? BTM\n`)

// TestRowsAndLinesAreTheEntries reads the exports for programs back.
func TestRowsAndLinesAreTheEntries(t *testing.T) {
	t.Parallel()
	b := randomBooks(t)
	var want []Entry
	must(t, b.Entries(func(e Entry) error { want = append(want, e); return nil }))
	if len(want) < 100 {
		t.Fatalf("%d entries are too few", len(want))
	}
	same := func(got []Entry) bool {
		return slices.EqualFunc(got, want, func(a, b Entry) bool {
			return a.N == b.N && a.At.Equal(b.At) && a.Kind == b.Kind && a.Ref == b.Ref && slices.Equal(a.Postings, b.Postings)
		})
	}
	var lines []Entry
	for d := json.NewDecoder(bytes.NewReader(export(t, b, "jsonl"))); ; {
		var e Entry
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, e)
	}
	if !same(lines) {
		t.Error("the lines are not the entries")
	}
	rows, err := csv.NewReader(bytes.NewReader(export(t, b, "csv"))).ReadAll()
	must(t, err)
	var read []Entry
	for _, row := range rows[1:] {
		n, err := strconv.ParseUint(row[0], 10, 64)
		must(t, err)
		at, err := time.Parse(time.RFC3339Nano, row[1])
		must(t, err)
		amount, err := strconv.ParseInt(row[5], 10, 64)
		must(t, err)
		if len(read) == 0 || read[len(read)-1].N != n {
			read = append(read, Entry{N: n, At: at, Kind: row[2], Ref: row[3]})
		}
		last := &read[len(read)-1]
		last.Postings = append(last.Postings, Posting{row[4], amount})
	}
	if !same(read) {
		t.Error("the rows are not the entries")
	}
	if err := b.Export(io.Discard, "xml"); err == nil || !strings.Contains(err.Error(), "expected one of ledger, beancount, csv, jsonl") {
		t.Errorf("an unknown format gives %v", err)
	}
}
