package node

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestASpareConnectionIsAnswered: one that was dialed and said nothing for longer than headers may take has its answer; one
// that began them, and goes on no more, ends in that time.
func TestASpareConnectionIsAnswered(t *testing.T) {
	const patience = 200 * time.Millisecond
	address, _ := serveThree(t, http.NotFound, func(s *http.Server) { s.ReadHeaderTimeout = patience })
	spare := connected(t, address)
	time.Sleep(3 * patience)
	answers := bufio.NewReader(spare)
	for range 2 {
		if _, err := io.WriteString(spare, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		time.Sleep(2 * patience)
	}

	slow, start := connected(t, address), time.Now()
	if _, err := io.WriteString(slow, "GET / HTTP/1.1\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, slow); errors.Is(err, net.ErrClosed) || time.Since(start) > 10*time.Second {
		t.Errorf("headers that never end: %v after %v", err, time.Since(start))
	}
}

// TestASilentConnectionMakesRoom: of those that have said nothing the first goes where somebody else wants its place, once
// it had its time; one that has begun its headers then is not silent.
func TestASilentConnectionMakesRoom(t *testing.T) {
	const patience = 500 * time.Millisecond
	i := newIdleTest(t, patience)
	i.long(i.client())
	start := time.Now()
	var silent []net.Conn
	for range 2 {
		silent = append(silent, i.dial())
	}
	i.ask(i.client(), 1)
	if waited := time.Since(start); waited < patience {
		t.Errorf("a connection that had said nothing for %v was closed for another", waited)
	}
	if _, err := silent[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the first that said nothing: %v, expected it to be closed", err)
	}
}

// TestHalfOfTheHeadersIsNotSilence: who is sending them is not closed for another, neither those of a first request nor of the next.
func TestHalfOfTheHeadersIsNotSilence(t *testing.T) {
	for name, before := range map[string]func(say func(string), answered func()){
		"first": func(func(string), func()) { time.Sleep(1500 * time.Millisecond) }, // Headers have time from their first byte on.
		"next":  func(say func(string), answered func()) { say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); answered() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIdleTest(t, 3*time.Second)
			half := i.dial()
			answers := bufio.NewReader(half)
			say := func(part string) {
				if _, err := io.WriteString(half, part); err != nil {
					t.Fatal(err)
				}
			}
			answered := func() {
				answer, err := http.ReadResponse(answers, nil)
				if err != nil {
					t.Fatalf("who was in the middle of the headers: %v", err)
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
			i.long(i.client())
			before(say, answered)
			i.await(1) // It idles, or is new.
			say("GET / HTTP/1.1\r\n")
			time.Sleep(2 * time.Second)
			i.long(i.client()) // The last place.
			say("Host: localhost\r\n\r\n")
			answered()
		})
	}
}

// TestASpareConnectionsBodyHasItsTime: what a connection did not say at first takes nothing from the time for its first
// request's body.
func TestASpareConnectionsBodyHasItsTime(t *testing.T) {
	read := make(chan error, 1)
	address, _ := serveThree(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		read <- err
	}, func(s *http.Server) { s.ReadHeaderTimeout, s.ReadTimeout = 200*time.Millisecond, 2*time.Second })
	spare := connected(t, address)
	for _, part := range []string{"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n", "body"} {
		time.Sleep(1200 * time.Millisecond) // The second time it is the body's.
		if _, err := io.WriteString(spare, part); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-read; err != nil {
		t.Errorf("a body that came within its time: %v", err)
	}
}
