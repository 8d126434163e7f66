// Package console is where the program's log goes, and who watches it: lines, colours, a bar
// that shows how far long work is, and keys.
package console

import (
	"bytes"
	"io"
	"os"
	"runtime"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"

	"github.com/bytom-solo/bytom-solo/logqueue"
)

// Terminal is where the log goes. A pipe or a console may stop reading (Ctrl-S, a
// selection, a pager) or go away, and neither may stop a program that mines: lines wait
// for the reader as far as there is room for them, and are lost then. All methods are safe for
// concurrent use.
type Terminal struct {
	file *os.File
	// screen is whether it is a terminal, drawn whether it takes escape sequences, colour
	// whether it wants colours.
	screen, drawn, colour bool

	orders chan order      // nil where lines go to a file
	lines  *logqueue.Queue // the file, where orders is nil
	frames chan []byte
	frame  []byte // what stands on the lowest line; of the goroutine that writes
	done   chan struct{}

	keys keyboard

	mu  sync.Mutex
	bar *bar // nil while there is none
}

// order is a line to be written; the nil one ends the writing. Where there is wiped instead,
// the bar is wiped, and wiped closed.
type order struct {
	line  []byte
	wiped chan<- struct{}
}

// room is how many lines wait for a reader.
const room = 4096

// Open makes a Terminal of a file. A regular file has no reader that could stop, but its disk can
// hang: it has each line when Write returns, unless it does. There are colours on a terminal that
// knows escape sequences, unless the environment has NO_COLOR.
func Open(file *os.File, getenv func(string) string) *Terminal {
	t := &Terminal{file: file}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		t.lines = logqueue.New(file)
		return t
	}
	t.screen = term.IsTerminal(int(file.Fd()))
	t.drawn = t.screen && knowsEscapes(file, getenv("TERM"))
	t.colour = t.drawn && getenv("NO_COLOR") == ""
	t.orders, t.frames, t.done = make(chan order, room), make(chan []byte, 1), make(chan struct{})
	go t.run()
	return t
}

// knowsEscapes reports whether a terminal understands escape sequences.
func knowsEscapes(file *os.File, kind string) bool {
	if runtime.GOOS == "windows" { // which names no kind, but shells from elsewhere do
		return kind != "dumb" && enableEscapes(file)
	}
	return kind != "" && kind != "dumb"
}

// Of is the Terminal that w is. Where it is another writer, it is one without a screen, a bar
// and keys.
func Of(w io.Writer) *Terminal {
	if t, ok := w.(*Terminal); ok {
		return t
	}
	return &Terminal{}
}

// IsTerminal reports whether somebody reads along on a terminal.
func IsTerminal(w io.Writer) bool { return Of(w).screen }

// Write leaves a line to be written. It may have the text of others in it: control characters
// become question marks.
func (t *Terminal) Write(line []byte) (int, error) {
	text := bytes.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '?'
		}
		return r
	}, line)
	switch {
	case t.orders != nil:
		select {
		case t.orders <- order{line: text}:
		default:
		}
	case t.lines != nil:
		if _, err := t.lines.Write(text); err != nil {
			return 0, err
		}
	}
	return len(line), nil
}

// Close gives the reader a last second for what was written, and gives back the keyboard. What
// is written from then on, by goroutines that nothing ends, is lost.
func (t *Terminal) Close() error {
	t.Release()
	if t.orders == nil {
		if t.lines != nil {
			t.lines.Flush(time.Second)
		}
		return nil
	}
	t.Hide()
	limit := time.After(time.Second)
	select {
	case t.orders <- order{}:
	case <-limit:
		return nil
	}
	select {
	case <-t.done:
	case <-limit:
	}
	return nil
}

// run writes until the order to end. It alone writes, so that no line gets into a bar.
func (t *Terminal) run() {
	defer close(t.done)
	for {
		select {
		case o := <-t.orders:
			switch {
			case o.wiped != nil:
				t.draw(nil, nil)
				close(o.wiped)
			case o.line == nil:
				return
			default:
				t.draw(t.styled(o.line), t.frame)
			}
		case frame := <-t.frames:
			t.draw(nil, frame)
		}
	}
}

// draw writes a line, and a bar below it in place of the one that is there. The cursor stays at
// the bar's beginning: a window that becomes narrower breaks the bar's line, or cuts it, but what
// is to be wiped begins at the cursor in any case.
func (t *Terminal) draw(line, frame []byte) {
	var out []byte
	if len(t.frame) > 0 {
		out = append(out, wipe...)
	}
	out = append(out, line...)
	if len(frame) > 0 {
		out = append(out, unwrapped...)
		out = append(out, bytes.TrimRight(frame, "\n")...)
		out = append(out, wrapped...)
	}
	t.frame = frame
	_, _ = t.file.Write(out) // Nobody is left to report it to.
}

const (
	// wipe clears the line that the cursor is on, and all below. Nothing is cleared from the
	// first line on: tmux takes that for a new screen, and keeps what was on the former.
	wipe = "\r\x1b7\x1b[K\x1b[B\x1b[J\x1b8"
	// unwrapped has what is too long for the window end at its edge, which may have moved since
	// the bar was made; wrapped ends that.
	unwrapped, wrapped = "\x1b[?7l", "\x1b[?7h\r"
)
