package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// verdictTests reads testdata/replies.txt of the package wire: replies, and whether they say
// yes.
func verdictTests(t testing.TB) map[string]bool {
	t.Helper()
	raw, err := os.ReadFile("../wire/testdata/replies.txt")
	if err != nil {
		t.Fatal(err)
	}
	yes := make(map[string]bool)
	for line := range strings.Lines(string(raw)) {
		verdict, reply, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		yes[strings.TrimLeft(reply, " ")] = verdict == "yes"
	}
	return yes
}

// TestClientVerdicts has every form of yes and no as the reply to a share and to a login.
func TestClientVerdicts(t *testing.T) {
	for reply, yes := range verdictTests(t) {
		play(t, Config{}, func(p *peer) {
			p.expect("login")
			p.send(loginReply(testJob("1", palindrome)))
			p.expect("submit")
			p.send(`{"id":null,"result":null,"error":null}` + "\n") // It answers nothing.
			p.send(`{"id":2,` + reply + "}\n")
			_, _ = p.in.ReadLine()
		}, func(c *Client) {
			err := c.Submit(context.Background(), nextJob(t, c, "1"), 5)
			var refusal *wire.Error
			if yes != (err == nil) || err != nil && !errors.As(err, &refusal) {
				t.Errorf("a share answered with %s: got %v, expected yes=%v", reply, err, yes)
			}
		})
		if !yes {
			continue // TestClientLoginRefused
		}
		play(t, Config{}, func(p *peer) {
			p.expect("login")
			p.send(`{"id":1,`+reply+"}\n", push(testJob("1", palindrome)))
			_, _ = io.Copy(io.Discard, p.conn)
		}, func(c *Client) { nextJob(t, c, "1") })
	}
	job := testJob("1", palindrome)
	for _, none := range []string{`""`, `false`, `[]`, `{}`, `0`, `{"code":0}`, `{"code":0,"message":"fine"}`} {
		play(t, Config{}, func(p *peer) {
			p.expect("login")
			p.send(strings.Replace(loginReply(job), `"error":null`, `"error":`+none, 1))
			_, _ = io.Copy(io.Discard, p.conn)
		}, func(c *Client) { nextJob(t, c, "1") })
	}
}

// TestClientNoWork has a server say that it has no work while a share is on its way: that
// is no reply to the share. A login's reply it is.
func TestClientNoWork(t *testing.T) {
	const say = `{"id":null,"result":null,"error":{"code":20,"message":"No work: not synced"}}` + "\n"
	play(t, Config{}, func(p *peer) {
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
		if j := <-c.Jobs(); j != nil || !errors.Is(c.NoWork(), wire.RefusedNoWork) {
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
	p := &peer{t, far, wire.NewReader(far)}
	go func() { p.expect("login"); p.send(say) }()
	if _, err := New(t.Context(), near, Config{}); !errors.Is(err, wire.RefusedNoWork) {
		t.Errorf("login: %v", err)
	}
}
