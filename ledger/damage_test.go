package ledger

import (
	"bytes"
	"cmp"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// formatKey is where a file says its format: see boltcheck.Format.
var formatKey = []byte("format")

// TestLedgerWithoutItsFile opens what is somebody else's, or no file. It is left alone, and
// all of it counts on in memory.
func TestLedgerWithoutItsFile(t *testing.T) {
	bad := map[string]func(path string) error{
		"directory": func(path string) error { return os.MkdirAll(path, 0o700) },
		"foreign": func(path string) error {
			return inBolt(path, func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("fates")); return err })
		},
		"later format": func(path string) error {
			return inBolt(path, func(tx *bolt.Tx) error {
				b, err := tx.CreateBucket(metaBucket)
				return cmp.Or(err, b.Put(formatKey, []byte{99}))
			})
		},
		"open elsewhere": func(path string) error {
			_, err := bolt.Open(path, 0o600, nil) // Until the end of the tests.
			return err
		},
	}
	for name, make := range bad {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "l.db")
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			var log bytes.Buffer
			l := Open(Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
			l.Add(Entry{At: time.Now(), Rig: "a.0", Effective: 5, Network: 10})
			if all := l.Rigs(time.Now()); len(all) != 1 || all[0].Work != 5 {
				t.Errorf("%+v", all)
			}
			if rows, err := l.Rows(time.Time{}); err != nil || len(rows) != 1 || rows[0].Expected != 0.5 {
				t.Errorf("%+v, %v", rows, err)
			}
			if err := errors.Join(l.Flush(), l.Close()); err != nil {
				t.Error(err)
			}
			if !strings.Contains(log.String(), path) {
				t.Errorf("the log does not name the file: %q", &log)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func inBolt(path string, do func(*bolt.Tx) error) error {
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	return errors.Join(db.Update(do), db.Close())
}

// TestLedgerDamaged changes bytes of the file anywhere, or cuts its end off. It is used as
// it was, or set aside for a new one, which is logged; it always counts, and what is
// counted is written.
func TestLedgerDamaged(t *testing.T) {
	files := 60
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		files = 2000
	}
	lt := newLedgerTest(t, 3)
	for range 300 {
		lt.share()
	}
	if err := lt.ledger.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(lt.path)
	if err != nil {
		t.Fatal(err)
	}
	aside := 0
	for seed := range uint64(files) {
		random := rand.New(rand.NewPCG(seed, 6))
		broken := bytes.Clone(whole)
		switch seed % 4 {
		case 0: // The pages that say where the others are.
			for range 1 + random.IntN(100) {
				broken[random.IntN(2*os.Getpagesize())] ^= byte(1 + random.IntN(255))
			}
		case 1:
			broken = broken[:random.IntN(len(broken))]
		default: // Inner pages: their headers, or anything.
			page := broken[random.IntN(len(broken)/os.Getpagesize())*os.Getpagesize():]
			page[random.IntN(min(len(page), []int{64, 4096}[seed%2]))] ^= byte(1 + random.IntN(255))
		}
		if lt.useDamaged(t, seed, broken) {
			aside++
		}
	}
	t.Logf("%d of %d set aside", aside, files)
	if aside < files/6 || aside == files {
		t.Errorf("%d of %d set aside", aside, files)
	}
}

// useDamaged opens a file, counts, and opens it again. It returns whether it was set aside.
func (lt *ledgerTest) useDamaged(t *testing.T, seed uint64, file []byte) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "l.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	l := Open(Config{Path: path, Now: func() time.Time { return lt.now }, Log: slog.New(slog.NewTextHandler(&log, nil))})
	aside, err := filepath.Glob(path + ".damaged-*")
	if err != nil {
		t.Fatal(err)
	}
	if told := strings.Contains(log.String(), "level=WARN"); told != (len(aside) == 1) {
		t.Errorf("seed %d: set aside as %q, the log: %s", seed, aside, &log)
	}
	for _, name := range aside {
		// Where but a value makes no sense, that is seen after the file was opened for writing.
		kept, err := os.ReadFile(name)
		if err == nil && !bytes.Equal(kept, file) {
			err = boltcheck.Check(t.Context(), name)
		}
		if err != nil {
			t.Errorf("seed %d: what was set aside is not what it was: %v", seed, err)
		}
	}
	l.Add(Entry{At: lt.now, Rig: "new.0", Effective: 5, Network: 10})
	// Whatever comes of these, they come back.
	_, _ = l.Rows(time.Time{})
	_ = l.Shares(func(Share) bool { return true })
	flushed := l.Flush()
	_ = l.prune(lt.now)
	_ = l.Close()
	if l.file == nil {
		if !strings.Contains(log.String(), "its format is") {
			t.Errorf("seed %d: not kept: %s", seed, &log)
		}
		return len(aside) == 1
	}
	// Values that make no sense may come up no sooner than they are added to.
	if flushed != nil && len(aside) == 1 {
		t.Errorf("seed %d: %v", seed, flushed)
	}
	l = Open(Config{Path: path})
	defer l.Close()
	if flushed == nil && !slices.ContainsFunc(l.Rigs(lt.now), func(r RigTotals) bool { return r.Rig == "new.0" && r.Work == 5 }) {
		t.Errorf("seed %d: what was counted is not there", seed)
	}
	return len(aside) == 1
}
