package main

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

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

// toTerminal reports whether results go to a terminal.
func toTerminal(out io.Writer) bool {
	r, ok := out.(results)
	return ok && term.IsTerminal(int(r.file.Fd()))
}

// surviveReaders lets the process live on when the reader of its log ends: Go ends it
// otherwise. The signal is caught, not ignored, as programs that are started from here
// would inherit that.
func surviveReaders() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
