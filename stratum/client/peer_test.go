package client

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// peer is the server's end of a session that a test plays by hand.
type peer struct {
	t    testing.TB
	conn net.Conn
	in   *wire.Reader
}

// expect reads a request, and checks its method.
func (p *peer) expect(method string) wire.Request {
	line, err := p.in.ReadLine()
	if err != nil {
		p.t.Errorf("waiting for %s: %v", method, err)
		return wire.Request{}
	}
	r, err := wire.ParseRequest(line)
	if err != nil || r.Method != method {
		p.t.Errorf("got %s (%v), expected %s", line, err, method)
	}
	return r
}

// send writes text as it is, a segment an argument.
func (p *peer) send(segments ...string) {
	for _, s := range segments {
		if _, err := io.WriteString(p.conn, s); err != nil {
			p.t.Logf("send %.40q: %v", s, err)
			return
		}
	}
}

// testJob is a job's JSON text; the nonce is as on the wire.
func testJob(id, nonce string) string {
	h := strings.Repeat("11", 32)
	return fmt.Sprintf(`{"version":"0100000000000000","height":"8c44000000000000","previous_block_hash":"%s","timestamp":"4c3afa5a00000000","transactions_merkle_root":"%s","transaction_status_hash":"%s","nonce":"%s","bits":"1d7a04000000001d","job_id":"%s","seed":"%s","target":"ffff7f00"}`,
		h, h, h, nonce, id, h)
}

const palindrome = "0000783737780000"

func loginReply(job string) string {
	return `{"id":1,"jsonrpc":"2.0","result":{"id":"a.rig","job":` + job + `,"status":"OK"},"error":null}` + "\n"
}

func push(job string) string { return `{"jsonrpc":"2.0","method":"job","params":` + job + "}\n" }

const okReply = `{"id":%s,"jsonrpc":"2.0","result":{"status":"OK"},"error":null}` + "\n"

// play has a server play its part of a session, and a client theirs.
func play(t *testing.T, cfg Config, server func(*peer), client func(*Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var served sync.WaitGroup
		defer served.Wait()
		served.Go(func() {
			defer far.Close()
			server(&peer{t, far, wire.NewReader(far)})
		})
		cfg.Login = "a.rig"
		c, err := New(t.Context(), near, cfg)
		if err != nil {
			t.Errorf("login: %v", err)
			return
		}
		client(c)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := c.Submit(context.Background(), &wire.Job{ID: "1"}, 1); err == nil {
			t.Error("a share was accepted after the end")
		}
	}) // It fails if a goroutine is left.
}

// nextJob receives a job, and checks its id.
func nextJob(t *testing.T, c *Client, id string) *wire.Job {
	t.Helper()
	select {
	case j := <-c.Jobs():
		if j.ID != id {
			t.Errorf("got job %s, expected %s", j.ID, id)
		}
		return j
	case <-c.Done():
		t.Errorf("no job %s: %v", id, c.Err())
	case <-time.After(time.Minute):
		t.Errorf("no job %s", id)
	}
	return &wire.Job{ID: id}
}
