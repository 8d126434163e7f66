package load_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
)

// newHTTP is a client that keeps its connections, of which there may be so many, for as long as Go's own
// does.
func newHTTP(connections int) *http.Client {
	return &http.Client{Transport: traced{&http.Transport{MaxIdleConnsPerHost: connections, IdleConnTimeout: 90 * time.Second}}}
}

// traced says of a call that fails what connection it was sent on.
type traced struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (tr traced) RoundTrip(req *http.Request) (*http.Response, error) {
	var got httptrace.GotConnInfo
	began := time.Now()
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { got = info }}
	resp, err := tr.RoundTripper.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		err = fmt.Errorf("%w, %v after it began, on a connection that was used before: %v, and had idled for %v", err, time.Since(began), got.Reused, got.IdleTime)
	}
	return resp, err
}

// poll keeps a longpoll until ctx ends: each must come back with work that differs, of a tip that is
// no older.
func poll(ctx context.Context, c *client.Client, v *view) error {
	id := ""
	for {
		t, err := c.GetBlockTemplate(ctx, wire.TemplateRequest{LongpollID: id, Transactions: "ids"})
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("longpoll: %w", err)
		}
		if t.LongpollID == id {
			return fmt.Errorf("a longpoll came back with the template that it had, of tip %d", t.Height-1)
		}
		id = t.LongpollID
		if err := v.saw(t.Height - 1); err != nil {
			return err
		}
	}
}

// getWork calls get-work each pause until ctx ends. The work must be of the tip that others of the
// node's clients know of before the call, or a later one.
func getWork(ctx context.Context, c *client.Client, known func() uint64, took *times, pause time.Duration) error {
	for {
		before, began := known(), time.Now()
		w, err := c.GetWork(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("get-work: %w", err)
		}
		took.add(time.Since(began))
		if tip := w.BlockHeader.Height - 1; tip < before {
			return fmt.Errorf("get-work is of tip %d, and there was tip %d before the call", tip, before)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// follow reads a stream of events until ctx ends. No event may lack.
func follow(ctx context.Context, c *http.Client, url string, v *view) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("event stream: %s", resp.Status)
	}
	in := bufio.NewReaderSize(resp.Body, 1<<16)
	var last uint64
	for name := ""; ; {
		line, err := in.ReadString('\n')
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("event stream: %w", err)
		}
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case key == "id":
			last, err = followingID(last, value)
		case key == "event":
			name = value
		case key == "data" && name == "tip":
			err = sawTip(v, value)
		}
		if err != nil {
			return err
		}
	}
}

// followingID holds an event's identifier to be the next one.
func followingID(last uint64, id string) (uint64, error) {
	_, text, _ := strings.Cut(id, "-")
	number, err := strconv.ParseUint(text, 10, 64)
	if err == nil && last > 0 && number != last+1 {
		err = fmt.Errorf("event %d follows %d in a stream", number, last)
	}
	return number, err
}

func sawTip(v *view, data string) error {
	var tip struct{ Height uint64 }
	if err := json.Unmarshal([]byte(data), &tip); err != nil || tip.Height == 0 {
		return errors.Join(err, fmt.Errorf("a tip's event says %.200s", data))
	}
	return v.saw(tip.Height)
}
