package console

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestATerminalThatStopsReading has a pipe that nobody reads, as after Ctrl-S: nobody
// waits for it, and the lines that there was room for are there when it is read again.
func TestATerminalThatStopsReading(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	term := Open(w, os.Getenv)
	line := append(bytes.Repeat([]byte("x"), 1000), '\n')
	for range 2 * room {
		if n, err := term.Write(line); n != len(line) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	text := make(chan int)
	go func() {
		n := 0
		for buffer := make([]byte, 1<<16); n < room*len(line); {
			m, err := r.Read(buffer)
			if n += m; err != nil {
				break
			}
		}
		text <- n / len(line)
		_, _ = io.Copy(io.Discard, r)
	}()
	if lines := <-text; lines < room {
		t.Errorf("%d lines waited, expected %d", lines, room)
	}
	if err := term.Close(); err != nil {
		t.Error(err)
	}
	for range 2 * room {
		if _, err := term.Write(line); err != nil { // What nothing ends may still speak.
			t.Fatal(err)
		}
	}
	w.Close()
}

// TestATerminalIsReadToTheEnd closes it after the last line, which is read.
func TestATerminalIsReadToTheEnd(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	term := Open(w, os.Getenv)
	for i := range 1000 {
		fmt.Fprintln(term, i)
	}
	if err := term.Close(); err != nil {
		t.Error(err)
	}
	w.Close()
	raw, err := io.ReadAll(r)
	if err != nil || !strings.HasSuffix(string(raw), "\n998\n999\n") || !strings.HasPrefix(string(raw), "0\n1\n") {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
}

// TestAFileIsNoTerminal writes at once where there is no reader.
func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	term := Open(f, os.Getenv)
	fmt.Fprint(term, "x")
	if raw, err := os.ReadFile(f.Name()); err != nil || string(raw) != "x" || IsTerminal(term) {
		t.Errorf("%q, %v", raw, err)
	}
	if err := term.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.WriteString("y"); err != nil {
		t.Errorf("it is not ours to close: %v", err)
	}
}
