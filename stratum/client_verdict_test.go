package stratum

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// verdictTests are replies, and whether they say yes.
func verdictTests() map[string]bool {
	yes := make(map[string]bool)
	for _, result := range []string{`true`, `"OK"`, `"ok"`, `"accepted"`, `{"status":"OK"}`, `{"status":"ok"}`, `{"status":"accepted"}`, `{"status":true}`, `null`, `{"id":"x"}`, `1`} {
		for _, none := range []string{`null`, `""`, `false`, `[]`, `{}`, `0`, `{"code":0}`, `{"code":0,"message":""}`, `{"code":0,"message":"OK"}`, `{"code":null,"message":null}`, `[0,"",null]`, `[null]`, `"none"`, `"success"`} {
			yes[`"result":`+result+`,"error":`+none] = true
		}
		yes[`"result":`+result] = true
	}
	yes[`"error":null`] = true
	yes[`"result":true,"error":{"code":0,"message":"well done"}`] = true
	yes[`"result":{"status":"OK"},"error":{"code":0,"message":"well done"}`] = true
	for _, no := range []string{
		`"result":false,"error":null`, `"result":false,"error":{}`, `"result":"false"`, `"result":{"status":"NO"},"error":null`, `"result":{"status":"stale"},"error":""`,
		`"result":{"status":false}`, `"result":{"status":""}`,
		`"result":true,"error":{"code":23,"message":"low"}`, `"result":true,"error":"low"`, `"result":true,"error":[23,"low",null]`, `"result":true,"error":1`, `"result":true,"error":true`,
		`"result":{"status":"OK"},"error":{"code":-1}`, `"result":null,"error":{"code":0,"message":"low difficulty"}`, `"result":{"status":"NO"},"error":{"code":0,"message":"low"}`,
		`"result":null,"error":{"message":"low"}`, `"result":true,"error":{"message":"low"}`,
	} {
		yes[no] = false
	}
	return yes
}

// TestClientVerdicts has every form of yes and no as the reply to a share and to a login.
func TestClientVerdicts(t *testing.T) {
	for reply, yes := range verdictTests() {
		play(t, ClientConfig{}, func(p *peer) {
			p.expect("login")
			p.send(loginReply(testJob("1", palindrome)))
			p.expect("submit")
			p.send(`{"id":null,"result":null,"error":null}` + "\n") // It answers nothing.
			p.send(`{"id":2,` + reply + "}\n")
			_, _ = p.in.ReadLine()
		}, func(c *Client) {
			err := c.Submit(context.Background(), nextJob(t, c, "1"), 5)
			var refusal *Error
			if yes != (err == nil) || err != nil && !errors.As(err, &refusal) {
				t.Errorf("a share answered with %s: got %v, expected yes=%v", reply, err, yes)
			}
		})
		if !yes {
			continue // TestClientLoginRefused
		}
		play(t, ClientConfig{}, func(p *peer) {
			p.expect("login")
			p.send(`{"id":1,`+reply+"}\n", push(testJob("1", palindrome)))
			_, _ = io.Copy(io.Discard, p.conn)
		}, func(c *Client) { nextJob(t, c, "1") })
	}
	job := testJob("1", palindrome)
	for _, none := range []string{`""`, `false`, `[]`, `{}`, `0`, `{"code":0}`, `{"code":0,"message":"fine"}`} {
		play(t, ClientConfig{}, func(p *peer) {
			p.expect("login")
			p.send(strings.Replace(loginReply(job), `"error":null`, `"error":`+none, 1))
			_, _ = io.Copy(io.Discard, p.conn)
		}, func(c *Client) { nextJob(t, c, "1") })
	}
}

// FuzzVerdict holds each reply to one meaning: an error that is kept has something to say,
// and one that is dropped has nothing.
func FuzzVerdict(f *testing.F) {
	for reply := range verdictTests() {
		result, why, _ := strings.Cut(strings.TrimPrefix(reply, `"result":`), `,"error":`)
		f.Add(result, why)
	}
	f.Fuzz(func(t *testing.T, result, why string) {
		m, err := ParseMessage(fmt.Appendf(nil, `{"id":1,"result":%s,"error":%s}`, result, why))
		if err != nil {
			return
		}
		if m.Error != nil && m.Error.Error() == "" {
			t.Errorf("an error without words of %q", why)
		}
		if m.Error == nil && affirms(m.Result) && refused(m.Result) {
			t.Errorf("result %s says yes and no", m.Result)
		}
	})
}

// TestClientNoWork has a server say that it has no work while a share is on its way: that
// is no reply to the share. A login's reply it is.
func TestClientNoWork(t *testing.T) {
	const say = `{"id":null,"result":null,"error":{"code":20,"message":"No work: not synced"}}` + "\n"
	play(t, ClientConfig{}, func(p *peer) {
		p.expect("login")
		p.send(loginReply(testJob("1", palindrome)))
		r := p.expect("submit")
		p.send(say, fmt.Sprintf(okReply, r.ID))
		p.expect("getjob")
		p.send(push(testJob("2", palindrome)), fmt.Sprintf(okReply, "3"))
		_, _ = p.in.ReadLine()
	}, func(c *Client) {
		if err := c.Submit(context.Background(), nextJob(t, c, "1"), 5); err != nil {
			t.Errorf("the share: %v", err)
		}
		if j := <-c.Jobs(); j != nil || !errors.Is(c.NoWork(), RefusedNoWork) {
			t.Errorf("job %v, %v", j, c.NoWork())
		}
		if err := c.GetJob(context.Background()); err != nil {
			t.Error(err)
		}
		if nextJob(t, c, "2"); c.NoWork() != nil {
			t.Errorf("with a job: %v", c.NoWork())
		}
	})
	near, far := net.Pipe()
	p := &peer{t, far, NewReader(far)}
	go func() { p.expect("login"); p.send(say) }()
	if _, err := NewClient(t.Context(), near, ClientConfig{}); !errors.Is(err, RefusedNoWork) {
		t.Errorf("login: %v", err)
	}
}
