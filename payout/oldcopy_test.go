package payout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAnOlderCopyPaysNobodyAgain puts books of before a payment in the place of those of after
// it: nothing is paid until the operator has said that all is right.
func TestAnOlderCopyPaysNobodyAgain(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "payouts.db"), filepath.Join(dir, "older.db")
	x := newTill(t, path)
	x.settle(999_000_000, "anna")
	grow(x.chain, 100)
	must(t, x.books.Follow(x.chain))
	must(t, x.books.Close())
	raw, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(copied, raw, 0o600))
	reopen := func(path string) { x.books = open(t, path); x.restart() }

	reopen(path)
	x.step()
	x.mine()
	grow(x.chain, 5)
	x.step()
	if amount, times := x.received("anna"); amount != 999_000_000 || times != 1 {
		t.Fatalf("anna has %d neu by %d payments", amount, times)
	}
	must(t, x.books.Close())

	reopen(copied)
	x.settle(500_000_000, "anna")
	grow(x.chain, 100)
	for range 3 {
		x.step()
		x.mine()
	}
	if amount, times := x.received("anna"); amount != 999_000_000 || times != 1 {
		t.Errorf("anna has %d neu by %d payments: the older books paid her again", amount, times)
	}
	why, err := x.books.Stopped()
	if err != nil || !strings.Contains(why, "older copy") || strings.Contains(why, "BTM BTM") {
		t.Errorf("stopped by %q, %v", why, err)
	}
}
