package gbt

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// The clients of BenchmarkLongpoll are a process of their own, do no more than a system
// call to read an answer and one to ask again, and take of the server's cores what it
// leaves: elsewhere they would have their own.

const (
	pollersAt = "BYTOM_SOLO_POLLERS"    // where the server is
	pollersID = "BYTOM_SOLO_LONGPOLLID" // what they know at first
	pollers   = 1000
)

// wakeTimes says when each of the pollers had the answer that builds on a parent, in Unix
// nanoseconds: when the kernel had it for the client, and when the client had read it.
type wakeTimes struct {
	Parent      string
	Arrived, At []int64
}

// TestPollers is the process of BenchmarkLongpoll's clients. It prints wakeTimes, and ends
// with its input.
func TestPollers(t *testing.T) {
	at := os.Getenv(pollersAt)
	if at == "" {
		t.Skip("BenchmarkLongpoll starts it")
	}
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1)) // It ends when the benchmark does.
		os.Exit(0)
	}()
	runtime.LockOSThread() // On Linux a thread has its own priority.
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19); err != nil {
		t.Fatal(err)
	}
	poll, err := syscall.EpollCreate1(0)
	if err != nil {
		t.Fatal(err)
	}
	clients := make(map[int32]*poller)
	for range pollers {
		p, err := newPoller(at, os.Getenv(pollersID))
		if err != nil {
			t.Fatal(err)
		}
		clients[int32(p.fd)] = p
		if err := syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, p.fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(p.fd)}); err != nil {
			t.Fatal(err)
		}
	}
	out := json.NewEncoder(os.Stdout)
	var w wakeTimes
	events := make([]syscall.EpollEvent, 64)
	for {
		n, err := syscall.EpollWait(poll, events, -1)
		if err != nil && err != syscall.EINTR {
			t.Fatal(err)
		}
		for _, e := range events[:max(n, 0)] {
			parent, arrived, err := clients[e.Fd].read()
			if err != nil {
				t.Fatal(err)
			}
			if parent == "" {
				continue // There is more to come.
			}
			if len(w.At) == 0 {
				w.Parent = parent
			} else if parent != w.Parent {
				t.Fatalf("one was woken with the parent %s, another with %s", w.Parent, parent)
			}
			w.Arrived = append(w.Arrived, arrived)
			if w.At = append(w.At, time.Now().UnixNano()); len(w.At) == pollers {
				if err := out.Encode(w); err != nil {
					t.Fatal(err)
				}
				w = wakeTimes{}
			}
		}
	}
}

// poller is one client.
type poller struct {
	fd     int
	answer []byte // as far as it has come
	size   int    // of the whole answer; 0 before its length is known
}

func newPoller(at, id string) (*poller, error) {
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return nil, err
	}
	to := &syscall.SockaddrInet4{}
	copy(to.Addr[:], net.ParseIP(host).To4())
	if to.Port, err = strconv.Atoi(port); err != nil {
		return nil, err
	}
	p := &poller{answer: make([]byte, 0, 1<<16)}
	if p.fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0); err != nil {
		return nil, err
	}
	if err := syscall.SetsockoptInt(p.fd, syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1); err != nil {
		return nil, err
	}
	if err := syscall.Connect(p.fd, to); err != nil {
		return nil, err
	}
	return p, p.ask([]byte(id))
}

func (p *poller) ask(id []byte) error {
	request := fmt.Appendf(nil, "POST /get-block-template HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n{\"longpollid\":\"%s\"}", len(id)+17, id)
	n, err := syscall.Write(p.fd, request)
	if err == nil && n != len(request) {
		err = fmt.Errorf("%d of %d bytes written", n, len(request))
	}
	return err
}

