package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/syndtr/goleveldb/leveldb/storage"

	dbm "github.com/bytom/bytom/database/leveldb"

	"github.com/bytom-solo/bytom-solo/mining"
)

// limitedStorage is a storage on a disk of so many bytes.
type limitedStorage struct {
	storage.Storage
	room *atomic.Int64
}

func (s limitedStorage) Create(fd storage.FileDesc) (storage.Writer, error) {
	if s.room.Load() <= 0 {
		return nil, &os.PathError{Op: "open", Path: fd.String(), Err: syscall.ENOSPC}
	}
	w, err := s.Storage.Create(fd)
	return limitedWriter{w, s.room}, err
}

func (s limitedStorage) SetMeta(fd storage.FileDesc) error {
	if s.room.Load() <= 0 {
		return syscall.EDQUOT
	}
	return s.Storage.SetMeta(fd)
}

type limitedWriter struct {
	storage.Writer
	room *atomic.Int64
}

// Write takes what there is room for.
func (w limitedWriter) Write(p []byte) (int, error) {
	room := max(0, min(int64(len(p)), w.room.Load()))
	n, err := w.Writer.Write(p[:room])
	w.room.Add(-int64(n))
	if err == nil && n < len(p) {
		err = &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	}
	return n, err
}

// TestDatabaseWaitsForRoom fills a disk again and again while a LevelDB writes: no
// write fails, none is lost, reads go on, and each fill is told once.
func TestDatabaseWaitsForRoom(t *testing.T) {
	var log strings.Builder
	var told []string
	d := newDisk("/data", slog.New(slog.NewTextHandler(&log, nil)), func(n Notification) { told = append(told, n.Event) })
	d.pause = time.Millisecond
	room := &atomic.Int64{}
	room.Store(1 << 20)
	path := t.TempDir()
	files, err := storage.OpenFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	db, err := openStorage(limitedStorage{files, room}, "", d, tablesLeast)
	if err != nil {
		t.Fatal(err)
	}
	const writes, fills = 150, 5
	value := strings.Repeat("v", 100_000) // It takes files of all kinds, and many.
	wrote := make(chan int)
	go func() {
		defer close(wrote)
		for i := range writes {
			b := db.NewBatch()
			b.Set(fmt.Append(nil, "batch", i), []byte(value))
			b.Delete(fmt.Append(nil, "set", i-2))
			b.Write()
			db.SetSync(fmt.Append(nil, "set", i), []byte(value))
			wrote <- i
		}
	}()
	last, seen := -1, 0
	for done := false; !done; {
		select {
		case i, ok := <-wrote:
			last, done = max(last, i), !ok
		default:
			if d.ready() == nil {
				continue
			}
			if err := d.ready(); err != nil && !errors.Is(err, mining.ErrNotReady) {
				t.Errorf("not ready: %v", err)
			}
			if last >= 0 && string(db.Get(fmt.Append(nil, "batch", last))) != value {
				t.Errorf("value %d can't be read", last)
			}
			seen++
			room.Add(writes * 400_000 / fills)
			for d.ready() != nil {
				time.Sleep(time.Millisecond)
			}
		}
	}
	db.Close()
	if seen < 2 || strings.Count(log.String(), "level=ERROR") != strings.Count(log.String(), "room on the disk again") || len(told) < 4 || told[0] != "disk.full" || told[1] != "disk.right" {
		t.Errorf("the disk was full %d times; told %q:\n%s", seen, told, log.String())
	}
	checkDatabase(t, path, writes, value)
}

