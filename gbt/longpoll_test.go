package gbt

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// waiters are clients that longpoll over HTTP, again and again. They read and write
// what they must, since they run on the server's cores.
type waiters struct {
	chain *chain
	at    string
	woken chan string // the parent of each answer
	conns []net.Conn
	done  sync.WaitGroup
}

// startWaiters has n clients wait for what comes after the current template.
func startWaiters(t testing.TB, n int) *waiters {
	t.Helper()
	c, r := server(t)
	c.handler.cfg.LongpollHold = time.Hour
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	w := &waiters{chain: c, at: s.Listener.Addr().String(), woken: make(chan string, 4*n)}
	template, err := c.generator.Current()
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		conn, err := net.Dial("tcp", w.at)
		if err != nil {
			t.Fatal(err)
		}
		w.conns = append(w.conns, conn)
		w.done.Go(func() { w.poll(t, conn, longpollID(template)) })
	}
	return w
}

// poll asks for what comes after a longpoll id, and after each answer's, until the
// connection is closed.
func (w *waiters) poll(t testing.TB, conn net.Conn, id string) {
	answers := bufio.NewReader(conn)
	for {
		body := `{"longpollid":"` + id + `"}`
		_, err := fmt.Fprintf(conn, "POST /get-block-template HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", w.at, len(body), body)
		if err != nil {
			return
		}
		answer, err := readAnswer(answers)
		if err != nil {
			return
		}
		_, rest, ok := bytes.Cut(answer, []byte(`"longpollid":"`))
		text, _, _ := bytes.Cut(rest, []byte(`"`))
		if !ok || len(text) < 65 {
			t.Errorf("answer without a longpollid: %.200s", answer)
			return
		}
		id = string(text)
		w.woken <- id[:64]
	}
}

// readAnswer reads the body of an HTTP answer of known length.
func readAnswer(r *bufio.Reader) ([]byte, error) {
	size := 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line == "\r\n" {
			break
		}
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if size, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return nil, err
			}
		}
	}
	body := make([]byte, size)
	_, err := io.ReadFull(r, body)
	return body, err
}

// leave closes all connections.
func (w *waiters) leave() {
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.done.Wait()
}

// tip moves the chain, and returns when all n clients have its template: how long each
// took.
func (w *waiters) tip(t testing.TB, n int) (took []time.Duration) {
	t.Helper()
	w.chain.move()
	hash := w.chain.Tip().Hash
	want, start := hash.String(), time.Now()
	w.chain.generator.TipChanged()
	for len(took) < n {
		select {
		case got := <-w.woken:
			if got != want {
				t.Fatalf("woken with the parent %s, the tip is %s", got, want)
			}
			took = append(took, time.Since(start))
		case <-time.After(30 * time.Second):
			t.Fatalf("%d of %d clients were woken", len(took), n)
		}
	}
	return took
}

// TestNoWaiterIsMissed wakes clients by one tip after the other, lets half of them go
// away, and counts what they leave behind.
func TestNoWaiterIsMissed(t *testing.T) {
	clients, tips := 100, 20
	if computetest.Long() {
		clients, tips = 1000, 200
	}
	w := startWaiters(t, clients)
	for range tips {
		w.tip(t, clients)
	}
	before := runtime.NumGoroutine()
	w.leave()
	for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > before-clients; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines with %d clients waiting, %d when all had gone", before, clients, runtime.NumGoroutine())
		}
	}
}

// longpoll has a client wait for what comes after the current template.
func longpoll(t *testing.T, r *mux.Router) (before wire.Template, woken <-chan wire.Template) {
	t.Helper()
	before, answer := getTemplate(t, r, "{}"), make(chan wire.Template, 1)
	go func() { answer <- getTemplate(t, r, `{"longpollid":"`+before.LongpollID+`"}`) }()
	return before, answer
}

// sleeps fails the test if the client of a longpoll is woken soon.
func sleeps(t *testing.T, what string, woken <-chan wire.Template) {
	t.Helper()
	select {
	case b := <-woken:
		t.Fatalf("%s: woken with %s for the reason %s", what, b.LongpollID, b.Reason)
	case <-time.After(100 * time.Millisecond):
	}
}

// wakes waits for the client of a longpoll.
func wakes(t *testing.T, what string, woken <-chan wire.Template) wire.Template {
	t.Helper()
	select {
	case b := <-woken:
		return b
	case <-time.After(30 * time.Second):
		t.Fatalf("%s: not woken", what)
		return wire.Template{}
	}
}

