package payout

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// ExportFormats are the formats of Export: a journal for ledger-cli and hledger, one for
// beancount, a row a posting, and an entry a line.
var ExportFormats = []string{"ledger", "beancount", "csv", "jsonl"}

// Export writes all entries in a format. The two journals end with what the books say each
// account has, which their programs hold against the entries.
func (b *Books) Export(w io.Writer, format string) error {
	formats := map[string]func(*bolt.Tx, *bufio.Writer) error{
		"ledger": exportLedger, "beancount": exportBeancount, "csv": exportCSV, "jsonl": exportLines,
	}
	export := formats[format]
	if export == nil {
		return fmt.Errorf("format %q, expected one of %s", format, strings.Join(ExportFormats, ", "))
	}
	out := bufio.NewWriter(w)
	if err := b.view(func(tx *bolt.Tx) error { return export(tx, out) }); err != nil {
		return fmt.Errorf("export the books of payouts: %w", err)
	}
	return out.Flush()
}

// BTM is an amount of neu as people write it: "-0.00000001 BTM".
func BTM(neu int64) string {
	sign, u := "", uint64(neu)
	if neu < 0 {
		sign, u = "-", -u
	}
	return fmt.Sprintf("%s%d.%08d BTM", sign, u/1e8, u%1e8)
}

const day = "2006-01-02"

// days are the first and the last of the entries, which the clock may have put out of order;
// false if there are none.
func days(tx *bolt.Tx) (first, last time.Time, some bool, err error) {
	err = each(tx.Bucket(entriesBucket), func(e Entry) error {
		if !some || e.At.Before(first) {
			first = e.At
		}
		if !some || e.At.After(last) {
			last = e.At
		}
		some = true
		return nil
	})
	return first, last, some, err
}

// closing visits each account with its balance, by name.
func closing(tx *bolt.Tx, visit func(account string, balance int64)) error {
	b := tx.Bucket(balancesBucket)
	return b.ForEach(func(account, _ []byte) error {
		balance, err := readBalance(b, string(account))
		if err == nil {
			visit(string(account), balance)
		}
		return err
	})
}

func exportLedger(tx *bolt.Tx, out *bufio.Writer) error {
	_, last, some, err := days(tx)
	if err != nil || !some {
		return err
	}
	fmt.Fprint(out, "; The books of payouts. What is owed and what is the operator's is below 0.\n\n")
	err = each(tx.Bucket(entriesBucket), func(e Entry) error {
		fmt.Fprintf(out, "%s * (%d) %s\n    ; ref: %s\n    ; at: %s\n", e.At.Format(day), e.N, e.Kind, e.Ref, e.At.Format(time.RFC3339Nano))
		for _, p := range e.Postings {
			fmt.Fprintf(out, "    %s  %s\n", p.Account, BTM(p.Amount))
		}
		fmt.Fprintln(out)
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s * what the books say\n", last.AddDate(0, 0, 1).Format(day))
	return closing(tx, func(account string, balance int64) {
		fmt.Fprintf(out, "    %s  %s = %s\n", account, BTM(0), BTM(balance))
	})
}

// beanAccount is an account by beancount's rules: each part begins with a capital letter.
func beanAccount(account string) string {
	parts := strings.Split(account, ":")
	for i, p := range parts {
		if p == "" || p[0] < 'A' || p[0] > 'Z' {
			parts[i] = "Of-" + p
		}
	}
	return strings.Join(parts, ":")
}

func exportBeancount(tx *bolt.Tx, out *bufio.Writer) error {
	first, last, some, err := days(tx)
	if err != nil || !some {
		return err
	}
	fmt.Fprintf(out, "; The books of payouts. Owners' addresses have Of- before them here.\noption \"title\" \"Payouts\"\noption \"operating_currency\" \"BTM\"\n%s commodity BTM\n", first.Format(day))
	err = closing(tx, func(account string, _ int64) {
		fmt.Fprintf(out, "%s open %s BTM\n", first.Format(day), beanAccount(account))
	})
	if err != nil {
		return err
	}
	err = each(tx.Bucket(entriesBucket), func(e Entry) error {
		fmt.Fprintf(out, "\n%s * %s %s\n  entry: %d\n  at: %s\n", e.At.Format(day), strconv.Quote(e.Kind), strconv.Quote(e.Ref), e.N, strconv.Quote(e.At.Format(time.RFC3339Nano)))
		for _, p := range e.Postings {
			fmt.Fprintf(out, "  %s  %s\n", beanAccount(p.Account), BTM(p.Amount))
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	return closing(tx, func(account string, balance int64) {
		// Else it would let a difference of one neu pass.
		exact := strings.TrimSuffix(BTM(balance), " BTM") + " ~ 0 BTM"
		fmt.Fprintf(out, "%s balance %s  %s\n", last.AddDate(0, 0, 1).Format(day), beanAccount(account), exact)
	})
}

func exportCSV(tx *bolt.Tx, out *bufio.Writer) error {
	w := csv.NewWriter(out)
	if err := w.Write([]string{"n", "at", "kind", "ref", "account", "neu"}); err != nil {
		return err
	}
	err := each(tx.Bucket(entriesBucket), func(e Entry) error {
		for _, p := range e.Postings {
			row := []string{strconv.FormatUint(e.N, 10), e.At.Format(time.RFC3339Nano), e.Kind, e.Ref, p.Account, strconv.FormatInt(p.Amount, 10)}
			if err := w.Write(row); err != nil {
				return err
			}
		}
		return nil
	})
	w.Flush()
	if err != nil {
		return err
	}
	return w.Error()
}

func exportLines(tx *bolt.Tx, out *bufio.Writer) error {
	lines := json.NewEncoder(out)
	return each(tx.Bucket(entriesBucket), func(e Entry) error { return lines.Encode(e) })
}
