package client

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
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

func TestClientReadsEveryForm(t *testing.T) {
	one, two := testJob("1", palindrome), testJob("2", palindrome)
	for name, segments := range map[string][]string{
		"job in the reply":       {loginReply(one), push(two)},
		"one segment":            {loginReply(one) + push(two)},
		"many segments":          strings.SplitAfter(loginReply(one)+push(two), ","),
		"job pushed":             {`{"id":1,"result":{"status":"OK"},"error":null}` + "\n", push(one), push(two)},
		"job first":              {push(one), `{"id":1,"result":true,"error":null}` + "\n", push(two)},
		"CR LF CR LF":            {strings.ReplaceAll(loginReply(one)+push(two), "\n", "\r\n\r\n")},
		"no end between":         {strings.ReplaceAll(loginReply(one)+push(two), "\n", "") + "\n"},
		"id as a string":         {strings.Replace(loginReply(one), `"id":1,`, `"id":"1",`, 1), push(two)},
		"no id":                  {strings.Replace(loginReply(one), `"id":1,`, "", 1), push(two)},
		"null id":                {strings.Replace(loginReply(one), `"id":1,`, `"id":null,`, 1), push(two)},
		"push as a result":       {loginReply(one), `{"id":null,"result":` + two + `,"error":null}` + "\n"},
		"unknown methods":        {`{"method":"mining.set_difficulty","params":[1]}` + "\n", loginReply(one), `{"id":7,"method":"ping"}` + "\n", push(two)},
		"junk between":           {"HTTP/1.1 400 Bad Request\r\n", loginReply(one), "{\n", `{"a":`, "1}\n", "[]\n", push(two)},
		"a bad job between":      {loginReply(one), push(`{"version":"01"}`), push(strings.Replace(two, "0100000000000000", "0200000000000000", 1)), push(two)},
		"replies to nobody":      {`{"id":99,"result":true}` + "\n", loginReply(one), `{"id":null,"error":{"code":1,"message":"hm"}}` + "\n", push(two)},
		"job id as a number":     {loginReply(strings.Replace(one, `"1"`, "1", 1)), push(two)},
		"a target of all digits": {loginReply(strings.Replace(one, "ffff7f00", strings.Repeat("f", 58)+"7f0000", 1)), push(two)},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{Password: "p", Agent: "test/1"}, func(p *peer) {
				r := p.expect("login")
				if want := `{"login":"a.rig","pass":"p","agent":"test/1"}`; string(r.Params) != want || string(r.ID) != "1" {
					t.Errorf("login with %s, id %s, expected %s and 1", r.Params, r.ID, want)
				}
				p.send(segments...)
				p.expect("submit")
				p.send(fmt.Sprintf(okReply, "2"))
				_, _ = p.in.ReadLine()
			}, func(c *Client) {
				synctest.Wait()
				j := nextJob(t, c, "2") // the first one was replaced
				if err := c.Submit(context.Background(), j, 5); err != nil {
					t.Errorf("submit: %v", err)
				}
			})
		})
	}
}

