package node

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestUnknownRoutes tells a client what is wrong with its call: not the node.
func TestUnknownRoutes(t *testing.T) {
	want := stockRoutesOfSource(t)
	want = slices.DeleteFunc(want, func(route string) bool { return len(route) > 1 && strings.HasSuffix(route, "/") })
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(stockRoutes)); !slices.Equal(got, slices.Compact(want)) {
		t.Errorf("stockRoutes is not what the stock API registers:\n%v\n%v", got, want)
	}
	n, _ := newWholeNode(t, soloConfig(home(t)))
	for _, test := range []struct {
		method, route string
		status        int
		says          string
	}{
		{"POST", "/getwork", 404, "did you mean /get-work?"},
		{"GET", "/get_block_count", 404, "did you mean /get-block-count?"},
		{"POST", "/net-info/", 404, "did you mean /net-info?"},
		{"POST", "/List-Rig", 404, "did you mean /list-rigs?"},
		{"GET", "/mining/ap", 404, "did you mean /mining/api/?"},
		{"GET", "/nowhere/at/all", 404, "GET /mining/api/ lists"},
		{"POST", "/solonet-mine", 404, "no route"},
		{"POST", "/mining/api/", 405, "is called by GET or HEAD, not by POST"},
		{"PUT", "/wallet/main", 405, "is called by POST, not by PUT"},
		{"POST", "/get-block-count", 200, `"block_count":0`},
		{"POST", "/list-accounts", 200, `"success"`},
		{"GET", "/", 302, ""},
		{"GET", "/dashboard/", 200, ""},
		{"GET", "//net-info", 307, ""},
		{"GET", "/error", 200, "wallet not found"},
	} {
		r := httptest.NewRequest(test.method, test.route, strings.NewReader("{}"))
		if strings.HasPrefix(test.route, "//") {
			r.URL.Host, r.URL.Path = "", test.route
		}
		r.RemoteAddr, r.Host = "127.0.0.1:5000", "127.0.0.1:9888"
		w := httptest.NewRecorder()
		n.server.Handler.ServeHTTP(w, r)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) {
			t.Errorf("%s %s: %d %.300s, expected %d and %q", test.method, test.route, w.Code, w.Body, test.status, test.says)
		}
		if test.status == http.StatusMethodNotAllowed && !strings.Contains("GET, HEAD; POST", w.Header().Get("Allow")) {
			t.Errorf("%s %s: Allow %q", test.method, test.route, w.Header().Get("Allow"))
		}
	}
}
