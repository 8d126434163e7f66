package node

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestALogFileThatHangs has a pipe that nobody reads in the place of a file whose disk gives no answer.
func TestALogFileThatHangs(t *testing.T) {
	c := NewConfig()
	c.Bytom.RootDir, c.Bytom.LogFile = t.TempDir(), "log"
	name := filepath.Join(c.Bytom.LogDir(), "bytom-solo."+time.Now().Format(logDay)+".log")
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	var terminal strings.Builder
	log, err := c.OpenLog(&terminal)
	if err != nil {
		t.Fatal(err)
	}
	const lines = 2000
	text := strings.Repeat("x", 100) // Three times what the pipe holds.
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range lines {
			log.Info(text)
		}
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("who logs waits for the file")
	}
	if got := strings.Count(terminal.String(), text); got != lines {
		t.Errorf("the terminal has %d lines, expected %d", got, lines)
	}
	for read, at := bufio.NewReader(pipe), 0; at < lines; at++ { // All of them waited.
		if line, err := read.ReadString('\n'); err != nil || !strings.Contains(line, text) {
			t.Fatalf("line %d of the file: %q, %v", at, line, err)
		}
	}
}
