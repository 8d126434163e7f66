package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// link is a way from one process to another, which may be cut, silent or slow. It has an address of
// its own, as Bytom tells peers apart by theirs.
type link struct {
	name, target string
	ip           string
	port         int
	listener     net.Listener

	cut    atomic.Bool
	silent atomic.Bool  // open, and nothing gets through
	delay  atomic.Int64 // what each piece takes at most, in nanoseconds

	mu    sync.Mutex
	conns map[net.Conn]bool
}

var links atomic.Int32

// newLink makes a link to a TCP address; it ends with the test.
func newLink(t *testing.T, name, target string) *link {
	t.Helper()
	n := int(links.Add(1))
	ip := fmt.Sprintf("127.1.%d.%d", 1+os.Getpid()%250, n)
	l := &link{name: name, target: target, ip: ip, port: testnet.FreePort(t, ip), conns: make(map[net.Conn]bool)}
	var err error
	if l.listener, err = net.Listen("tcp", l.address()); err != nil {
		t.Fatal(err)
	}
	go l.accept()
	t.Cleanup(func() {
		l.listener.Close()
		l.setCut(true)
	})
	return l
}

func (l *link) address() string { return net.JoinHostPort(l.ip, fmt.Sprint(l.port)) }

// setCut ends all connections, and lets in no other until it is mended.
func (l *link) setCut(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut.Store(cut)
	for c := range l.conns {
		if cut {
			c.Close()
		}
	}
}

// keep notes a connection, or closes it where the link is cut.
func (l *link) keep(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut.Load() {
		c.Close()
		return false
	}
	l.conns[c] = true
	return true
}

func (l *link) drop(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.Close()
	delete(l.conns, c)
}

func (l *link) accept() {
	for {
		c, err := l.listener.Accept()
		if err != nil {
			return
		}
		go l.serve(c)
	}
}

func (l *link) serve(near net.Conn) {
	if !l.keep(near) {
		return
	}
	defer l.drop(near)
	dialer := net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(l.ip)}}
	far, err := dialer.Dial("tcp", l.target)
	if err != nil || !l.keep(far) {
		return
	}
	defer l.drop(far)
	var both sync.WaitGroup
	both.Go(func() { l.pump(far, near) })
	both.Go(func() { l.pump(near, far) })
	both.Wait()
}

// piece is a part of a stream on its way.
type piece struct {
	bytes []byte
	due   time.Time
}

// pump carries one direction. Pieces keep their order, as they do in TCP; those of different links,
// and of the two directions, overtake each other.
func (l *link) pump(to, from net.Conn) {
	way := make(chan piece, 64)
	var writing sync.WaitGroup
	writing.Go(func() {
		broken := false
		for p := range way {
			for !broken && (time.Now().Before(p.due) || l.silent.Load()) && !l.cut.Load() {
				time.Sleep(max(time.Millisecond, min(20*time.Millisecond, time.Until(p.due))))
			}
			if _, err := to.Write(p.bytes); err != nil {
				broken = true
				from.Close()
			}
		}
		to.Close()
	})
	for buf := make([]byte, 16<<10); ; {
		n, err := from.Read(buf)
		if n > 0 {
			p := piece{bytes: append([]byte(nil), buf[:n]...), due: time.Now()}
			if d := l.delay.Load(); d > 0 {
				p.due = p.due.Add(time.Duration(rand.Int64N(d)))
			}
			way <- p
		}
		if err != nil {
			break
		}
	}
	close(way)
	writing.Wait()
}