// TestClientWorkedExample reads the job of May 2018 as a pool sent it, and submits the
// nonce that its rig found.
func TestClientWorkedExample(t *testing.T) {
	job := `{"version":"0100000000000000","height":"8c44000000000000","previous_block_hash":"8f11dad3d32550bfb5a6bf9f7a344c8a436be37897887e3c74d1b380abd3587d","timestamp":"4c3afa5a00000000","transactions_merkle_root":"2c0abd8189aba80a8940c3bb4263c9560a97e81d89aa1389ff47e754add4ce98","transaction_status_hash":"c9c377e5192668bc0a367e4a4764f11e7c725ecced1d7b6a492974fab1b6d5bc","nonce":"0000000037780000","bits":"1d7a04000000001d","job_id":"171567","seed":"6aa116ef17d69e398ba388e8f0e1805f6f98afb9dfb8fb87679ad5d3c099099d","target":"ffff7f00"}`
	var log bytes.Buffer
	play(t, Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, func(p *peer) {
		p.expect("login")
		p.send(loginReply(job))
		if r := p.expect("submit"); string(r.Params) != `{"id":"a.rig","job_id":"171567","nonce":"0000783700000039"}` {
			t.Errorf("submit with %s", r.Params)
		}
		p.send(fmt.Sprintf(okReply, "2"))
		_, _ = p.in.ReadLine()
	}, func(c *Client) {
		j := nextJob(t, c, "171567")
		if j.Nonce != 0x0000783700000000 {
			t.Errorf("start nonce %x", j.Nonce)
		}
		h := j.HeaderHash(j.Nonce + 0x39)
		if got := fmt.Sprintf("%x", h); got != "9ecdb93091be52c0f368844d56e06a01b1630e6e90940287be71672d8a8069cd" {
			t.Errorf("header hash %s", got)
		}
		if err := c.Submit(context.Background(), j, j.Nonce+0x39); err != nil {
			t.Error(err)
		}
	})
	if !strings.Contains(log.String(), "order=little-endian") {
		t.Errorf("the log does not tell the order:\n%s", &log)
	}
}

func TestClientRefusals(t *testing.T) {
	for text, kind := range map[string]error{
		`{"code":21,"message":"Block expired"}`:        wire.RefusedStale,
		`{"code":21,"message":"Job not found"}`:        wire.RefusedUnknownJob,
		`{"code":21,"message":"hm"}`:                   wire.RefusedUnknownJob,
		`{"code":22,"message":"Duplicate share"}`:      wire.RefusedDuplicate,
		`{"code":23,"message":"Low difficulty share"}`: wire.RefusedLow,
		`{"code":24,"message":"Unauthorized worker"}`:  wire.RefusedLogin,
		`{"code":27,"message":"Illegal params"}`:       wire.RefusedParams,
		`{"code":32,"message":"Invalid nonce"}`:        wire.RefusedNonce,
		`{"code":-1,"message":"Stale share"}`:          wire.RefusedStale,
		`[-1,"duplicate share",null]`:                  wire.RefusedDuplicate,
		`"share above target"`:                         wire.RefusedLow,
		`{"code":20,"message":"Unknown error"}`:        nil,
		`7`:                                            nil,
	} {
		play(t, Config{}, func(p *peer) {
			p.expect("login")
			p.send(loginReply(testJob("1", palindrome)))
			p.expect("submit")
			p.send(`{"id":2,"result":null,"error":` + text + "}\n")
			_, _ = p.in.ReadLine()
		}, func(c *Client) {
			err := c.Submit(context.Background(), nextJob(t, c, "1"), 5)
			var refusal *wire.Error
			if !errors.As(err, &refusal) || kind != nil && !errors.Is(err, kind) || kind == nil && refusal.Kind() != "" {
				t.Errorf("%s: got %v of kind %q, expected %v", text, err, refusal.Kind(), kind)
			}
		})
	}
}