// read reads what has come. With a whole answer it asks for what comes after that, and
// returns the parent that it builds on, and when its last byte arrived.
func (p *poller) read() (parent string, arrived int64, err error) {
	var control [64]byte
	n, size, _, _, err := syscall.Recvmsg(p.fd, p.answer[len(p.answer):cap(p.answer)], control[:], 0)
	if err != nil || n <= 0 {
		return "", 0, fmt.Errorf("%d bytes read: %w", n, err)
	}
	if arrived, err = arrival(control[:size]); err != nil {
		return "", 0, err
	}
	p.answer = p.answer[:len(p.answer)+n]
	if p.size == 0 {
		header, _, ok := bytes.Cut(p.answer, []byte("\r\n\r\n"))
		_, length, found := bytes.Cut(header, []byte("Content-Length: "))
		length, _, _ = bytes.Cut(length, []byte("\r\n"))
		body, err := strconv.Atoi(string(length))
		if !ok || !found || err != nil {
			return "", 0, fmt.Errorf("an answer of no length: %w: %.300s", err, p.answer)
		}
		p.size = len(header) + 4 + body
	}
	if len(p.answer) < p.size {
		return "", 0, nil
	}
	_, rest, ok := bytes.Cut(p.answer, []byte(`"longpollid":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	if !ok || len(id) < 65 || len(p.answer) != p.size {
		return "", 0, fmt.Errorf("an answer of %d bytes without a longpollid: %.300s", len(p.answer), p.answer)
	}
	p.answer, p.size = p.answer[:0], 0
	return string(id[:64]), arrived, p.ask(id)
}

// arrival is the kernel's time of receipt, in Unix nanoseconds.
func arrival(control []byte) (int64, error) {
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil || len(messages) != 1 || len(messages[0].Data) < 16 {
		return 0, fmt.Errorf("no time of receipt in %x: %w", control, err)
	}
	data := messages[0].Data
	return int64(binary.NativeEndian.Uint64(data))*1e9 + int64(binary.NativeEndian.Uint64(data[8:])), nil
}

// startPollers starts a process with the clients, which write a line of wakeTimes each time
// that all are woken. stop ends it.
func startPollers(b *testing.B, s *httptest.Server, id string) (lines *bufio.Scanner, stop func()) {
	b.Helper()
	clients := exec.CommandContext(b.Context(), os.Args[0], "-test.run", "^TestPollers$")
	clients.Env = append(os.Environ(), pollersAt+"="+s.Listener.Addr().String(), pollersID+"="+id)
	clients.Stderr = os.Stderr
	in, err := clients.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := clients.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := clients.Start(); err != nil {
		b.Fatal(err)
	}
	stop = func() {
		_ = in.Close() // Then they end.
		s.CloseClientConnections()
		_ = clients.Wait()
	}
	lines = bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	return lines, stop
}

// BenchmarkLongpoll wakes 1,000 clients by a new tip: how long it takes an answer to arrive
// at a client's socket, and for the client to have read it, which takes the server's cores
// here, as its next request does, and would not elsewhere.
func BenchmarkLongpoll(b *testing.B) {
	c, r := server(b)
	c.handler.cfg.LongpollHold = time.Hour
	// A node has at least the matrices of a seed; the collector goes by what there is.
	matrices := make([]byte, 16<<20)
	defer runtime.KeepAlive(matrices)
	s := httptest.NewServer(r)
	defer s.Close()
	t, err := c.generator.Current()
	if err != nil {
		b.Fatal(err)
	}
	lines, stop := startPollers(b, s, longpollID(t))
	defer stop()
	var arrived, took []time.Duration
	wake := func() {
		time.Sleep(100 * time.Millisecond) // All have asked again, and the server rests.
		c.move()
		start := time.Now().UnixNano()
		c.generator.TipChanged()
		if !lines.Scan() {
			b.Fatalf("the clients are gone: %v", lines.Err())
		}
		var w wakeTimes
		if err := json.Unmarshal(lines.Bytes(), &w); err != nil {
			b.Fatalf("%v: %.300s", err, lines.Text())
		}
		if tip := c.Tip().Hash; len(w.At) != pollers || w.Parent != tip.String() {
			b.Fatalf("%d woken with the parent %s, the tip is %s", len(w.At), w.Parent, tip.String())
		}
		for i, at := range w.At {
			arrived, took = append(arrived, time.Duration(w.Arrived[i]-start)), append(took, time.Duration(at-start))
		}
	}
	time.Sleep(2 * time.Second) // All have connected.
	wake()
	arrived, took = nil, nil
	before := cpuTime(b)
	for b.Loop() {
		wake()
	}
	b.ReportMetric((cpuTime(b)-before).Seconds()*1e6/float64(len(took)), "server-µs/call")
	for _, of := range []struct {
		name string
		took []time.Duration
	}{{"arrived", arrived}, {"read", took}} {
		slices.Sort(of.took)
		b.ReportMetric(of.took[len(of.took)/2].Seconds()*1000, of.name+"-p50-ms")
		b.ReportMetric(of.took[len(of.took)*99/100].Seconds()*1000, of.name+"-p99-ms")
	}
	b.ReportMetric(0, "ns/op")
}

// cpuTime is what this process has taken of the cores.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
