package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// jobText is a job as a pool sends it.
func jobText(v view) string {
	j := wire.Job{Version: 1, Height: v.height, PreviousBlockHash: v.parent.Byte32(), Bits: v.bits, ID: "1", Seed: v.seed.Byte32(), Target: 1 << 20}
	return string(j.AppendJSON(nil))
}

func loginText(v view) string {
	return `{"id":1,"jsonrpc":"2.0","result":{"id":"a","job":` + jobText(v) + `,"status":"OK"},"error":null}` + "\n"
}

func pushText(v view) string {
	return `{"jsonrpc":"2.0","method":"job","params":` + jobText(v) + "}\n"
}

// serveLies listens, and has a function for each connection.
func serveLies(t testing.TB, lie func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { defer conn.Close(); lie(conn) })
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// TestLyingPools has pools lie in each way at once, beside one that is right.
func TestLyingPools(t *testing.T) {
	var flood atomic.Int64
	say := func(c net.Conn, text string) bool {
		n, err := io.WriteString(c, text)
		flood.Add(int64(n))
		return err == nil
	}
	wait := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	refusal := `{"id":1,"jsonrpc":"2.0","result":null,"error":{"code":20,"message":"` + strings.Repeat("go away ", 100) + `"}}` + "\n"
	lies := map[string]func(net.Conn){
		"nothing":       func(net.Conn) {},
		"junk":          func(c net.Conn) { say(c, strings.Repeat("junk\n", 100)); wait(c) },
		"HTTP":          func(c net.Conn) { say(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); wait(c) },
		"refused":       func(c net.Conn) { say(c, refusal); wait(c) },
		"no sense":      func(c net.Conn) { say(c, loginText(view{height: 1<<64 - 1})); wait(c) },
		"bits":          func(c net.Conn) { v := work(ours, 10); v.bits = 0; say(c, loginText(v)); wait(c) },
		"seed":          func(c net.Conn) { v := work(ours, 10); v.seed = block('x', 1); say(c, loginText(v)); wait(c) },
		"fork":          func(c net.Conn) { say(c, loginText(work('f', 9))+pushText(work('f', 10))); wait(c) },
		"far ahead":     func(c net.Conn) { say(c, loginText(work('a', tallest-1))); wait(c) },
		"one long line": func(c net.Conn) { say(c, loginText(work(ours, 10))); say(c, strings.Repeat("x", 1<<20)) },
		"a flood": func(c net.Conn) {
			for say(c, loginText(work(ours, 10))) {
				for range 100 {
					if !say(c, pushText(view{height: rand.Uint64N(1 << 42), parent: block('r', rand.Uint64())})) {
						return
					}
				}
			}
		},
	}
	var urls []string
	for name, lie := range lies {
		urls = append(urls, "stratum+tcp://"+strings.ReplaceAll(name, " ", "")+"@"+serveLies(t, lie))
	}
	right := "stratum+tcp://right@" + serveLies(t, func(c net.Conn) { say(c, loginText(work(ours, 10))); wait(c) })
	w := watching(t, newChain(10), append(urls, right)...)
	time.Sleep(5 * time.Second)
	for _, s := range w.Sources() {
		if s.Error != nil && strings.Contains(*s.Error, errPanic.Error()) {
			t.Errorf("%+v", s)
		}
		if right := strings.HasSuffix(right, strings.TrimPrefix(s.Source, "stratum+tcp://")); right && (!s.Up || *s.Ahead != 0) {
			t.Errorf("the one that is right: %+v", s)
		}
	}
	// What the kernel's buffers take was sent, not read.
	if n := flood.Load(); n > 24<<20 {
		t.Errorf("%d bytes were sent in five seconds", n)
	}
	if a := w.Alarms(); len(a) > 0 {
		t.Errorf("an alarm at once: %+v", a)
	}
}

