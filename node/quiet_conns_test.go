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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(http.NotFoundHandler(), newAccess(t, "", &authenticator{disabled: true}))
	server.ReadHeaderTimeout = 200 * time.Millisecond
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(openFiles{rpc: 3}.limited(l, server)) }()
	t.Cleanup(func() { server.Close(); <-ended })
	spare, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer spare.Close()
	if err := spare.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * server.ReadHeaderTimeout)
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
		time.Sleep(2 * server.ReadHeaderTimeout)
	}

	slow, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	start := time.Now()
	if _, err := io.WriteString(slow, "GET / HTTP/1.1\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := slow.SetDeadline(start.Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, slow); errors.Is(err, net.ErrClosed) || time.Since(start) > 10*time.Second {
		t.Errorf("headers that never end: %v after %v", err, time.Since(start))
	}
}

// TestASilentConnectionMakesRoom: of those that have said nothing the first goes where somebody else wants its place.
func TestASilentConnectionMakesRoom(t *testing.T) {
	i := newIdleTest(t)
	var silent []net.Conn
	for n := range 2 {
		conn, err := net.Dial("tcp", i.url[len("http://"):])
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		silent = append(silent, conn)
		i.await(n + 1)
	}
	i.ask(i.client(), 2) // A place is kept free.
	if err := silent[0].SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := silent[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the first that said nothing: %v, expected it to be closed", err)
	}
}
