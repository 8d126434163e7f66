package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

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

// TestClientEnds has connections that end in each way: requests on their way get the cause,
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
