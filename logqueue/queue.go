// Package logqueue has a log written to files whose disk may hang, without holding up who logs.
package logqueue

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

const (
	// patience is how long one line waits for the disk, so that what a process logs last is in the file
	// whatever ends it. Where the disk hangs, the lines after it don't wait.
	patience = 100 * time.Millisecond
	// room is how many lines wait for a disk that hangs.
	room = 4096
)

// Queue writes lines in their order. It is safe for concurrent use.
type Queue struct {
	to     io.Writer
	lines  chan line
	behind atomic.Bool  // the writer hangs, as far as is known
	lost   atomic.Int64 // lines for which there was no room
}

type line struct {
	text    []byte
	written chan error
}

// New returns a Queue before to, which is called by one goroutine, with a line at a time. It lives
// as long as the process.
func New(to io.Writer) *Queue {
	q := &Queue{to: to, lines: make(chan line, room)}
	go q.run()
	return q
}

// Write satisfies io.Writer. It returns once the line is written, with the writer's error; of a writer
// that hangs there is none.
func (q *Queue) Write(text []byte) (int, error) {
	l := line{bytes.Clone(text), make(chan error, 1)}
	select {
	case q.lines <- l:
	default:
		q.lost.Add(1)
		return len(text), nil
	}
	if q.behind.Load() {
		return len(text), nil
	}
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case err := <-l.written:
		if err != nil {
			return 0, err
		}
	case <-wait.C:
		q.behind.Store(true)
	}
	return len(text), nil
}

func (q *Queue) run() {
	for l := range q.lines {
		_, err := q.to.Write(l.text)
		if len(q.lines) == 0 {
			q.behind.Store(false)
			if lost := q.lost.Swap(0); lost > 0 {
				_, _ = fmt.Fprintf(q.to, "%d lines of the log are lost here: its disk gave no answer\n", lost)
			}
		}
		l.written <- err
	}
}