// TestLyingNodes is the same of nodes.
func TestLyingNodes(t *testing.T) {
	var trapped, sent atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { trapped.Add(1) }))
	t.Cleanup(trap.Close)
	answer := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	const hash = "0000000000000000000000000000000000000000000000000000000000000000"
	lies := map[string]http.HandlerFunc{
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, trap.URL, http.StatusTemporaryRedirect)
		},
		"no data":    answer(`{"status":"success"}`),
		"null":       answer(`{"status":"success","data":null}`),
		"no JSON":    answer("hello"),
		"short hash": answer(`{"status":"success","data":{"height":5,"bits":"1c10000000000000","previousblockhash":"00","seed":"00"}}`),
		"long bits":  answer(`{"status":"success","data":{"height":5,"bits":"` + strings.Repeat("1", 1<<20) + `"}}`),
		"other bits": answer(`{"status":"success","data":{"height":5,"bits":"0000000000000001","previousblockhash":"` + hash + `","seed":"` + hash + `"}}`),
		"empty work": func(w http.ResponseWriter, r *http.Request) {
			stockLie(w, r, `{"status":"success","data":{"block_header":"","seed":""}}`)
		},
		"cut header": func(w http.ResponseWriter, r *http.Request) {
			stockLie(w, r, `{"status":"success","data":{"block_header":"0101","seed":"`+hash+`"}}`)
		},
		"without end": func(w http.ResponseWriter, _ *http.Request) { sent.Add(pour(w, `{"status":"success","data":"`)) },
		"long refusal": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, strings.Repeat("no ", 1<<20), http.StatusTeapot)
		},
	}
	var urls []string
	for _, lie := range lies {
		s := httptest.NewServer(lie)
		t.Cleanup(s.Close)
		urls = append(urls, s.URL)
	}
	w := watching(t, newChain(10), urls...)
	time.Sleep(4 * time.Second)
	for _, s := range w.Sources() {
		if s.Error != nil && (len(*s.Error) > longestText+4 || strings.Contains(*s.Error, errPanic.Error())) {
			t.Errorf("%+v", s)
		}
	}
	if trapped.Load() > 0 {
		t.Error("a redirect was followed")
	}
	if n := sent.Load(); n == 0 || n > 64<<20 {
		t.Errorf("%d bytes of an answer without end were sent", n)
	}
}

// stockLie answers get-work alone.
func stockLie(w http.ResponseWriter, r *http.Request, text string) {
	if r.URL.Path != "/get-work" {
		http.NotFound(w, r)
		return
	}
	_, _ = io.WriteString(w, text)
}

// pour writes until nobody reads, and returns how much.
func pour(w io.Writer, text string) (n int64) {
	for chunk := strings.Repeat("x", 64<<10); ; text = chunk {
		written, err := io.WriteString(w, text)
		n += int64(written)
		if err != nil {
			return n
		}
	}
}

// TestReadingIsBounded measures the rate at which a pool is read that sends all it can.
func TestReadingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		theirs, ours := net.Pipe()
		go pour(theirs, "")
		c := &slowConn{Conn: ours, budget: lineBurst, at: time.Now()}
		read, buf := 0, make([]byte, 1<<20)
		start := time.Now()
		for time.Since(start) < time.Hour {
			n, err := c.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			read += n
		}
		if want := lineBurst + 3600*lineRate; read > want+slowRead || read < want-2*slowRead {
			t.Errorf("%d bytes in an hour, expected %d", read, want)
		}
		_ = ours.Close()
	})
}

// FuzzSource has a pool, or a node, send anything.
func FuzzSource(f *testing.F) {
	for _, v := range []view{work(ours, 10), work('b', 12), {height: 1<<64 - 1}, {}} {
		f.Add(true, []byte(loginText(v)))
		f.Add(true, []byte(loginText(v)+pushText(v)))
	}
	f.Add(true, []byte(`{"id":1,"error":{"code":24,"message":"no"}}`+"\n"))
	f.Add(false, []byte(`{"status":"success","data":{"height":5,"bits":"0000000000000001","previousblockhash":"`+strings.Repeat("0", 64)+`","seed":"`+strings.Repeat("0", 64)+`","longpollid":"a"}}`))
	f.Add(false, []byte(`{"status":"fail","error_detail":"not found"}`))
	f.Add(false, []byte(`{"status":"success","data":{"block_header":"0101","seed":"00"}}`))
	var text atomic.Pointer[[]byte]
	pool := serveLies(f, func(c net.Conn) {
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) // A TLS client sends no line.
		_, _ = wire.NewReader(c).ReadLine()
		_, _ = c.Write(*text.Load())
	})
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw := *text.Load()
		if bytes.Contains(raw, []byte("block_header")) && r.URL.Path != "/get-work" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(raw)
	}))
	f.Cleanup(node.Close)
	chain := newChain(10)
	f.Fuzz(func(t *testing.T, isPool bool, raw []byte) {
		text.Store(&raw)
		url := node.URL
		if isPool {
			url = "stratum+tcp://a:hunter2@" + pool
		}
		sources, err := ParseSources([]string{url})
		if err != nil {
			t.Fatal(err)
		}
		w := New(Config{Sources: sources, Chain: chain})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err = w.sources[0].follow(ctx, once{w.sources[0], cancel})
		if errors.Is(err, errPanic) {
			t.Errorf("%v: %q", err, raw)
		}
		for i := range 200 {
			w.look(time.Now().Add(time.Duration(i) * time.Minute))
		}
		s := fmt.Sprintf("%+v %+v", w.Sources(), w.Alarms())
		if len(s) > 8<<10 {
			t.Errorf("%d bytes of status", len(s))
		}
	})
}

// once ends the following with the first report.
type once struct {
	report
	cancel context.CancelFunc
}

func (o once) saw(v view)     { o.report.saw(v); o.cancel() }
func (o once) idle(err error) { o.report.idle(err); o.cancel() }
