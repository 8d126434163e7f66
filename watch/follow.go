package watch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	gbt "github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	stratum "github.com/bytom-solo/bytom-solo/stratum/client"
)

const (
	// shortestPause and longestPause are how long to wait before a source is tried again;
	// steady is how long a session lasts that is no sign of trouble.
	shortestPause, longestPause = time.Second, time.Minute
	steady                      = time.Minute
	// pollEach is how often a node is asked by get-work, templateEach how often at the most
	// by longpoll: a node that has new transactions all the time answers at once.
	pollEach, templateEach = 5 * time.Second, 2 * time.Second
	// longestCall bounds a call; nodes hold longpolls for a minute.
	longestCall = 2 * time.Minute
	// longestSilence is after what time without a line a pool is taken for dead. A block
	// takes 150 s, and not each pool repeats its job between two.
	longestSilence = 30 * time.Minute
)

// Agent is what pools see: who says that it is this does not mine.
const Agent = "bytom-solo-watch/1"

// report is where a follower leaves what it sees.
type report interface {
	saw(view)
	idle(error)
}

// errPanic means that the code which reads a source's words panicked.
var errPanic = errors.New("what it sends can't be read")

// follow reads from a source until the connection breaks, or ctx ends. A panic is an error
// like others: Bytom's decoders are not this project's.
func (s Source) follow(ctx context.Context, r report) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errPanic, p)
		}
	}()
	if s.node != "" {
		return s.followNode(ctx, r)
	}
	return s.followPool(ctx, r)
}

// followPool logs in and reads jobs. No share is ever sent.
func (s Source) followPool(ctx context.Context, r report) error {
	c, err := stratum.Dial(ctx, stratum.Config{
		Address: s.address, TLS: s.tls(), Login: s.login, Password: s.password, Agent: Agent,
		SilentTimeout: longestSilence, DialContext: dialSlowly,
	})
	if err != nil {
		return explain(err)
	}
	defer c.Close()
	for {
		select {
		case job := <-c.Jobs():
			if job != nil {
				r.saw(viewOfJob(job))
			} else if why := c.NoWork(); why != nil {
				r.idle(fmt.Errorf("%w: %w", errNoWork, why))
			}
		case <-c.Done():
			return c.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// followNode asks a node for templates by longpoll or, where it has none, by get-work.
func (s Source) followNode(ctx context.Context, r report) error {
	transport := newTransport()
	defer transport.CloseIdleConnections()
	c, err := gbt.New(s.node, &http.Client{
		Timeout: longestCall, Transport: bounded{transport},
		// Another address has no business with the token, nor a source with our calls.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	if err != nil {
		return err
	}
	for ask := byTemplate(c); ; {
		start := time.Now()
		v, each, err := ask(ctx)
		if lacksTemplates(err) {
			ask = byGetWork(c)
			continue
		}
		if err != nil {
			return explain(err)
		}
		r.saw(v)
		if err := sleep(ctx, each-time.Since(start)); err != nil {
			return err
		}
	}
}

// asker asks a node what it works on. each is how much time must be between two calls.
type asker func(ctx context.Context) (v view, each time.Duration, err error)

// byTemplate asks by getblocktemplate, which a node holds while it has nothing new.
func byTemplate(c *gbt.Client) asker {
	longpoll := ""
	return func(ctx context.Context) (view, time.Duration, error) {
		t, err := c.GetBlockTemplate(ctx, wire.TemplateRequest{
			Transactions: "ids", Capabilities: []string{"longpoll", "workid"}, LongpollID: longpoll,
		})
		if err != nil {
			return view{}, 0, err
		}
		longpoll = t.LongpollID
		v, err := viewOfTemplate(t)
		if longpoll == "" {
			return v, pollEach, err
		}
		return v, templateEach, err
	}
}

func byGetWork(c *gbt.Client) asker {
	return func(ctx context.Context) (view, time.Duration, error) {
		w, err := c.GetWork(ctx)
		if err != nil {
			return view{}, 0, err
		}
		return viewOfWork(w), pollEach, nil
	}
}

// lacksTemplates reports whether a node has no getblocktemplate, as the stock node.
func lacksTemplates(err error) bool {
	var refused *gbt.Error
	return errors.As(err, &refused) && refused.Route == "/get-block-template" &&
		(refused.Status == http.StatusNotFound || strings.EqualFold(refused.Debug, "not found"))
}

// What an operator can do about a source that can't be read.
var (
	errToken     = errors.New("it wants an access token, which stands in the URL: http://NAME:SECRET@host:port")
	errUntrusted = errors.New("its certificate is not trusted: the environment's SSL_CERT_FILE names those to trust")
	errNoPool    = errors.New("what answers there does not speak Stratum as the URL says: look at the port, and at stratum+tcp:// or stratum+ssl://")
)

// explain is an error with what to do about it.
func explain(err error) error {
	var refused *gbt.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return fmt.Errorf("%w (%w)", errUntrusted, certificate.Err)
	case errors.Is(err, stratum.ErrNotStratum):
		return errNoPool
	case errors.As(err, &refused) && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden):
		return fmt.Errorf("%w; %w", err, errToken)
	}
	return err
}

// sleep waits for a time, or for ctx's end.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// backoff is a time to wait that doubles.
type backoff struct{ next time.Duration }

// wait waits, less a random part: many watchers don't come back all at once.
func (b *backoff) wait(ctx context.Context) error {
	b.next = min(max(b.next, shortestPause), longestPause)
	d := b.next/2 + rand.N(b.next/2)
	b.next *= 2
	return sleep(ctx, d)
}
