package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
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
	lastTry
}

// leastPingPeriod is the shortest time between two pings.
const leastPingPeriod = 10 * time.Second

func newPinger(to string, every time.Duration, well func() bool, log *slog.Logger) (*pinger, error) {
	if err := checkOutboundURL("notify.ping", to); err != nil {
		return nil, err
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
	if ctx.Err() != nil {
		return
	}
	_, failed := p.trouble()
	p.set(err)
	switch {
	case err == nil:
		if failed {
			p.logged = time.Time{}
			p.log.Info("the pings of notify.ping get through again")
		}
	default:
		if time.Since(p.logged) >= notifyWarnPeriod {
			p.logged = time.Now()
			p.log.Warn("the ping of notify.ping does not get through, will try again", "error", err)
		}
	}
}
