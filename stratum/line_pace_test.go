package stratum

import (
	"io"
	"sync/atomic"
	"testing"
	"time"
)

// TestLinesHaveAPace has many sessions ask for jobs as fast as they are answered: together they get
// what there is to spare, and a rig at its pace is answered at once.
func TestLinesHaveAPace(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		// Who waits for a line of its own, a quarter of a second, finds as much of the shared ones at once: over one second
		// that is a quarter more or less, by who is first at its ends.
		const greedy, last = 10, 5 * time.Second
		var asked atomic.Int64
		for range greedy {
			c := f.connection("10.0.0.9:1")
			defer c.Close()
			go func() { _, _ = io.Copy(io.Discard, c) }()
			go func() {
				_, err := io.WriteString(c, `{"method":"login","params":{"login":"greedy.1","agent":"bytom-solo/x"},"id":1}`+"\n")
				for ; err == nil; asked.Add(1) {
					_, err = io.WriteString(c, `{"method":"getjob","id":1}`+"\n")
				}
			}()
		}
		time.Sleep(sharedLinesBurst / sharedLines * time.Second)
		r := f.dial().login("quiet.1")
		defer r.close()
		before, began := asked.Load(), time.Now()
		for time.Since(began) < last {
			time.Sleep(time.Second / ownLines)
			sent := time.Now()
			r.write(`{"method":"keepalived","id":9}` + "\n")
			r.reply()
			if took := time.Since(sent); took > 150*time.Millisecond { // The gap of rigs that need one.
				t.Fatalf("a rig at its pace waited %v", took)
			}
		}
		want := (sharedLines + greedy*ownLines) * last.Seconds()
		if got := float64(asked.Load() - before); got < 0.8*want || got > 1.2*want {
			t.Errorf("%v lines were handled in %v, expected about %v", got, last, want)
		}
	})
}
