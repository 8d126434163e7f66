package rig

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// piped is a listener on pipes.
type piped struct {
	conns chan net.Conn
	over  chan struct{}
}

func (p piped) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}

func (p piped) Close() error {
	select {
	case <-p.over:
	default:
		close(p.over)
	}
	return nil
}

func (piped) Addr() net.Addr { return &net.TCPAddr{} }

// runServed serves a rig's status on pipes in a bubble of fake time, until its end, and
// gives what was logged.
func runServed(t *testing.T, test func(piped, *logText)) string {
	t.Helper()
	var log logText
	synctest.Test(t, func(t *testing.T) {
		l := piped{make(chan net.Conn), make(chan struct{})}
		r := New(Config{Source: &answers{}, API: l, Log: slog.New(slog.NewTextHandler(&log, nil))})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { r.serve(ctx); close(ended) }()
		test(l, &log)
		cancel()
		<-ended
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the listener is open: %v", err)
		}
	})
	return log.String()
}

// TestStatusOfTheSlow has clients that do not ask, and that do not read: after five
// seconds they are gone. One that does is answered, and an end of the rig is no error.
func TestStatusOfTheSlow(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: rig\r\nConnection: close\r\n\r\n"
	log := runServed(t, func(l piped, _ *logText) {
		for _, test := range []struct {
			name, sends   string
			after         time.Duration // when it reads
			answered      bool
			within, least time.Duration
		}{
			{"a good client", request, 0, true, 0, 0},
			{"a slow one", request, 4 * time.Second, true, 4 * time.Second, 4 * time.Second},
			{"one that reads nothing", request, 6 * time.Second, false, 6 * time.Second, 6 * time.Second},
			{"one that asks for nothing", "", 0, false, 5 * time.Second, 5 * time.Second},
			{"one that stops asking", request[:20], 0, false, 5 * time.Second, 5 * time.Second},
		} {
			start := time.Now()
			near, far := net.Pipe()
			l.conns <- far
			_ = near.SetDeadline(start.Add(time.Minute))
			_, _ = io.WriteString(near, test.sends)
			time.Sleep(test.after)
			text, err := io.ReadAll(near)
			if took := time.Since(start); err != nil || strings.Contains(string(text), `"accepted_difficulty"`) != test.answered || took > test.within || took < test.least {
				t.Errorf("%s: %v after %v, got %q", test.name, err, took, text)
			}
			_ = near.Close()
		}
	})
	if log != "" {
		t.Errorf("the log:\n%s", log)
	}
}

// TestStatusIsServedNoMore has the listener end before the rig, which goes on.
func TestStatusIsServedNoMore(t *testing.T) {
	runServed(t, func(l piped, log *logText) {
		_ = l.Close()
		synctest.Wait()
		if err := log.says(`level=ERROR msg="the status is no longer served"`); err != nil {
			t.Error(err)
		}
	})
}
