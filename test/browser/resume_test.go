package browser_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/bytom-solo/bytom-solo/node"
)

// wire is a way to a node that can be cut, and knows what went over each stream of events.
type wire struct {
	*httptest.Server
	mu      sync.Mutex
	queries []string
	sent    []*bytes.Buffer
}

func newWire(t *testing.T, n *shownNode) *wire {
	t.Helper()
	target, err := url.Parse("http://" + n.address)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{}
	front := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			if r.Request.URL.Path == node.EventsRoute {
				r.Body = w.record(r.Request.URL.RawQuery, r.Body)
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {}, // It was cut.
	}
	w.Server = httptest.NewServer(front)
	t.Cleanup(w.Close)
	return w
}

// record keeps what is read of a stream.
func (w *wire) record(query string, body io.ReadCloser) io.ReadCloser {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := &bytes.Buffer{}
	w.queries, w.sent = append(w.queries, query), append(w.sent, sent)
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(body, lockedWriter{&w.mu, sent}), body}
}

type lockedWriter struct {
	mu *sync.Mutex
	to io.Writer
}

// Write satisfies io.Writer.
func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}

// stream is what the page asked for a stream, and what came; false if there was none yet.
func (w *wire) stream(i int) (query, sent string, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i >= len(w.sent) {
		return "", "", false
	}
	return w.queries[i], w.sent[i].String(), true
}

// ids are the numbers of a stream's events.
func ids(stream string) (all []int) {
	for line := range strings.Lines(stream) {
		var number int
		if _, text, ok := strings.Cut(line, "-"); ok && strings.HasPrefix(line, "id: ") {
			if _, err := fmt.Sscan(text, &number); err == nil {
				all = append(all, number)
			}
		}
	}
	return all
}

// TestABrokenStreamGoesOn cuts the way to the node while it finds blocks: the page has all of
// them afterwards, from a stream that goes on behind the last event that it had.
func TestABrokenStreamGoesOn(t *testing.T) {
	n := startNode(t)
	w := newWire(t, n)
	p := newTab(t, newBrowser(t), 0, "")
	p.run(chromedp.Navigate(w.URL + node.PageRoute))
	n.mine(t, 1)
	p.await(patience, newestBlock+` === "1"`)
	for cut := range 2 {
		w.CloseClientConnections()
		n.mine(t, 2)
		p.await(patience, fmt.Sprintf(`%s === "%d" && document.querySelectorAll(".block").length === %[2]d && !document.querySelector(".band.lost")`, newestBlock, 2*cut+3))
		var query, sent, before string
		for deadline := time.Now().Add(patience); len(ids(sent)) < 4; time.Sleep(20 * time.Millisecond) {
			query, sent, _ = w.stream(cut + 1)
			if time.Now().After(deadline) {
				t.Fatalf("the stream after the cut has %q", sent)
			}
		}
		_, before, _ = w.stream(cut)
		old, now := ids(before), ids(sent)
		had := -1 // The last event that the page had: some may have been cut on the way.
		if _, text, ok := strings.Cut(query, "-"); ok {
			_, _ = fmt.Sscan(text, &had)
		}
		if strings.Contains(sent, "event: snapshot") || had < old[0] || had > old[len(old)-1] || now[0] != had+1 {
			t.Errorf("the page had %d of %v, asked by %q, and the stream goes on with %v", had, old, query, now)
		}
	}
}