// TestALongpollSleepsThroughRefreshes has a template grow old ten times.
func TestALongpollSleepsThroughRefreshes(t *testing.T) {
	c, r := server(t, func(cfg *mining.GeneratorConfig) { cfg.MaxAge = 10 * time.Millisecond })
	_, woken := longpoll(t, r)
	refreshed, done := c.generator.Subscribe()
	defer done()
	for range 11 {
		select {
		case <-refreshed: // The first is the one that there is.
		case <-time.After(30 * time.Second):
			t.Fatal("the template is not refreshed")
		}
	}
	sleeps(t, "refreshes", woken)
	c.move()
	c.generator.TipChanged()
	wakes(t, "a new tip", woken)
}

// TestWhatWakesALongpoll lets fees gain less than the threshold, which must wake nobody,
// then more, and changes the payee.
func TestWhatWakesALongpoll(t *testing.T) {
	var address atomic.Value
	address.Store("a")
	c, r := server(t, func(cfg *mining.GeneratorConfig) {
		cfg.TxInterval, cfg.FeeStep = time.Millisecond, 10
		cfg.Payee = func() (mining.Payee, []byte, error) {
			a := address.Load().(string)
			return mining.Payee{Address: a, Program: append([]byte{0, 20}, strings.Repeat(a, 20)...)}, nil, nil
		}
	})
	_, woken := longpoll(t, r)
	c.somePool(9) // Each pays 1.
	c.generator.TxsChanged()
	sleeps(t, "fees below the threshold", woken)
	c.somePool(10)
	c.generator.TxsChanged()
	if b := wakes(t, "fees over the threshold", woken); b.Reason != mining.NewTxs || !b.SubmitOld {
		t.Errorf("fees over the threshold: reason %s, submitold %v", b.Reason, b.SubmitOld)
	}
	_, woken = longpoll(t, r)
	address.Store("b")
	c.generator.PayeeChanged()
	if b := wakes(t, "another payee", woken); b.Payee != "b" || b.Reason != mining.NewPayee {
		t.Errorf("another payee: payee %s, reason %s", b.Payee, b.Reason)
	}
}

// TestLongpoll wakes waiters by a new tip, and not by a template of the same work.
func TestLongpoll(t *testing.T) {
	c, r := server(t)
	a := getTemplate(t, r, "{}")
	const waiters = 100
	woken := make(chan wire.Template, waiters)
	var waiting sync.WaitGroup
	for range waiters {
		waiting.Go(func() { woken <- getTemplate(t, r, `{"longpollid":"`+a.LongpollID+`"}`) })
	}
	select {
	case b := <-woken:
		t.Fatalf("woken for nothing: %s", b.LongpollID)
	case <-time.After(100 * time.Millisecond):
	}
	c.move()
	c.generator.TipChanged()
	waiting.Wait()
	tip := c.Tip().Hash
	for range waiters {
		if b := <-woken; b.PreviousBlockHash != tip.String() || b.SubmitOld || b.LongpollID == a.LongpollID {
			t.Fatalf("woken with %s, submitold %v", b.PreviousBlockHash, b.SubmitOld)
		}
	}
	// Forced by the operator, on the same tip.
	a = getTemplate(t, r, "{}")
	go func() { time.Sleep(20 * time.Millisecond); c.generator.Force() }()
	if b := getTemplate(t, r, `{"longpollid":"`+a.LongpollID+`"}`); b.LongpollID == a.LongpollID || !b.SubmitOld {
		t.Errorf("%s after %s, submitold %v", b.LongpollID, a.LongpollID, b.SubmitOld)
	}
	// The hold ends, and so does the node.
	a = getTemplate(t, r, "{}")
	c.handler.cfg.LongpollHold = 50 * time.Millisecond
	if b := getTemplate(t, r, `{"longpollid":"`+a.LongpollID+`"}`); b.LongpollID != a.LongpollID {
		t.Error("other work after the hold")
	}
	c.handler.cfg.LongpollHold = time.Hour
	time.AfterFunc(20*time.Millisecond, c.handler.Stop)
	if _, text := post(r, "/get-block-template", `{"longpollid":"`+a.LongpollID+`"}`); !strings.Contains(text, "stopping") {
		t.Errorf("when the node stops: %s", text)
	}
}

// TestAwaitEndsWithItsClient has a client that goes away.
func TestAwaitEndsWithItsClient(t *testing.T) {
	c, _ := server(t)
	template, err := c.generator.Current()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.handler.await(ctx, template.Sequence); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
