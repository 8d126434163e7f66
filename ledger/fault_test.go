//go:build linux || darwin

package ledger

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
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

// TestLedgerFullDisk lets the file grow no further, as a full disk does, then again. A
// limit on the size of files stands for the disk. It holds for the whole process, hence
// the process of its own.
func TestLedgerFullDisk(t *testing.T) {
	const child = "BYTOM_SOLO_TEST_FULL_DISK"
	if os.Getenv(child) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	signal.Ignore(syscall.SIGXFSZ) // It would end the process.
	path := filepath.Join(t.TempDir(), "l.db")
	var log bytes.Buffer
	l := Open(Config{Path: path, Flush: time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil))})
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	full := before
	full.Cur = uint64(info.Size())
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Fatal(err)
	}
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
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	add()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	checkWhole(t, path, added)
}