func TestClientLoginRefused(t *testing.T) {
	for _, reply := range []string{
		`{"id":1,"result":null,"error":{"code":24,"message":"Unauthorized worker"}}`,
		`{"id":1,"result":false,"error":null}`,
		`{"id":1,"result":{"status":"NO"}}`,
		`{"error":{"code":24,"message":"Unauthorized worker"}}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			p := &peer{t, far, wire.NewReader(far)}
			go func() {
				p.expect("login")
				p.send(reply + "\n")
				far.Close() // as pools do
			}()
			_, err := New(t.Context(), near, Config{Address: "pool:1"})
			var refusal *wire.Error
			if !errors.As(err, &refusal) || !strings.Contains(err.Error(), "pool:1") {
				t.Errorf("%s: got %v", reply, err)
			}
		})
	}
}

// TestClientOutOfOrder has replies come in another order than the requests, one of
// them never and one late.
func TestClientOutOfOrder(t *testing.T) {
	play(t, Config{ReplyTimeout: 5 * time.Second}, func(p *peer) {
		p.expect("login")
		p.send(loginReply(testJob("1", palindrome)))
		ids := make(map[string]string)
		for range 4 {
			r := p.expect("submit")
			var s wire.SubmitParams
			if err := json.Unmarshal(r.Params, &s); err != nil {
				t.Error(err)
			}
			ids[strings.TrimLeft(s.Nonce, "0")] = string(r.ID)
		}
		time.Sleep(time.Second)
		p.send(`{"id":` + ids["3"] + `,"result":null,"error":{"code":23,"message":"Low"}}` + "\n")
		p.send(fmt.Sprintf(okReply, `"`+ids["1"]+`"`))
		time.Sleep(6 * time.Second)
		p.send(fmt.Sprintf(okReply, ids["2"]))
		p.send(push(testJob("2", palindrome)))
		_, _ = p.in.ReadLine()
	}, func(c *Client) {
		j := nextJob(t, c, "1")
		want := map[uint64]error{1: nil, 2: ErrNoReply, 3: wire.RefusedLow, 4: ErrNoReply}
		var all sync.WaitGroup
		for nonce, kind := range want {
			all.Go(func() {
				if err := c.Submit(context.Background(), j, nonce); !errors.Is(err, kind) {
					t.Errorf("nonce %d: got %v, expected %v", nonce, err, kind)
				}
			})
		}
		all.Wait()
		nextJob(t, c, "2") // Its first job still stood while others were answered.
	})
}

// TestClientEnds has connections that end in each way: requests on their way are told,
// and nothing is left.
func TestClientEnds(t *testing.T) {
	for name, test := range map[string]struct {
		server func(*peer)
		want   error
		after  time.Duration
	}{
		"mid-line": {func(p *peer) { p.send(`{"id":2,"resu`) }, io.EOF, 0},
		"too long a line": {func(p *peer) {
			p.send(strings.Repeat(" x", wire.MaxLine))
			_, _ = p.in.ReadLine()
		}, wire.ErrLineTooLong, 0},
		"junk for ever": {func(p *peer) {
			for range junkMost {
				p.send("<html>\n")
			}
			_, _ = p.in.ReadLine()
		}, ErrNotStratum, 0},
		"silence after it once answered": {func(p *peer) {
			p.send(fmt.Sprintf(okReply, "2"))
			p.expect("submit")
			_, _ = p.in.ReadLine()
		}, ErrNoReply, 30 * time.Second},
		"silence for ever": {func(p *peer) { _, _ = io.Copy(io.Discard, p.conn) }, ErrNoReply, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{}, func(p *peer) {
				p.expect("login")
				p.send(loginReply(testJob("1", palindrome)))
				p.expect("submit")
				test.server(p)
			}, func(c *Client) {
				start, j := time.Now(), nextJob(t, c, "1")
				err := c.Submit(context.Background(), j, 5)
				if err == nil {
					err = c.Submit(context.Background(), j, 6)
				}
				if took := time.Since(start); !errors.Is(err, test.want) || took != test.after {
					t.Errorf("got %v after %v, expected %v after %v", err, took, test.want, test.after)
				}
				<-c.Done()
				took := time.Since(start)
				if want := test.after; name != "silence for ever" && took != want || name == "silence for ever" && took != 10*time.Minute {
					t.Errorf("the connection ended after %v", took)
				}
				if err := c.Err(); !errors.Is(err, ErrLost) {
					t.Errorf("it ended with %v", err)
				}
			})
		})
	}
}

