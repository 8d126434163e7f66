package watch

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// What a source may send. A job is under 1 KiB; a template with the ids of ten thousand
// transactions under 1 MiB.
const (
	// lineBurst and lineRate bound what is read of a pool, in bytes and bytes a second.
	lineBurst, lineRate = 64 << 10, 8 << 10
	// longestAnswer and longestHeader bound what is read of a node's answer.
	longestAnswer, longestHeader = 4 << 20, 64 << 10
)

// dialSlowly connects to a pool, and reads no faster than a pool has reason to send.
func dialSlowly(ctx context.Context, network, address string) (net.Conn, error) {
	alive := net.KeepAliveConfig{Enable: true, Idle: 20 * time.Second, Interval: 10 * time.Second, Count: 4}
	conn, err := (&net.Dialer{Timeout: 10 * time.Second, KeepAliveConfig: alive}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &slowConn{Conn: conn, budget: lineBurst, at: time.Now()}, nil
}

// slowConn reads at a bounded rate. One goroutine reads.
type slowConn struct {
	net.Conn
	budget int // may be below zero by one read
	at     time.Time
}

// slowRead is the most that is read at once, so that the debt of a read is paid soon.
const slowRead = 4 << 10

// Read satisfies net.Conn.
func (c *slowConn) Read(p []byte) (int, error) {
	now := time.Now()
	c.budget = min(lineBurst, c.budget+int(min(now.Sub(c.at), time.Minute).Seconds()*lineRate))
	c.at = now
	if c.budget < 0 {
		time.Sleep(time.Duration(-c.budget) * time.Second / lineRate)
	}
	n, err := c.Conn.Read(p[:min(len(p), slowRead)])
	c.budget -= n
	return n, err
}

// newTransport is for one node: connections of its own, so that nothing of it is left.
func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxConnsPerHost, t.MaxResponseHeaderBytes = 2, longestHeader
	return t
}

// bounded cuts answers.
type bounded struct{ http.RoundTripper }

// RoundTrip satisfies http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = cut{io.LimitReader(resp.Body, longestAnswer), resp.Body}
	return resp, nil
}

// cut is the beginning of a body.
type cut struct {
	io.Reader
	io.Closer
}