// checkDatabase opens what was written as Bytom would.
func checkDatabase(t *testing.T, path string, writes int, value string) {
	t.Helper()
	name := "copy"
	dir := t.TempDir()
	if err := os.Rename(path, dir+"/"+name+".db"); err != nil {
		t.Fatal(err)
	}
	stock, err := dbm.NewGoLevelDB(name, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer stock.Close()
	found := 0
	for it := stock.IteratorPrefix([]byte("batch")); it.Next(); found++ {
		if string(it.Value()) != value {
			t.Errorf("%s is another", it.Key())
		}
	}
	if found != writes || stock.Get(fmt.Append(nil, "set", writes-1)) == nil || stock.Get(fmt.Append(nil, "set", writes-3)) != nil {
		t.Errorf("%d of %d are there", found, writes)
	}
}

// TestDatabaseIsTheStockOne holds ours to what Bytom's does.
func TestDatabaseIsTheStockOne(t *testing.T) {
	ours, err := openLevelDB(t.TempDir(), newDisk("", slog.Default(), nil), tablesMost)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	stock, err := dbm.NewGoLevelDB("x", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer stock.Close()
	tell := func(db dbm.DB) (said string) {
		for i := range 20 {
			db.Set(fmt.Append(nil, "k", i), fmt.Append(nil, i))
		}
		db.SetSync([]byte("a"), []byte{})
		db.Delete([]byte("k3"))
		db.DeleteSync([]byte("k4"))
		db.Delete([]byte("none"))
		b := db.NewBatch()
		b.Set([]byte("k5"), []byte("new"))
		b.Delete([]byte("k6"))
		said += fmt.Sprint(db.Get([]byte("k5")), db.Get([]byte("none")) == nil, db.Get([]byte("a")) == nil)
		b.Write()
		all, some := db.Iterator(), db.IteratorPrefix([]byte("k1"))
		var kept [][]byte
		for all.Next() {
			kept = append(kept, all.Key(), all.Value())
		}
		said += fmt.Sprintf("%s %t ", kept, some.Seek([]byte("k15")))
		for some.Next() {
			said += fmt.Sprintf("%s=%s ", some.Key(), some.Value())
		}
		said += fmt.Sprint(all.Error(), some.Error())
		all.Release()
		some.Release()
		return said
	}
	if a, b := tell(ours), tell(stock); a != b {
		t.Errorf("ours: %s\nBytom's: %s", a, b)
	}
}

// TestOtherErrorsDoNotWait has one that room does not help.
func TestOtherErrorsDoNotWait(t *testing.T) {
	d := newDisk("", slog.New(slog.DiscardHandler), func(Notification) { t.Error("it alarms") })
	tries := 0
	err := d.write(func() error { tries++; return os.ErrPermission })
	if !errors.Is(err, os.ErrPermission) || tries != 1 || d.ready() != nil {
		t.Errorf("%d tries, %v", tries, err)
	}
	if err := (*disk)(nil).ready(); err != nil {
		t.Error(err)
	}
}

// TestADatabaseThatWasNotMadeYet opens one whose making was ended on a full disk.
func TestADatabaseThatWasNotMadeYet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "core.db")
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "MANIFEST-000000"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := openLevelDB(path, newDisk(path, slog.New(slog.DiscardHandler), func(Notification) {}), 8)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
}

// TestANodeWhoseDatabaseFailsEnds: also while a found block waits for the journal, whose disk fails too.
func TestANodeWhoseDatabaseFailsEnds(t *testing.T) {
	for _, waiting := range []bool{false, true} {
		config := soloConfig(home(t))
		useNetwork("solonet")
		config.Mining.Address = addressOf(t, 9)
		n, err := openWholeNode(t, config)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- n.Run(ctx) }()
		time.Sleep(2 * time.Second)
		if waiting {
			if err := n.journal.Close(); err != nil { // Each write fails from here on.
				t.Fatal(err)
			}
			if _, err := n.solonet.mine(t.Context(), mining.Request{}); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		n.disk.fail(errors.New("input/output error"))
		select {
		case err := <-ended:
			if err == nil || time.Since(start) > 2*stopLimit {
				t.Errorf("block waiting %v: ended after %v: %v", waiting, time.Since(start), err)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("block waiting %v: the node has not ended after 20 s", waiting)
			cancel()
			<-ended
		}
		cancel()
	}
}
