package console

import (
	"bytes"
	"regexp"
)

// Colours: those that read well on dark and on light terminals.
const (
	plain  = "\x1b[0m"
	faint  = "\x1b[2m"
	bold   = "\x1b[1m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	red    = "\x1b[31m"
)

// logged is the beginning of a line as slog's text handler writes it: the time, the level, its
// name, the message.
var logged = regexp.MustCompile(`^(time=\S+) (level=(\S+)) (msg=(?:"(?:[^"\\]|\\.)*"|\S+))`)

// styled colours a line of the log: the time is faint, the message bold, what was accepted
// green, and warnings and errors stand out. Other lines, and all where there are to be no
// colours, stay as they are.
func (t *Terminal) styled(line []byte) []byte {
	if !t.colour {
		return line
	}
	if rest, ok := bytes.CutPrefix(line, []byte("error: ")); ok {
		return append([]byte(red+"error:"+plain+" "), rest...)
	}
	m := logged.FindSubmatch(line)
	if m == nil {
		return line
	}
	at, level, name, message := string(m[1]), string(m[2]), string(m[3]), string(m[4])
	first, second := faint, bold
	switch {
	case name == "WARN":
		first, second = yellow, bold+yellow
	case name == "ERROR":
		first, second = red, bold+red
	case bytes.HasSuffix(m[4], []byte(` accepted"`)):
		second = bold + green
	}
	head := faint + at + plain + " " + first + level + plain + " " + second + message + plain
	return append([]byte(head), line[len(m[0]):]...)
}
