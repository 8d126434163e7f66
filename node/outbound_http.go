package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/redact"
)

// postJSON posts v, and returns what f returns of the answer. The body that f reads is cut
// at a megabyte, and read to its end so that the connection can be used again.
func postJSON(ctx context.Context, by *http.Client, url string, v any, f func(*http.Response) error) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, by.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return redact.Error(err)
	}
	req.Header.Set("Content-Type", "application/json")
	posts := *by
	posts.CheckRedirect = client.AsItIs
	resp, err := posts.Do(req)
	if err != nil {
		return redact.Error(err)
	}
	defer resp.Body.Close()
	rest := resp.Body
	resp.Body = io.NopCloser(io.LimitReader(rest, 1<<20))
	err = f(resp)
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body = rest
	return err
}

// brief is what a machine elsewhere says, as far as it goes into a log.
func brief(said string) string {
	const most = 300
	if len(said) > most {
		said = strings.ToValidUTF8(said[:most], "") + "…"
	}
	return said
}

// retry calls f until it succeeds or has been called as often as allowed, with a pause
// between that doubles up to most. ctx's end cuts a pause short, and the try after it is
// the last.
func retry(ctx context.Context, tries int, pause, most time.Duration, f func() error) error {
	for try := 1; ; try, pause = try+1, min(2*pause, most) {
		err := f()
		if err == nil || try >= tries || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// outlast is a context that ends some time after another does.
func outlast(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(grace):
			cancel()
		case <-last.Done():
		}
	})
	return last, func() { stop(); cancel() }
}

// checkOutboundURL refuses what is no URL to call; empty is none to call.
func checkOutboundURL(key, text string) error {
	if u, err := url.Parse(text); text != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return fmt.Errorf("key %s: value %q: expected http://host/path", key, redact.URL(text))
	}
	return nil
}

// lastTry is how the last try to reach others went, and how many did. The zero value has not
// failed. It is safe for concurrent use.
type lastTry struct {
	failed           atomic.Pointer[string]
	taken, fruitless atomic.Uint64
}

// set takes the result of a try.
func (l *lastTry) set(err error) {
	if err == nil {
		l.taken.Add(1)
		l.failed.Store(nil)
		return
	}
	l.fruitless.Add(1)
	why := err.Error()
	l.failed.Store(&why)
}

// trouble is why the last try failed, if it did.
func (l *lastTry) trouble() (why string, failing bool) {
	if why := l.failed.Load(); why != nil {
		return *why, true
	}
	return "", false
}
