package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/redact"
)

// pinger asks a URL again and again for as long as all is well: who gets nothing any more
// knows that something is wrong, even where nobody is left to say so.
type pinger struct {
	url    string // empty: nobody waits for it
	every  time.Duration
	well   func() bool
	client *http.Client
	log    *slog.Logger
	logged time.Time
	// failing is why the last ping did not get through; nil if it did.
	failing atomic.Pointer[string]
}

// leastPingPeriod is the shortest time between two pings.
const leastPingPeriod = 10 * time.Second

func newPinger(to string, every time.Duration, well func() bool, log *slog.Logger) (*pinger, error) {
	if u, err := url.Parse(to); to != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return nil, fmt.Errorf("key notify.ping: value %q: expected http://host/path", redact.URL(to))
	}
	if every < leastPingPeriod {
		return nil, fmt.Errorf("key notify.ping-every: value %q: expected %v or more", every, leastPingPeriod)
	}
	return &pinger{url: to, every: every, well: well, client: &http.Client{Timeout: leastPingPeriod, Transport: fewConnections()}, log: log}, nil
}

// run pings until ctx ends, for the first time after one period: what is wrong is known then.
func (p *pinger) run(ctx context.Context) error {
	each := time.NewTicker(p.every)
	defer each.Stop()
	for {
		select {
		case <-each.C:
			if p.url != "" && p.well() {
				p.note(ctx, p.ping(ctx))
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *pinger) ping(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return redact.Error(err)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return redact.Error(err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 1<<16)
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s", redact.URL(p.url), resp.Status)
	}
	return nil
}

// note logs a failure once an hour.
func (p *pinger) note(ctx context.Context, err error) {
	switch failed := p.failing.Load() != nil; {
	case ctx.Err() != nil:
	case err == nil:
		if p.failing.Store(nil); failed {
			p.logged = time.Time{}
			p.log.Info("the pings of notify.ping get through again")
		}
	default:
		why := err.Error()
		p.failing.Store(&why)
		if time.Since(p.logged) >= notifyWarnPeriod {
			p.logged = time.Now()
			p.log.Warn("the ping of notify.ping does not get through, will try again", "error", err)
		}
	}
}

// trouble is why pings do not get through, if that is so.
func (p *pinger) trouble() (why string, failing bool) {
	if why := p.failing.Load(); why != nil {
		return *why, true
	}
	return "", false
}