// TestClientStuckServer has a server that reads nothing.
func TestClientStuckServer(t *testing.T) {
	play(t, Config{}, func(p *peer) {
		p.expect("login")
		p.send(loginReply(testJob("1", palindrome)))
		time.Sleep(time.Minute)
	}, func(c *Client) {
		start := time.Now()
		if err := c.Submit(context.Background(), nextJob(t, c, "1"), 1); !errors.Is(err, ErrLost) || time.Since(start) != writeTimeout {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

func TestClientLoginTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		start := time.Now()
		if _, err := New(t.Context(), near, Config{}); !errors.Is(err, ErrNoReply) || time.Since(start) != time.Minute {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		near, far = net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		if _, err := New(ctx, near, Config{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestClientGetJob(t *testing.T) {
	play(t, Config{}, func(p *peer) {
		p.expect("login")
		p.send(loginReply(testJob("1", palindrome)))
		p.expect("getjob")
		p.send(`{"id":2,"result":` + testJob("2", palindrome) + "}\n")
		p.expect("getjob")
		p.send(`{"id":3,"result":null,"error":{"code":20,"message":"Unknown method"}}` + "\n")
		_, _ = p.in.ReadLine()
	}, func(c *Client) {
		nextJob(t, c, "1")
		if err := c.GetJob(context.Background()); err != nil {
			t.Error(err)
		}
		nextJob(t, c, "2")
		if err := c.GetJob(context.Background()); err == nil {
			t.Error("no error")
		}
	})
}

// TestClientNonceOrder holds the orders to start nonces as they come.
func TestClientNonceOrder(t *testing.T) {
	for _, test := range []struct {
		name    string
		order   NonceOrder
		wire    string // its first job's
		refuse  int    // then the server refuses so many nonces, and sends the job again
		want    uint64
		logSays string
	}{
		{"palindrome", NonceAuto, "0000783737780000", 3, 0x0000783737780000, ""},
		{"a prefix, little-endian", NonceAuto, "0000000037780000", 0, 0x0000783700000000, "order=little-endian"},
		{"a prefix, big-endian", NonceAuto, "0000783700000000", 0, 0x0000783700000000, "order=big-endian"},
		{"shown by the job, which two refusals don't shake", NonceAuto, "0000000037780000", 2, 0x0000783700000000, "order=little-endian"},
		{"shown by the job, and wrong", NonceAuto, "0100000000000000", 3, 0x0000000000000001, "order=little-endian"},
		{"bits below the prefix, little-endian", NonceAuto, "000000806f020000", 0, 0x0000026f80000000, "order=little-endian"},
		{"bits below the prefix, big-endian", NonceAuto, "0000026f80000000", 0, 0x0000026f80000000, "order=big-endian"},
		{"nothing to see", NonceAuto, "1122334455667700", 0, 0x0077665544332211, "do not show their order"},
		{"nothing to see, and refused", NonceAuto, "1122334455667700", 3, 0x1122334455667700, "refused 3 nonces"},
		{"big is said", NonceBig, "0000000037780000", 3, 0x37780000, ""},
		{"little is said", NonceLittle, "0000783700000000", 3, 0x0000000037780000, ""},
		{"bit 63", NonceAuto, "0000000037780080", 0, 0x0000783700000000, "bit 63"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			play(t, Config{Order: test.order, Log: slog.New(slog.NewTextHandler(&log, nil))}, func(p *peer) {
				p.expect("login")
				p.send(loginReply(testJob("1", test.wire)))
				for range test.refuse {
					r := p.expect("submit")
					p.send(fmt.Sprintf(`{"id":%s,"result":null,"error":{"code":32,"message":"Invalid nonce"}}`+"\n", r.ID))
				}
				if test.refuse > 0 {
					r := p.expect("getjob")
					p.send(push(testJob("1", test.wire)), fmt.Sprintf(okReply, r.ID))
				}
				_, _ = p.in.ReadLine()
			}, func(c *Client) {
				j := nextJob(t, c, "1")
				for range test.refuse {
					if err := c.Submit(context.Background(), j, j.Nonce); !errors.Is(err, wire.RefusedNonce) {
						t.Error(err)
					}
				}
				if test.refuse > 0 {
					if err := c.GetJob(context.Background()); err != nil {
						t.Error(err)
					}
					j = nextJob(t, c, "1")
				}
				if j.Nonce != test.want {
					t.Errorf("start nonce %016x, expected %016x", j.Nonce, test.want)
				}
			})
			if !strings.Contains(log.String(), test.logSays) || test.logSays == "" && log.Len() > 0 {
				t.Errorf("the log does not say %q:\n%s", test.logSays, &log)
			}
		})
	}
}

// TestClientLogIsBounded has a server send nonsense between good lines for ever.
func TestClientLogIsBounded(t *testing.T) {
	var log bytes.Buffer
	play(t, Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, func(p *peer) {
		p.expect("login")
		p.send(loginReply(testJob("0", palindrome)))
		for range 1000 {
			p.send("junk\n", push(testJob("1", palindrome)), `{"id":null,"error":"hm"}`+"\n")
		}
		p.send(push(testJob("2", palindrome)))
		_, _ = p.in.ReadLine()
	}, func(c *Client) {
		synctest.Wait()
		nextJob(t, c, "2")
	})
	if n := strings.Count(log.String(), "\n"); n != oddMost {
		t.Errorf("%d lines in the log, expected %d", n, oddMost)
	}
}

// TestClientNewestJobWins pushes jobs at a client that does not receive any.
func TestClientNewestJobWins(t *testing.T) {
	play(t, Config{}, func(p *peer) {
		p.expect("login")
		p.send(loginReply(testJob("0", palindrome)))
		for i := range 100 {
			p.send(push(testJob(fmt.Sprint(i), palindrome)))
		}
		_, _ = p.in.ReadLine()
	}, func(c *Client) {
		synctest.Wait()
		nextJob(t, c, "99")
	})
}

// TestClientTLS logs in over TLS, with and without a certificate that it can trust.
func TestClientTLS(t *testing.T) {
	certificate, roots := newCertificate(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := wire.NewReader(conn)
				if _, err := in.ReadLine(); err == nil {
					_, _ = io.WriteString(conn, loginReply(testJob("1", palindrome)))
				}
				_, _ = in.ReadLine()
			}()
		}
	}()
	for name, test := range map[string]struct {
		tls *tls.Config
		ok  bool
	}{
		"unknown authority": {&tls.Config{}, false},
		"known authority":   {&tls.Config{RootCAs: roots}, true},
		"anything":          {&tls.Config{InsecureSkipVerify: true}, true},
		"another name":      {&tls.Config{RootCAs: roots, ServerName: "example.org"}, false},
	} {
		c, err := Dial(t.Context(), Config{Address: l.Addr().String(), TLS: test.tls})
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			nextJob(t, c, "1")
			_ = c.Close()
		}
	}
	// Plain TCP to a TLS port, and TLS to one that speaks something else.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := Dial(ctx, Config{Address: l.Addr().String()}); err == nil {
		t.Error("plain TCP to TLS: no error")
	}
}

// newCertificate makes a certificate for localhost that signs itself.
func newCertificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, roots
}

// FuzzClientLines feeds a client whatever a server may send.
func FuzzClientLines(f *testing.F) {
	for _, seed := range []string{
		loginReply(testJob("1", palindrome)), push(testJob("2", "0000783700000000")), fmt.Sprintf(okReply, "2"),
		`{"id":null,"error":[1,"x"]}`, `{"id":"2","result":{"job":{}}}`, "{}{}{}", "[", `{"method":"job"}`, `{"id":2,"error":{"code":32,"message":""}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		near, far := net.Pipe()
		c := &Client{cfg: Config{}.withDefaults(), conn: near, jobs: make(chan *wire.Job, 1), done: make(chan struct{}), out: wire.NewWriter(near, time.Second), calls: make(map[uint64]*call)}
		c.order.log = c.cfg.Log
		login, submit := &call{wire.MethodLogin, make(chan wire.Message, 1)}, &call{wire.MethodSubmit, make(chan wire.Message, 1)}
		c.enter(login)
		c.enter(submit)
		go c.read()
		_, _ = far.Write(text)
		_ = far.Close()
		<-c.done
		if !errors.Is(c.Err(), ErrLost) {
			t.Errorf("ended with %v", c.Err())
		}
		if waiting := len(c.calls) + len(login.reply) + len(submit.reply); waiting != 2 {
			t.Errorf("of two requests, %d are left or answered", waiting)
		}
		select {
		case j := <-c.jobs:
			if j != nil && (j.Version != 1 || j.Nonce>>63 != 0 || j.Target == 0) || j == nil && c.NoWork() == nil {
				t.Errorf("a job that can't be: %+v", j)
			}
		default:
		}
	})
}
