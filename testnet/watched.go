package testnet

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// watched is a process of a test: the test's end stops it, and holds it to a clean stop and to its
// log.
type watched struct {
	process *daemon
	t       testing.TB
	expect  []string // parts of the errors that it must log
	allow   []string // and of those that it may
	stock   bool     // Bytom's own, which may be slow to stop, and logs errors
	stopped bool
}

// Stop ends the process as an operator would and returns how long that took.
func (w *watched) Stop() time.Duration {
	w.t.Helper()
	w.stopped = true
	start := time.Now()
	const patience = 10 * time.Second
	if err := w.process.stop(context.Background(), patience); err != nil {
		w.t.Error(err)
	}
	took := time.Since(start)
	if w.process.exitErr != nil && !w.stock {
		w.t.Errorf("%s ended with %v after %v", w.process.URL, w.process.exitErr, took)
	}
	return took
}

// Kill ends the process as a power cut would.
func (w *watched) Kill() {
	w.t.Helper()
	w.stopped = true
	if err := w.process.kill(); err != nil {
		w.t.Error(err)
	}
}

// Pause has the process do nothing until Resume, as a machine does that hangs.
func (w *watched) Pause() { w.signal(suspend) }

// Resume ends a Pause.
func (w *watched) Resume() { w.signal(proceed) }

func (w *watched) signal(s os.Signal) {
	w.t.Helper()
	if err := w.process.Process.signal(s); err != nil {
		w.t.Error(err)
	}
}

// Allow takes errors with one of these parts in the log for the test's own doing.
func (w *watched) Allow(parts ...string) { w.allow = append(w.allow, parts...) }

func (w *watched) cleanup() {
	if !w.stopped && w.process.exited != nil {
		if took := w.Stop(); took > 5*time.Second && !w.stock {
			w.t.Errorf("%s took %v to stop, expected 5 s at the most", w.process.URL, took)
		}
	}
	if !w.stock {
		w.checkErrors()
	}
	if w.t.Failed() {
		w.t.Logf("log of %s, its end:\n%s", w.process.URL, w.process.logEnd(8000))
	}
}

// checkErrors compares the errors in the log with those that are expected.
func (w *watched) checkErrors() {
	missing := slices.Clone(w.expect)
	for _, line := range w.process.errorLines() {
		known := slices.ContainsFunc(w.allow, func(part string) bool { return strings.Contains(line, part) })
		for _, part := range w.expect {
			if strings.Contains(line, part) {
				known = true
				missing = slices.DeleteFunc(missing, func(m string) bool { return m == part })
			}
		}
		if !known {
			w.t.Errorf("%s logged: %s", w.process.URL, line)
		}
	}
	for _, part := range missing {
		w.t.Errorf("%s has not logged an error that says %q", w.process.URL, part)
	}
}
