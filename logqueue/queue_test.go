package logqueue

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// disk is a writer that hangs when it is told to.
type disk struct {
	hang chan struct{} // until it is closed; nil does not hang
	text strings.Builder
	err  error
}

func (d *disk) Write(p []byte) (int, error) {
	if d.hang != nil {
		<-d.hang
	}
	if d.err != nil {
		return 0, d.err
	}
	return d.text.Write(p)
}

// TestADiskThatHangs has more lines logged than wait for it.
func TestADiskThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		q := New(d)
		defer close(q.lines)
		write := func(i int) time.Duration {
			start := time.Now()
			line := []byte(fmt.Sprintln("line", i))
			n, err := q.Write(line)
			if n != len(line) || err != nil {
				t.Errorf("line %d: %d, %v", i, n, err)
			}
			clear(line) // slog uses it again.
			return time.Since(start)
		}
		write(0)
		if d.text.String() != "line 0\n" {
			t.Errorf("a disk that answers has %q when the line was written", d.text.String())
		}
		d.hang = make(chan struct{})
		var waited time.Duration
		const more = room + 100
		for i := range more {
			waited += write(i + 1)
		}
		if waited != patience {
			t.Errorf("%d lines waited %v, expected %v", more, waited, patience)
		}
		close(d.hang)
		synctest.Wait()
		var want strings.Builder
		for i := range room + 2 { // One of them is in the disk's hands.
			fmt.Fprintln(&want, "line", i)
		}
		if got := d.text.String(); got != want.String() {
			t.Errorf("the disk has %d bytes, expected %d; it ends with %q", len(got), want.Len(), got[len(got)-100:])
		}
		d.text.Reset()
		if waited := write(9999); waited != 0 {
			t.Errorf("with a disk that answers again, after %v", waited)
		}
		if got, want := d.text.String(), fmt.Sprintf("%d lines of the log are lost here: its disk gave no answer\nline 9999\n", more-room-1); got != want {
			t.Errorf("then it has %q, expected %q", got, want)
		}
	})
}

// TestALineAtTheLastMoment has the disk answer just as the patience ends, again and again: whoever is told that
// the disk hangs is told so by a disk that does.
func TestALineAtTheLastMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(slowDisk{})
		defer close(q.lines)
		for range 100 {
			_, _ = q.Write([]byte("x\n"))
			synctest.Wait()
			q.Flush(time.Second)
			if q.behind {
				t.Fatal("the disk has answered, and lines don't wait for it")
			}
		}
	})
}

type slowDisk struct{}

func (slowDisk) Write(p []byte) (int, error) {
	time.Sleep(patience)
	return len(p), nil
}

func TestErrorsOfTheDisk(t *testing.T) {
	full := errors.New("full")
	q := New(&disk{err: full})
	defer close(q.lines)
	if n, err := q.Write([]byte("x\n")); n != 0 || !errors.Is(err, full) {
		t.Errorf("%d, %v", n, err)
	}
}

func BenchmarkWrite(b *testing.B) {
	q := New(&disk{})
	defer close(q.lines)
	for b.Loop() {
		_, _ = q.Write([]byte("time=2026-11-30T07:04:22.687Z level=INFO msg=\"node stopped\"\n"))
	}
}
