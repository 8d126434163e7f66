package node

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bytom/bytom/accesstoken"
	dbm "github.com/bytom/bytom/database/leveldb"
)

// openToOwners are paths that owners read without a token, and closedToOwners those that look
// like them and are something else, as they stand in a request's first line.
var (
	openToOwners = []string{
		"/mining/owner/bm1qxyz", "/mining/owner/0", "/mining/owner/" + strings.Repeat("z", 100), "/mining/owner/bm1qxyz?a=/../b",
		"/mining/owner/owner.js", "/mining/owner/page.css", "/mining/owner/licences.txt",
		"/mining/api/v1/owner/bm1qxyz", "/mining/api/v1/owner/" + strings.Repeat("z", 100),
	}
	closedToOwners = []string{
		"/mining/owner", "/mining/owner/", "/mining/owner//bm1qxyz", "//mining/owner/bm1qxyz", "/mining//owner/bm1qxyz", "/mining/owner/bm1qxyz/",
		"/mining/owner/bm1qxyz/x", "/mining/owner/BM1QXYZ", "/mining/owner/" + strings.Repeat("z", 101), "/mining/owner/bm1q.xyz", "/mining/owner/bm1q%0a",
		"/mining/owner/..", "/mining/owner/../page.js", "/mining/owner/../../get-work", "/mining/owner/%2e%2e", "/mining/owner/%2e%2e%2fpage.js",
		"/mining/owner/bm1q%2f..%2f..", "/mining%2fowner%2fbm1qxyz", "/mining/owner%2fbm1qxyz", "/mining/owner/%62m1qxyz", "/mining/owner/bm1q;x", "/mining/owner/bm1q%3fx",
		"/mining/owner/owner.html", "/mining/owner/index.html", "/mining/owner/page.js", "/mining/owner/worker.js", "/mining/owner/owner.js/", "/mining/owner/owner-js",
		"/mining/owner.js", "/mining/owner.html", "/mining/", "/mining/page.css", "/mining/page.js", "/mining/licences.txt", "/Mining/owner/bm1qxyz", "/x/mining/owner/bm1qxyz",
		"/mining/api/v1/owner", "/mining/api/v1/owner/", "/mining/api/v1/owner/bm1qxyz/", "/mining/api/v1/owner/../status", "/mining/api/v1/owner/..%2fstatus",
		"/mining/api/v1/owner/%62m1qxyz", "/mining/api/v1/owner/owner.js", "/mining/api/v1/owner//bm1qxyz", "/mining/api/v1/owners", "/mining/api/v1/payouts",
		"/mining/api/v1/status", "/mining/api/v1/rigs", "/mining/api/v1/events", "/mining/api/v2/owner/bm1qxyz", "/get-work", "/list-keys",
	}
)

// TestOwnersReadTheirPageAlone asks from elsewhere without a token for what owners may read,
// and for what looks like that, by all methods.
func TestOwnersReadTheirPageAlone(t *testing.T) {
	for _, ownersRead := range []bool{false, true} {
		a := &authenticator{tokens: accesstoken.NewStore(dbm.NewMemDB()), log: slog.New(slog.DiscardHandler), ownersRead: ownersRead}
		h := a.before(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
		for _, path := range append(slices.Clone(openToOwners), closedToOwners...) {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get"} {
				target, err := url.ParseRequestURI(path)
				if err != nil {
					t.Fatal(err)
				}
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.URL, r.Method, r.RemoteAddr = target, method, "192.168.1.9:5000"
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if open := ownersRead && slices.Contains(openToOwners, path) && (method == "GET" || method == "HEAD"); open != (w.Code == http.StatusOK) || !open && w.Code != http.StatusUnauthorized {
					t.Errorf("owners read %v, %s %s: %d", ownersRead, method, path, w.Code)
				}
			}
		}
	}
}

// TestAnOwnersPageHasNothingElse: there is no other file below the page's prefix, no other
// method, and no way around the guard.
func TestAnOwnersPageHasNothingElse(t *testing.T) {
	n, _ := newWholeNode(t, soloConfig(home(t)))
	for _, path := range closedToOwners {
		target, err := url.ParseRequestURI(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(target.Path, OwnerPagePrefix) || readByOwners.MatchString(target.Path) {
			continue // Others see to those; and a letter's code is that letter for a router.
		}
		if w := getPage(n, http.MethodGet, path); w.Code != http.StatusNotFound && w.Code != http.StatusTemporaryRedirect {
			t.Errorf("%s: %d, expected 404, or the stock node's redirect to a clean path", path, w.Code)
		}
	}
	for name, edit := range map[string]func(*http.Request){
		"another host":   func(r *http.Request) { r.Host = "evil.example:9888" },
		"another origin": func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
		"another page":   func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		for _, path := range openToOwners {
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
			r.RemoteAddr, r.Host = "127.0.0.1:5000", "127.0.0.1:9888"
			edit(r)
			n.server.Handler.ServeHTTP(w, r)
			if w.Code != http.StatusForbidden {
				t.Errorf("%s from %s: %d, expected 403", path, name, w.Code)
			}
		}
	}
}

// TestOwnersNeedNoTokenWithPayouts: payouts open what owners read, and what looks like that
// stays closed; without payouts all of it is as closed as the node.
func TestOwnersNeedNoTokenWithPayouts(t *testing.T) {
	for _, scheme := range []string{"", "pplns"} {
		config := soloConfig(home(t))
		config.Payout.Scheme, config.Stratum.Listen = scheme, "127.0.0.1:0"
		n, _ := newWholeNode(t, config)
		for _, path := range append(slices.Clone(openToOwners), "/mining/", "/mining/page.js", StatusRoute, PayoutStatsRoute, PayoutOwnersRoute) {
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
			r.Host, r.RemoteAddr = "127.0.0.1:9888", "192.168.1.9:5000"
			n.server.Handler.ServeHTTP(w, r)
			want := http.StatusUnauthorized
			if scheme != "" && slices.Contains(openToOwners, path) {
				if want = http.StatusOK; strings.HasPrefix(path, OwnerStatsPrefix) {
					want = http.StatusNotFound // Nobody's.
				}
			}
			if w.Code != want {
				t.Errorf("payouts %q, %s: %d, expected %d", scheme, path, w.Code, want)
			}
		}
	}
}

// TestOwnersFiguresAreReadInTurn: however many ask, one is answered at a time, and none waits for
// long.
func TestOwnersFiguresAreReadInTurn(t *testing.T) {
	config := soloConfig(home(t))
	withPayouts(t, config)
	n, _ := newWholeNode(t, config)
	path := OwnerStatsPrefix + addressOf(t, 7)
	n.payouts.turn <- struct{}{}
	if w := getPage(n, http.MethodGet, path); w.Code != http.StatusServiceUnavailable {
		t.Errorf("while another reads: %d, expected 503", w.Code)
	}
	<-n.payouts.turn
	for range 2 {
		if w := getPage(n, http.MethodGet, path); w.Code != http.StatusNotFound {
			t.Errorf("%d, expected 404 of nobody's page", w.Code)
		}
	}
}
