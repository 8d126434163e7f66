package history

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// setAsideFiles are those beside a history that were set aside.
func setAsideFiles(t *testing.T, path string) []string {
	t.Helper()
	found, err := filepath.Glob(path + ".damaged-*")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// filled is the path of a file that has an hour of two rigs in it.
func filled(t *testing.T, s *sim) string {
	t.Helper()
	path := pathIn(t)
	h := open(t, s, path)
	s.rigs = []RigTotals{{Name: "a", Online: true}, {Name: "b", Online: true}}
	for range 720 {
		s.pass(5*time.Second, 10)
		s.rigs[0].Work += 5
		h.readTotals()
		h.readRigs()
	}
	h.count(block(1, s.now))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDamagedFileIsSetAside has pages overwritten, entries that make no sense, and a file
// that is cut off: it is kept beside, and a new one begun.
func TestDamagedFileIsSetAside(t *testing.T) {
	put := func(bucket, key, value []byte) func(string) error {
		return func(path string) error {
			db, err := bolt.Open(path, 0o600, nil)
			if err != nil {
				return err
			}
			err = db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucket).Put(key, value) })
			return errors.Join(err, db.Close())
		}
	}
	for name, damage := range map[string]func(path string) error{
		"a page of zeros": func(path string) error {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			info, err := f.Stat()
			for page := int64(2); err == nil && page < info.Size()/4096; page++ {
				_, err = f.WriteAt(make([]byte, 64), page*4096)
			}
			return errors.Join(err, f.Close())
		},
		"cut off":            func(path string) error { return os.Truncate(path, 5000) },
		"a short slot":       put(bucketOf(Week), number(7), []byte{1, 2}),
		"a slot of another":  put(bucketOf(Day), number(7), bytes.Repeat([]byte{9}, sampleSize)),
		"a slot of rigs":     put(rigsBucket, number(7), []byte("x")),
		"a key of a slot":    put(rigsBucket, []byte{1}, (&rigSlot{}).pack()),
		"a block":            put(blocksBucket, number(7), []byte("{")),
		"a name's key":       put(namesBucket, []byte("x"), []byte("y")),
		"the state":          put(metaBucket, stateKey, []byte("[]")),
		"a negative effort":  put(metaBucket, stateKey, []byte(`{"effort":-1}`)),
		"a time beyond all":  put(bucketOf(Year), number(7), packSample(1<<60, Sample{})),
		"work without bound": put(bucketOf(Year), number(7), packSample(1, Sample{Work: -1})),
	} {
		s := newSim()
		path := filled(t, s)
		if err := damage(path); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var log bytes.Buffer
		cfg := s.config(path)
		cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
		h := Open(cfg)
		if sum := h.Over(day); len(setAsideFiles(t, path)) != 1 || !h.Saved() || sum != (Sample{}) || !strings.Contains(log.String(), "level=WARN") {
			t.Errorf("%s: set aside %v, saved %v, %+v is left\n%s", name, setAsideFiles(t, path), h.Saved(), sum, &log)
		}
		s.pass(time.Second, 1)
		h.readTotals()
		if err := h.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// damage has the file found damaged, as bbolt finds it: by a panic.
func damage(h *History) { _ = h.file.View(func(*bolt.Tx) error { panic("page 7: unexpected type") }) }

// TestDamageWhileItRuns: the totals are in memory, and get into the new file.
func TestDamageWhileItRuns(t *testing.T) {
	s := newSim()
	path := filled(t, s)
	h := open(t, s, path)
	h.readTotals()
	before := h.Over(day)
	damage(h)
	s.pass(time.Minute, 100)
	h.readTotals()
	if err := h.Flush(); err != nil || !h.Saved() || len(setAsideFiles(t, path)) != 1 {
		t.Fatalf("%v, saved %v, set aside %v", err, h.Saved(), setAsideFiles(t, path))
	}
	// A second damage so soon is left alone: something is wrong that new files don't mend.
	damage(h)
	if err := h.Flush(); !errors.Is(err, boltcheck.ErrDamaged) || h.Saved() || len(setAsideFiles(t, path)) != 1 {
		t.Errorf("%v, saved %v, set aside %v", err, h.Saved(), setAsideFiles(t, path))
	}
	left := h.file.Bolt()
	if err := h.Close(); !errors.Is(err, boltcheck.ErrDamaged) {
		t.Errorf("closed: %v", err)
	}
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, s, path)
	if after := again.Over(day); before.Hashes == 0 || after.Hashes != before.Hashes+100 || after.Starts != 2 {
		t.Errorf("%+v, and a minute later %+v", before, after)
	}
	if blocks, total := again.Blocks(); len(blocks) != 1 || total != 1 {
		t.Errorf("%d blocks of %d", len(blocks), total)
	}
}

