package main

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// terminal is where the log goes. A pipe or a console may stop reading (Ctrl-S, a
// selection, a pager) or go away, and neither may stop a program that mines: lines wait
// for the reader as far as there is room for them, and are lost then.
type terminal struct {
	file  *os.File
	lines chan []byte
	done  chan struct{}
}

// terminalRoom is how many lines wait for a reader.
const terminalRoom = 4096

// openTerminal makes a terminal of a file. Its lines go straight to a regular file,
// which has no reader that could stop.
func openTerminal(file *os.File) io.WriteCloser {
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		return unclosed{file}
	}
	t := &terminal{file: file, lines: make(chan []byte, terminalRoom), done: make(chan struct{})}
	go func() {
		defer close(t.done)
		for line := <-t.lines; line != nil; line = <-t.lines {
			_, _ = t.file.Write(line) // Nobody is left to report it to.
		}
	}()
	return t
}

// Write leaves a line to be written.
func (t *terminal) Write(line []byte) (int, error) {
	select {
	case t.lines <- append([]byte{}, line...):
	default:
	}
	return len(line), nil
}

// Close gives the reader a last second for what was written. What is written from then
// on, by goroutines that nothing ends, is lost.
func (t *terminal) Close() error {
	limit := time.After(time.Second)
	select {
	case t.lines <- nil:
	case <-limit:
		return nil
	}
	select {
	case <-t.done:
	case <-limit:
	}
	return nil
}

// unclosed is a file that stays open.
type unclosed struct{ *os.File }

// Close satisfies io.Closer.
func (unclosed) Close() error { return nil }

// results is standard output. Who reads it ends it, and the command with it, as the
// command `head` does: quietly.
type results struct{ file *os.File }

// Write satisfies io.Writer.
func (r results) Write(text []byte) (int, error) {
	n, err := r.file.Write(text)
	if errors.Is(err, syscall.EPIPE) {
		// What surviveReaders keeps off, which ends the process where there is such a signal.
		signal.Reset(syscall.SIGPIPE)
		return r.file.Write(text)
	}
	return n, err
}

// surviveReaders lets the process live on when the reader of its log ends: Go ends it
// otherwise. The signal is caught, not ignored, as programs that are started from here
// would inherit that.
func surviveReaders() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}

// isTerminal reports whether somebody reads along.
func isTerminal(w io.Writer) bool {
	var file *os.File
	switch w := w.(type) {
	case *terminal:
		file = w.file
	case results:
		file = w.file
	default:
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && info.Name() != os.DevNull && info.Name() != "null"
}
