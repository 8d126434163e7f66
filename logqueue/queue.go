// Package logqueue has a log written to files whose disk may hang, without holding up who logs.
package logqueue

import (
	"bytes"
	"fmt"
	"io"
	"sync"
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
	to    io.Writer
	lines chan line

	mu     sync.Mutex
	behind bool // the writer hangs, as far as is known
	lost   int  // lines for which there was no room, since the last that had some
}

type line struct {
	text    []byte
	lost    int // before it
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
	written, waits := q.add(text)
	if !waits {
		return len(text), nil
	}
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case err := <-written:
		return count(text, err), err
	case <-wait.C:
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case err := <-written: // At the last moment.
		return count(text, err), err
	default:
		q.behind = true
		return len(text), nil
	}
}

func count(text []byte, err error) int {
	if err != nil {
		return 0
	}
	return len(text)
}

// add gives the line a place, if there is one, and tells whether it is worth waiting for.
func (q *Queue) add(text []byte) (written <-chan error, waits bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := line{bytes.Clone(text), q.lost, make(chan error, 1)}
	select {
	case q.lines <- l:
		q.lost = 0
		return l.written, !q.behind
	default:
		q.lost++
		return nil, false
	}
}

// Flush waits until all lines are written, for limit at the most.
func (q *Queue) Flush(limit time.Duration) {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(time.Millisecond) {
		q.mu.Lock()
		behind := q.behind
		q.mu.Unlock()
		if !behind {
			return
		}
	}
}

func (q *Queue) run() {
	for l := range q.lines {
		if l.lost > 0 {
			_, _ = fmt.Fprintf(q.to, "%d lines of the log are lost here: its disk gave no answer\n", l.lost)
		}
		_, err := q.to.Write(l.text)
		q.mu.Lock()
		l.written <- err
		if len(q.lines) == 0 {
			q.behind = false
		}
		q.mu.Unlock()
	}
}
