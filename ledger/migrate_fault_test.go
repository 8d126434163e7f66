//go:build linux || darwin

package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// growFormer adds shares to a file of the former format, so that a change of it takes a while.
func growFormer(t *testing.T, path string, shares int) {
	t.Helper()
	err := inBolt(path, func(tx *bolt.Tx) error {
		b := tx.Bucket(formerLogBucket)
		for n := uint64(1e6); shares > 0; shares -= 1000 {
			if err := b.Put(pack(n), make([]byte, 1000*formerSize)); err != nil {
				return err
			}
			n += 1000
		}
		return tx.Bucket(metaBucket).Put(nextKey, pack(nextNumbers{2e6, 100, 100}))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func countShares(t *testing.T, l *Ledger) (n int) {
	t.Helper()
	if err := l.Shares(func(Share) bool { n++; return true }); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestFormerFormatKilled kills a process that brings a file up to this format, at any time. It
// is of one of the two formats with all its shares, and so is the copy, once there is one.
func TestFormerFormatKilled(t *testing.T) {
	const child = "BYTOM_SOLO_TEST_MIGRATE"
	if path := os.Getenv(child); path != "" {
		fmt.Println("opens")
		l := Open(Config{Path: path})
		fmt.Println("opened", l.Saved())
		return
	}
	kills := 12
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		kills = 200
	}
	path, _ := formerFile(t)
	growFormer(t, path, 100_000)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want := countShares(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	former, copies := 0, 0
	for i := range kills {
		path := filepath.Join(t.TempDir(), "rigs.db")
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		killWhileMigrating(t, child+"="+path, time.Duration(i)*10*time.Millisecond)
		for _, each := range []string{path, path + ".format-1"} {
			if _, err := os.Stat(each); errors.Is(err, os.ErrNotExist) && each != path {
				continue
			}
			if each != path {
				copies++
			} else if formatOf(t, path) == formerFormat {
				former++
			}
			l, err := Read(each)
			if err != nil {
				t.Fatal(err)
			}
			if n := countShares(t, l); n != want {
				t.Errorf("%s has %d shares, expected %d", each, n, want)
			}
			_ = l.Close()
		}
		if formatOf(t, path) == fileFormat.Newest() && copies == 0 {
			t.Error("the format is changed, and there is no copy")
		}
		l := Open(Config{Path: path})
		if n := countShares(t, l); n != want || !l.Saved() || l.ID() == "" {
			t.Errorf("opened again it has %d shares, expected %d", n, want)
		}
		_ = l.Close()
	}
	t.Logf("%d of %d were killed before the change, %d had a copy", former, kills, copies)
}

// killWhileMigrating runs this test as a child, and kills it a while after it began to open
// the file.
func killWhileMigrating(t *testing.T, env string, after time.Duration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFormerFormatKilled$")
	cmd.Env = append(os.Environ(), env)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// TestFormerFormatOnAFullDisk: where there is no room for the copy, or for the change, the
// file is what it was, and is taken over once there is room.
func TestFormerFormatOnAFullDisk(t *testing.T) {
	if !filetest.Alone(t) {
		return
	}
	path, _ := formerFile(t)
	growFormer(t, path, 20_000)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(len(whole))
	for _, c := range []struct {
		room int64
		why  string
	}{{size / 2, "copy it"}, {size, "change its format"}, {size + 200_000, "change its format"}} {
		var log bytes.Buffer
		free := filetest.FillDisk(t, c.room)
		l := Open(Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
		l.Add(Entry{At: time.Now(), Rig: "a.0", Effective: 1, Network: 10})
		_ = l.Close()
		free()
		if l.Saved() || !strings.Contains(log.String(), c.why) || !strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("room for %d of %d bytes: %s", c.room, size, &log)
		}
		if f := formatOf(t, path); f != formerFormat {
			t.Errorf("room for %d of %d bytes: its format is %d", c.room, size, f)
		}
		if files, err := filepath.Glob(path + ".*"); err != nil || len(files) > 1 || len(files) == 1 && !strings.HasSuffix(files[0], ".format-1") {
			t.Errorf("%q, %v", files, err)
		}
	}
	l := Open(Config{Path: path})
	defer l.Close()
	if n := countShares(t, l); !l.Saved() || n < 20_000 {
		t.Errorf("with room again it has %d shares", n)
	}
}