// TestDamageOfAFileThatWasMoved: a new one is begun all the same, as after a try that got no further than that.
func TestDamageOfAFileThatWasMoved(t *testing.T) {
	s := newSim()
	path := filled(t, s)
	h := open(t, s, path)
	damage(h)
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := h.Flush(); err != nil || !h.Saved() {
		t.Fatalf("%v, saved %v", err, h.Saved())
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if sum := open(t, s, path).Over(day); sum.Hashes == 0 {
		t.Errorf("the new file has %+v", sum)
	}
}

// TestForeignFiles are left alone: another program's, another network's, one in use.
func TestForeignFiles(t *testing.T) {
	s := newSim()
	path := filled(t, s)
	h := open(t, s, path)
	if err := h.Claim("mainnet"); err != nil {
		t.Fatal(err)
	}
	if err := h.Claim("wisdom"); !errors.Is(err, boltcheck.ErrOtherNetwork) {
		t.Errorf("claimed for another network: %v", err)
	}
	if second := open(t, s, path); second.Saved() || len(setAsideFiles(t, path)) > 0 {
		t.Errorf("a second process uses it: %v, or has set it aside: %v", second.Saved(), setAsideFiles(t, path))
	}
	other := filepath.Join(t.TempDir(), "other.db")
	db, err := bolt.Open(other, 0o600, nil)
	if err == nil {
		err = db.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	h = open(t, s, other)
	s.pass(time.Minute, 1)
	h.readTotals()
	if err := h.Flush(); err != nil || h.Saved() || h.Claim("mainnet") != nil {
		t.Errorf("%v, saved %v", err, h.Saved())
	}
	if after, err := os.ReadFile(other); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the other program's file has changed: %v", err)
	}
}

// TestNothingWaitsForTheDisk counts and reads while a write is under way.
func TestNothingWaitsForTheDisk(t *testing.T) {
	s := newSim()
	h := open(t, s, pathIn(t))
	h.disk.Lock() // A write that does not come back.
	defer h.disk.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.readTotals()
		for n := range 3 * mostWaiting {
			h.Found(block(n, s.now))
		}
		h.count(<-h.found)
		h.readRigs()
		h.Series(Week)
		h.Over(time.Hour)
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it waits")
	}
	if h.Lost() != 2*mostWaiting {
		t.Errorf("%d blocks lost, expected %d", h.Lost(), 2*mostWaiting)
	}
}

// TestRun counts and writes by itself, with all that is asked at the same time.
func TestRun(t *testing.T) {
	path, start := pathIn(t), time.Now()
	var mu sync.Mutex
	totals := Totals{Difficulty: 100}
	h := Open(Config{
		Path: path, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Elapsed: func() time.Duration { return time.Since(start) },
		Now:     func() time.Time { return start.Add(60 * time.Since(start)) }, // A minute is a second.
		Totals: func() Totals {
			mu.Lock()
			defer mu.Unlock()
			totals.Hashes++
			return totals
		},
		Rigs: func() []RigTotals { return []RigTotals{{Name: "a", Online: true}} },
	})
	ended := make(chan error, 1)
	ctx, cancel := contextOf(t)
	go func() { ended <- h.Run(ctx) }()
	var asking sync.WaitGroup
	for n := range 3 {
		asking.Go(func() {
			for k := range 200 {
				h.Found(block(200*n+k, time.Now()))
				h.Series(spans[k%len(spans)])
				h.Over(time.Hour)
				h.Luck(10)
				h.Blocks()
				if _, err := h.Rigs(48, 6); err != nil {
					t.Error(err)
				}
				if _, err := h.Rig("a"); err != nil {
					t.Error(err)
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	asking.Wait()
	cancel()
	if err := <-ended; !errors.Is(err, ctx.Err()) {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	again := Open(Config{Path: path})
	defer again.Close()
	blocks, total := again.Blocks()
	sum := 0.0
	for _, b := range blocks {
		sum += b.Effort
	}
	if e, _ := again.Effort(); total != 600 || fmt.Sprintf("%.6f", sum+e.Value) != fmt.Sprintf("%.6f", (totals.Hashes-1)/100) {
		t.Errorf("%d blocks of the effort %v, and %v since, expected 600 and %v in all", total, sum, e.Value, totals.Hashes/100)
	}
}
