package node

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bytom/bytom/dashboard/dashboard"
)

// getPage asks for a route from loopback, with headers.
func getPage(n *wholeNode, method, route string, headers ...string) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest(method, route, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	fromLoopback(n.server.Handler).ServeHTTP(w, r)
	return w
}

// TestThePageIsServed asks for each file in the ways of browsers: plain and compressed, once
// more, and by HEAD.
func TestThePageIsServed(t *testing.T) {
	n, _ := newWholeNode(t, soloConfig(home(t)))
	for route, kind := range map[string]string{
		"/mining/": "text/html; charset=utf-8", "/mining/page.js": "text/javascript; charset=utf-8", "/mining/worker.js": "text/javascript; charset=utf-8",
		"/mining/page.css": "text/css; charset=utf-8", "/mining/licences.txt": "text/plain; charset=utf-8",
		"/mining/owner/sm1q0": "text/html; charset=utf-8", "/mining/owner/owner.js": "text/javascript; charset=utf-8",
		"/mining/owner/page.css": "text/css; charset=utf-8", "/mining/owner/licences.txt": "text/plain; charset=utf-8",
	} {
		plain, small := getPage(n, "GET", route), getPage(n, "GET", route, "Accept-Encoding", "br, gzip;q=0.8", "Range", "bytes=0-3")
		for _, w := range []*httptest.ResponseRecorder{plain, small} {
			for key, want := range map[string]string{
				"Content-Type": kind, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache", "Vary": "Accept-Encoding",
				"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
			} {
				if got := w.Header().Get(key); got != want || w.Code != http.StatusOK {
					t.Errorf("%s: %d, %s %q, expected %q", route, w.Code, key, got, want)
				}
			}
		}
		z, err := gzip.NewReader(small.Body)
		if err != nil || small.Header().Get("Content-Encoding") != "gzip" || plain.Header().Get("Content-Encoding") != "" {
			t.Fatalf("%s: %v, %v, %v", route, err, small.Header(), plain.Header())
		}
		if text, err := io.ReadAll(z); err != nil || len(text) < 500 || !bytes.Equal(text, plain.Body.Bytes()) {
			t.Errorf("%s: %d bytes compressed, %d plain, %v", route, len(text), plain.Body.Len(), err)
		}
		tags := []string{plain.Header().Get("ETag"), small.Header().Get("ETag")}
		if tags[0] == tags[1] || len(tags[0]) < 18 {
			t.Errorf("%s: tags %q", route, tags)
		}
		again := getPage(n, "GET", route, "If-None-Match", tags[0])
		if stale := getPage(n, "GET", route, "If-None-Match", tags[1]); again.Code != http.StatusNotModified || again.Body.Len() > 0 || stale.Code != http.StatusOK {
			t.Errorf("%s: %d for its tag and %d for another", route, again.Code, stale.Code)
		}
		if head := getPage(n, "HEAD", route, "Accept-Encoding", "gzip"); head.Code != http.StatusOK || head.Body.Len() > 0 || head.Header().Get("ETag") != tags[1] {
			t.Errorf("HEAD %s: %d, %d bytes, %v", route, head.Code, head.Body.Len(), head.Header())
		}
		if w := getPage(n, "POST", route); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", route, w.Code)
		}
	}
	if w := getPage(n, "GET", "/mining"); w.Code != http.StatusFound || w.Header().Get("Location") != "/mining/" {
		t.Errorf("/mining: %d to %q", w.Code, w.Header().Get("Location"))
	}
}

// TestThePageIsNotForAll: it is for whom the figures are for.
func TestThePageIsNotForAll(t *testing.T) {
	n, _ := newWholeNode(t, soloConfig(home(t)))
	for _, route := range []string{"/mining/", "/mining/page.js"} {
		for _, cookie := range []bool{false, true} {
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, route, nil)
			r.Host, r.RemoteAddr = "127.0.0.1:9888", "192.168.1.9:5000"
			if cookie {
				r.SetBasicAuth(cookieName, n.cookie)
			}
			n.server.Handler.ServeHTTP(w, r)
			if cookie != (w.Code == http.StatusOK) || !cookie && w.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s, with a token %v: %d %v", route, cookie, w.Code, w.Header())
			}
		}
	}
}

func TestWhoTakesGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "deflate, gzip, br": true, "gzip;q=0": false, "gzip; q=0.5": true, "gzip;q=0.000": false, "xgzip": false, "gzip;x": false, "br": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", header)
		if takesGzip(r) != want {
			t.Errorf("%q: %v", header, !want)
		}
	}
}

// TestTheDashboardLeadsToThePage: its start page has a link, and all else is as the stock
// node has it.
func TestTheDashboardLeadsToThePage(t *testing.T) {
	n, _ := newWholeNode(t, soloConfig(home(t)))
	before, after, _ := strings.Cut(dashboard.Files["index.html"], "</body>")
	for _, route := range []string{"/dashboard/", "/dashboard/index.html", "/dashboard/accounts"} {
		w := getPage(n, "GET", route)
		body := w.Body.String()
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.HasPrefix(body, before) ||
			!strings.HasSuffix(body, "</a></body>"+after) || strings.Count(body, `<a href="/mining/"`) != 1 {
			t.Errorf("%s: %d %v\n%s", route, w.Code, w.Header(), body)
		}
	}
	for name, text := range dashboard.Files {
		if w := getPage(n, "GET", "/dashboard/"+name); name != "index.html" && (w.Code != http.StatusOK || w.Body.String() != text) {
			t.Errorf("/dashboard/%s: %d, %d bytes of %d", name, w.Code, w.Body.Len(), len(text))
		}
	}
}
