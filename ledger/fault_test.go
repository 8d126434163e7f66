//go:build linux || darwin

package ledger

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// TestLedgerKilled kills a process that counts, at any time. What it had written is
// there, and nothing by half.
func TestLedgerKilled(t *testing.T) {
	const child = "BYTOM_SOLO_TEST_LEDGER"
	if path := os.Getenv(child); path != "" {
		l := Open(Config{Path: path})
		for i := 0; ; i++ {
			e := Entry{At: time.Now(), Rig: fmt.Sprint("a.", i%3), Effective: 1, Network: 10}
			if i%10 == 0 {
				e.Block = "b"
			}
			if l.Add(e); i%7 == 0 {
				if err := l.Flush(); err != nil {
					t.Fatal(err)
				}
				fmt.Println("flushed", l.sequence)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "l.db")
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), child+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var flushed uint64
		told := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if n, _ := fmt.Sscanf(lines.Text(), "flushed %d", &flushed); n == 1 {
				told++
			}
			if told == 10+7*round { // It goes on counting and writing meanwhile.
				time.AfterFunc(time.Duration(7*round)*time.Millisecond, func() { _ = cmd.Process.Kill() })
			}
		}
		_ = cmd.Wait()
		checkWhole(t, path, flushed)
	}
}

// TestLedgerFullDisk lets the file grow no further, as a full disk does, then again.
func TestLedgerFullDisk(t *testing.T) {
	if !filetest.Alone(t) {
		return
	}
	path := filepath.Join(t.TempDir(), "l.db")
	var log bytes.Buffer
	l := Open(Config{Path: path, Flush: time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil))})
	free := filetest.FillDiskAt(t, path)
	added := uint64(0)
	add := func() {
		for i := range 1000 {
			l.Add(Entry{At: time.Now(), Rig: fmt.Sprint("a.", i%200), Effective: 1, Network: 10})
			added++
		}
	}
	for add(); l.Flush() == nil; add() {
		if added > 1e6 {
			t.Fatal("a million shares, and the file has not grown beyond its limit")
		}
	}
	add()
	if err := l.Flush(); err == nil || !strings.Contains(err.Error(), syscall.EFBIG.Error()) {
		t.Errorf("on a full disk: %v", err)
	}
	free()
	add()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	checkWhole(t, path, added)
}

// TestLedgerIsClosedOnAFullDisk: that is a failure where shares are lost by it, and else a warning.
func TestLedgerIsClosedOnAFullDisk(t *testing.T) {
	if !filetest.Alone(t) {
		return
	}
	for _, shares := range []int{0, 1} {
		path := filepath.Join(t.TempDir(), "l.db")
		var log bytes.Buffer
		l := Open(Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
		free := filetest.FillDisk(t, 4096) // All that can be written is the file's first page.
		for range shares {
			l.Add(Entry{At: time.Now(), Rig: "a.0", Effective: 1, Network: 10})
		}
		err := l.Close()
		free()
		if lost := shares > 0; (err != nil) != lost || strings.Contains(log.String(), "level=WARN") == lost {
			t.Errorf("%d shares that wait: %v, and the log says %q", shares, err, log.String())
		}
	}
}
