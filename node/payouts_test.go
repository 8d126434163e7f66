package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/payout"
)

// payoutsHome is a node with payouts on, closed again. config is for one more start of it: of
// a home with the same files of ours, as Bytom closes its databases with the process alone.
func payoutsHome(t *testing.T) (config func(scheme string) *Config) {
	former := ""
	config = func(scheme string) *Config {
		c := soloConfig(home(t))
		if former != "" {
			if err := os.CopyFS(filepath.Join(c.Bytom.RootDir, "mining"), os.DirFS(filepath.Join(former, "mining"))); err != nil {
				t.Fatal(err)
			}
		}
		former = c.Bytom.RootDir
		withRigs(t, c)
		c.Payout.Scheme = scheme
		return c
	}
	_, closeIt := newWholeNode(t, config(payout.PPLNS))
	closeIt()
	return config
}

// TestTheSchemeBelongsToTheShare: each start's shares carry the policy of that start, and a
// policy that comes again is a new one.
func TestTheSchemeBelongsToTheShare(t *testing.T) {
	config := payoutsHome(t)
	var want []uint32
	for i, c := range []struct {
		scheme string
		policy uint32
	}{{payout.PPLNS, 1}, {payout.PPLNS, 1}, {payout.DGM, 2}, {"", 0}, {payout.DGM, 2}, {payout.PPLNS, 3}} {
		n, closeIt := newWholeNode(t, config(c.scheme))
		n.ledger.Add(ledger.Entry{At: time.Now(), Rig: "a.1", Kind: ledger.Accepted, Effective: 1, Network: 2, Work: 1 << 63})
		want = append(want, c.policy)
		var got []uint32
		if err := n.ledger.SharesFrom(0, func(s ledger.Share) bool { got = append(got, s.Policy); return true }); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) || got[len(got)-1] != c.policy {
			t.Errorf("start %d, %q: shares of the policies %v, expected %v", i, c.scheme, got, want)
		}
		if told := strings.Contains(n.log.String(), `on_average="4 blocks"`); told != (i == 2) {
			t.Errorf("start %d, %q: told of the window that ends: %v", i, c.scheme, told)
		}
		if (n.owners != nil) != (c.scheme != "") {
			t.Errorf("start %d, %q: owners are asked for %v", i, c.scheme, n.owners != nil)
		}
		closeIt()
	}
}

// TestAFeeThatMayBeMeantOtherwise: who writes 0.01 for one percent is told, and nobody else.
func TestAFeeThatMayBeMeantOtherwise(t *testing.T) {
	config := payoutsHome(t)
	for fee, want := range map[uint64]bool{1: true, 100: false, 0: false} {
		c := config(payout.PPLNS)
		c.Payout.FeeBP = fee
		n, closeIt := newWholeNode(t, c)
		if told := strings.Contains(n.log.String(), "payout.fee is in percent"); told != want {
			t.Errorf("a fee of %d hundredths of a percent: told %v, expected %v", fee, told, want)
		}
		closeIt()
	}
}

// TestDamagedBooks: a node does not start with payouts on and books that can't be read, which
// stay where they are; with payouts off it starts, and says so.
func TestDamagedBooks(t *testing.T) {
	config := payoutsHome(t)
	c := config(payout.PPLNS)
	path := c.PayoutsPath()
	broken := []byte(strings.Repeat("no books at all ", 4096))
	if err := os.WriteFile(path, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := openWholeNode(t, c)
	if err == nil {
		_ = n.close()
		t.Fatal("it starts")
	}
	for _, word := range []string{path, "latest copy", "without payout.scheme the node starts"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%v: does not say %q", err, word)
		}
	}
	if raw, err := os.ReadFile(path); err != nil || string(raw) != string(broken) {
		t.Errorf("the books are not what they were: %d bytes, %v", len(raw), err)
	}
	n, closeIt := newWholeNode(t, config(""))
	if n.payouts != nil || !strings.Contains(n.log.String(), "the books of former ones can't be read") {
		t.Errorf("payouts %v, log\n%s", n.payouts, n.log)
	}
	closeIt()
}

// TestPayoutsNeedAJournal: what is found is split by the journal.
func TestPayoutsNeedAJournal(t *testing.T) {
	c := soloConfig(home(t))
	withPayouts(t, c)
	if err := os.MkdirAll(filepath.Join(c.JournalPath(), "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	n, err := openWholeNode(t, c)
	if err == nil {
		_ = n.close()
		t.Fatal("it starts")
	}
	if !strings.Contains(err.Error(), "payout.scheme") || !strings.Contains(err.Error(), "journal") {
		t.Error(err)
	}
}

// TestNoPayoutsNoFile: a node that splits nothing keeps no books.
func TestNoPayoutsNoFile(t *testing.T) {
	c := soloConfig(home(t))
	withRigs(t, c)
	n, _ := newWholeNode(t, c)
	if _, err := os.Stat(c.PayoutsPath()); n.payouts != nil || !os.IsNotExist(err) {
		t.Errorf("payouts %v, the file: %v", n.payouts, err)
	}
	if detail := n.ask(t, PayoutOwnersRoute, "", nil); !strings.Contains(detail, "payout.scheme") {
		t.Errorf("%q", detail)
	}
}
