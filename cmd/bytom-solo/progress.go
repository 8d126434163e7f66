package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/console"
	"github.com/bytom-solo/bytom-solo/compute"
)

// benchProgress shows that a benchmark of so many rounds goes on: as a bar on a terminal, else
// by a line for each turn.
func benchProgress(terminal io.Writer, rounds int) func(compute.BenchTurn) {
	start := time.Now()
	return func(t compute.BenchTurn) {
		if !console.Of(terminal).Attended() {
			fmt.Fprintf(terminal, "round %d of %d, turn %d of %d: %s\n", t.Round, rounds, t.Turn, t.Turns, t.Name)
			return
		}
		p := console.Progress{What: "bench", Done: int64(t.Turn - 1), Total: int64(t.Turns), Note: fmt.Sprintf("%s, round %d of %d", t.Name, t.Round, rounds)}
		if p.Done > 0 {
			p.Note += ", " + duration(time.Since(start)*time.Duration(p.Total-p.Done)/time.Duration(p.Done)) + " left"
		}
		console.Of(terminal).Show(p)
	}
}

// measuring shows on a terminal that a graphics card is opened, and that its variants are
// timed, which takes some twenty seconds once.
func measuring(terminal io.Writer) func(device string, done, total int) {
	return func(device string, done, total int) {
		if total == 0 {
			console.Of(terminal).Show(console.Progress{What: "opening " + device})
			return
		}
		if done == total {
			console.Of(terminal).Hide()
			return
		}
		console.Of(terminal).Show(console.Progress{
			What: "measuring " + device, Done: int64(done), Total: int64(total), Note: fmt.Sprintf("variant %d of %d, once", done+1, total),
		})
	}
}

// working shows on a terminal that a command is at work, from the first second on: of so long
// where that is known, else for so long. done ends it.
func working(terminal io.Writer, what string, length time.Duration) (done func()) {
	t := console.Of(terminal)
	start, over := time.Now(), make(chan struct{})
	var shown sync.WaitGroup
	shown.Go(func() {
		defer t.Hide()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case now := <-tick.C:
				took := now.Sub(start)
				p := console.Progress{What: what, Done: int64(took), Total: int64(length), Note: duration(took)}
				if length > 0 {
					p.Done, p.Note = int64(min(took, length)), p.Note+" of "+duration(length)
				}
				t.Show(p)
			}
		}
	})
	return func() { close(over); shown.Wait() }
}

// duration is a time to the second, above an hour to the minute.
func duration(d time.Duration) string {
	if d < time.Hour {
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
