package ledger

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// formerFile is a file that a version with format 1 wrote: 60 submits of newLedgerTest's
// source of chance 77, written at each seventh, and claimed for solonet. It is in a folder of
// the test's own.
func formerFile(t *testing.T) (path string, raw []byte) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "format-1.db"))
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "rigs.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, raw
}

// formerModel is what is in formerFile, and a ledger with the same.
func formerModel(t *testing.T) *ledgerTest {
	lt := newLedgerTest(t, 77)
	for range 60 {
		lt.share()
	}
	return lt
}

// TestFormerFormatIsTakenOver: all that there was is there, its copy too, and the log goes on
// where it was.
func TestFormerFormatIsTakenOver(t *testing.T) {
	lt := formerModel(t)
	if err := lt.ledger.Close(); err != nil {
		t.Fatal(err)
	}
	lt.path, _ = formerFile(t)
	lt.open()
	lt.withoutPolicy = len(lt.entries)
	lt.check()
	id := lt.ledger.ID()
	if id == "" {
		t.Error("it has no id")
	}
	if err := lt.ledger.Claim("mainnet"); err == nil {
		t.Error("it is no more of the network that it was of")
	}
	for range 100 {
		lt.share()
	}
	lt.restart(false)
	lt.check()
	if lt.ledger.ID() != id {
		t.Errorf("its id was %s, and is %s", id, lt.ledger.ID())
	}
	if f := formatOf(t, lt.path+".format-1"); f != formerFormat {
		t.Errorf("the copy is of format %d", f)
	}
	if _, err := os.Stat(lt.path + ".format-1.part"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what the copy was written as: %v", err)
	}
	lt.restart(false)
	lt.path += ".format-1"
	lt.entries, lt.flushed = lt.entries[:60], 60
	lt.restart(false) // The copy itself is a ledger.
	lt.check()
}

func formatOf(t *testing.T, path string) (format byte) {
	t.Helper()
	err := inBolt(path, func(tx *bolt.Tx) error { format = tx.Bucket(metaBucket).Get(formatKey)[0]; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return format
}

// TestFormerFormatIsReadAsItIs: who only reads changes nothing.
func TestFormerFormatIsReadAsItIs(t *testing.T) {
	lt := formerModel(t)
	path, raw := formerFile(t)
	if err := lt.ledger.Close(); err != nil {
		t.Fatal(err)
	}
	l := newInMemory(Config{Path: path, ReadOnly: true, Now: func() time.Time { return lt.now }}) // As Read does.
	if err := l.open(); err != nil {
		t.Fatal(err)
	}
	lt.ledger, lt.withoutPolicy = l, len(lt.entries)
	lt.check()
	if _, ok, err := l.Solved("x"); ok || err != nil || l.ID() != "" {
		t.Errorf("a block: %v, %v, id %q", ok, err, l.ID())
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(raw, after) {
		t.Errorf("the file was changed: %v", err)
	}
	if files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(files) != 1 {
		t.Errorf("%q, %v", files, err)
	}
}

// TestLedgersOfEarlierVersions goes on with what they wrote: rigs, rows, shares and blocks agree,
// and there are no other blocks than the node had.
func TestLedgersOfEarlierVersions(t *testing.T) {
	filetest.Earlier(t, "rigs.db", func(t *testing.T, path string, blocks []string) {
		from := formatOf(t, path)
		checkWhole(t, path, 1)
		kept, err := filepath.Glob(path + ".*")
		if err != nil || len(kept) > 1 || (len(kept) == 1) != (from < fileFormat.Newest()) || formatOf(t, path) != fileFormat.Newest() {
			t.Errorf("%q, %v", kept, err)
		}
		for _, copied := range kept {
			if formatOf(t, copied) != from {
				t.Errorf("the copy is of format %d, expected %d", formatOf(t, copied), from)
			}
			checkWhole(t, copied, 1)
		}
		l := Open(Config{Path: path})
		defer l.Close()
		all, err := l.Blocks()
		if err != nil || len(all) == 0 {
			t.Errorf("%+v, %v", all, err)
		}
		for _, b := range all {
			if !slices.Contains(blocks, b.Hash) || !strings.HasSuffix(b.Rig, "rig1") {
				t.Errorf("%+v", b)
			}
		}
	})
}

// checkWhole checks that rigs, rows, shares and blocks of a file agree.
func checkWhole(t *testing.T, path string, least uint64) {
	t.Helper()
	l := Open(Config{Path: path})
	defer l.Close()
	var rigs, rows Tally
	for _, r := range l.Rigs(time.Now()) {
		rigs.Add(r.Tally)
	}
	all, err := l.Rows(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		rows.Add(r.Tally)
	}
	shares := uint64(0)
	if err := l.Shares(func(Share) bool { shares++; return true }); err != nil {
		t.Fatal(err)
	}
	blocks, err := l.Blocks()
	if err != nil {
		t.Fatal(err)
	}
	if least == 0 || shares < least || !sameTally(rigs, rows) || rigs.Accepted != shares || uint64(len(blocks)) != rigs.Blocks || l.sequence != shares {
		t.Errorf("at least %d shares: rigs %+v, rows %+v, %d shares, %d blocks, next %d", least, rigs, rows, shares, len(blocks), l.sequence)
	}
}

// TestLaterFormatIsLeftAlone: it is said what it is, and it is not set aside, as damage is.
func TestLaterFormatIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rigs.db")
	err := errors.Join(Open(Config{Path: path}).Close(), inBolt(path, func(tx *bolt.Tx) error {
		if err := tx.DeleteBucket(logBucket); err != nil {
			return err
		}
		return tx.Bucket(metaBucket).Put(formatKey, []byte{fileFormat.Newest() + 1})
	}))
	raw, readErr := os.ReadFile(path)
	if err = errors.Join(err, readErr); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	l := Open(Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
	l.Add(Entry{Rig: "a.0", Effective: 1, Network: 10})
	if l.Saved() || l.Close() != nil || !strings.Contains(log.String(), "its format is 3, of a newer version") {
		t.Errorf("the log: %s", &log)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("read: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(raw, after) {
		t.Errorf("the file was changed: %v", err)
	}
	if files, err := filepath.Glob(path + "*"); err != nil || len(files) != 1 {
		t.Errorf("%q, %v", files, err)
	}
}
