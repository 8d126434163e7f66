package mining

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/boltcheck"
	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// inBolt changes a file behind the journal's back.
func inBolt(t *testing.T, path string, do func(*bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(do), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func journalFormatOf(t *testing.T, path string) (format byte) {
	t.Helper()
	inBolt(t, path, func(tx *bolt.Tx) (err error) { format, err = journalFormat.Of(tx); return err })
	return format
}

// TestJournalsOfEarlierVersions takes over what they wrote: all blocks are there, whole, and so
// is the copy.
func TestJournalsOfEarlierVersions(t *testing.T) {
	filetest.Earlier(t, "journal.db", func(t *testing.T, path string, blocks []string) {
		from := journalFormatOf(t, path)
		j, err := ReadJournal(path)
		if from == 1 && (err == nil || !strings.Contains(err.Error(), "start the node once")) {
			t.Errorf("format 1, read as it is: %v", err)
		} else if from > 1 {
			if err != nil {
				t.Fatal(err)
			}
			checkJournal(t, j, blocks)
			_ = j.Close()
		}
		var log bytes.Buffer
		j, err = OpenJournal(path, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		checkJournal(t, j, blocks)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if to := journalFormatOf(t, path); to != journalFormat.Newest() {
			t.Errorf("its format is %d", to)
		}
		kept, err := filepath.Glob(path + ".*")
		if err != nil || len(kept) > 1 || (len(kept) == 1) != (from < journalFormat.Newest()) {
			t.Fatalf("copies: %q, %v", kept, err)
		}
		for _, copied := range kept {
			if !strings.Contains(log.String(), copied) || journalFormatOf(t, copied) != from {
				t.Errorf("the copy %s is of format %d, expected %d; the log: %s", copied, journalFormatOf(t, copied), from, &log)
			}
			again, err := OpenJournal(copied, nil)
			if err != nil {
				t.Fatal(err)
			}
			checkJournal(t, again, blocks)
			_ = again.Close()
		}
		if j, err = ReadJournal(path); err != nil {
			t.Fatal(err)
		}
		checkJournal(t, j, blocks)
		_ = j.Close()
	})
}

// checkJournal finds each of some blocks in a journal, with its fate.
func checkJournal(t *testing.T, j *Journal, blocks []string) {
	t.Helper()
	fates, err := j.Fates()
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]Fate)
	for _, f := range fates {
		known[f.ID.String()] = f
	}
	for _, id := range blocks {
		f, ok := known[id]
		if !ok || !f.Resolved() || f.Reward == 0 || len(f.Events) == 0 || f.Found.IsZero() {
			t.Errorf("block %s: %+v", id, f)
			continue
		}
		b, err := j.Block(f.ID)
		if err != nil || b.Hash() != f.ID || b.Height != f.Height {
			t.Errorf("block %s: %v", id, err)
		}
	}
}

// TestJournalOfBothFormats: versions with format 2 wrote into files of format 1, and did not see
// what was there. A block that both know is the later version's.
func TestJournalOfBothFormats(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	j := newJournal(t, path)
	var blocks []*types.Block
	for nonce := range uint64(2) {
		block, err := testJob(t, newFakeChain()).Block(1, nonce)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, block)
	}
	id := blocks[0].Hash()
	if err := errors.Join(j.Record(blocks[0], timeAt(1), Finder{}), j.Resolve(id, "main chain"), j.Close()); err != nil {
		t.Fatal(err)
	}
	inBolt(t, path, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket(formerBlocksBucket)
		if err != nil {
			return err
		}
		for _, block := range blocks {
			id := block.Hash()
			raw, err := json.Marshal(map[string]any{"block": block, "found": timeAt(7), "verdict": "side chain"})
			if err := errors.Join(err, b.Put(id.Bytes(), raw)); err != nil {
				return err
			}
		}
		return tx.DeleteBucket([]byte("meta"))
	})
	fates, err := newJournal(t, path).Fates()
	if err != nil || len(fates) != 2 {
		t.Fatalf("%+v, %v", fates, err)
	}
	for _, f := range fates {
		if (f.Verdict == "main chain") != (f.ID == id) || f.Found.Equal(timeAt(1)) != (f.ID == id) {
			t.Errorf("%+v", f)
		}
	}
}

// TestJournalOfANewerFormat is refused, with what to do, and stays as it is.
func TestJournalOfANewerFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	if err := newJournal(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	inBolt(t, path, func(tx *bolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte{journalFormat.Newest() + 1})
	})
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = OpenJournal(path, nil)
	_, readErr := ReadJournal(path)
	for _, err := range []error{err, readErr} {
		if err == nil || errors.Is(err, boltcheck.ErrDamaged) || !strings.Contains(err.Error(), path) ||
			!strings.Contains(err.Error(), "format is 4, of a newer version of this program; this one knows formats up to 3") {
			t.Errorf("%v", err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("it was changed: %v", err)
	}
}
