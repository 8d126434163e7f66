package node

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/payout"
)

// FuzzOwnRoutes sends bodies to the routes that take one, and queries and paths to those that read
// these: the answer is JSON, no failure of the server's, and an error has words for the caller.
// Those of package gbt have targets there.
func FuzzOwnRoutes(f *testing.F) {
	config := soloConfig(home(f))
	config.Mining.Devices, config.Solonet.Tools = "none", true
	config.Stratum.Listen, config.Payout.Scheme = "127.0.0.1:0", payout.PPLNS
	n, _ := newWholeNode(f, config)
	id := strings.Repeat("ab", 32)
	posts := []struct{ route, seed string }{
		{FoundBlockRoute, `{"hash":"` + id + `"}`}, {ResubmitFoundRoute, `{"hash":"` + id + `"}`}, {RigsRoute, `{"days":1.5}`},
		{ExplainPayoutRoute, `{"block":"7"}`}, {ExportPayoutsRoute, `{"format":"csv"}`}, {SignPayoutRoute, `{"id":"` + id + `","signed":"{}"}`},
		{FrontBlockRoute, `{"message":"aGVsbG8="}`}, {SolonetMineRoute, `{"blocks":0,"address":"sm1q","empty":true,"tx_ids":["` + id + `"],"branch_at":5}`},
		{SolonetAutoRoute, `{"every":"off"}`}, {SolonetClockRoute, `{"mode":"virtual","time":1,"advance":-1}`},
	}
	gets := []struct{ route, seed string }{
		{StatsBlocksRoute + "?", "last=5"}, {SeriesRoute + "?", "span=7d&rig=a.b"}, {StatsRigsRoute + "?", "x=1"}, {WidgetRoute + "?", "x"},
		{OwnerStatsPrefix, "sm1qabc"}, {OwnerPagePrefix, "sm1qabc"}, {FoundBlocksRoute + "?", "x"},
	}
	for i, p := range posts {
		f.Add(uint8(i), p.seed)
		f.Add(uint8(i), "")
	}
	for i, g := range gets {
		f.Add(uint8(len(posts)+i), g.seed)
	}
	f.Add(uint8(0), `{"hash":5,"more":[1]}`)
	f.Add(uint8(2), `{"days":1e999}`)
	f.Add(uint8(9), `[`)
	f.Fuzz(func(t *testing.T, which uint8, input string) {
		at := int(which) % (len(posts) + len(gets))
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(input))
		if at < len(posts) {
			r.URL.Path = posts[at].route
		} else {
			r.Method = http.MethodGet
			path, _, isQuery := strings.Cut(gets[at-len(posts)].route, "?")
			if r.URL.Path = path; isQuery {
				r.URL.RawQuery = input
			} else {
				r.URL.Path += input
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		w := httptest.NewRecorder()
		fromLoopback(n.server.Handler).ServeHTTP(w, r.WithContext(ctx))
		if w.Code == http.StatusServiceUnavailable && ctx.Err() != nil {
			return // A busy machine: whose turn has not come is told to ask again.
		}
		checkAnswer(t, r, input, w)
		if n.log.take("caused a panic") {
			t.Errorf("%s %q: a panic", r.URL.Path, input)
		}
	})
}

// checkAnswer holds an answer to what each of ours is.
func checkAnswer(t *testing.T, r *http.Request, input string, w *httptest.ResponseRecorder) {
	t.Helper()
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && w.Code == http.StatusOK {
		return // A page, the same for all addresses.
	}
	if clean := path.Clean(r.URL.Path); w.Code == http.StatusTemporaryRedirect && clean != r.URL.Path {
		if to := w.Header().Get("Location"); strings.TrimSuffix(to, "/") != strings.TrimSuffix((&url.URL{Path: clean}).String(), "/") {
			t.Errorf("%s %s %q: the way goes to %q, expected %q", r.Method, r.URL.Path, input, to, clean)
		}
		return // By Go's router, for any path with .. in it.
	}
	var answer struct {
		Status string
		Detail string `json:"error_detail"`
		Error  string
	}
	if w.Code >= http.StatusInternalServerError || json.Unmarshal(w.Body.Bytes(), &answer) != nil {
		t.Fatalf("%s %s %q: %d %.300q", r.Method, r.URL.Path, input, w.Code, w.Body)
	}
	words := answer.Detail + answer.Error
	if failed := answer.Status == "fail" || w.Code != http.StatusOK; failed != (words != "") {
		t.Errorf("%s %s %q: %d %.300q: an error has words, and only an error", r.Method, r.URL.Path, input, w.Code, w.Body)
	}
	for _, inner := range []string{"Go struct", "Go value", "runtime error", "reflect", "nil pointer", "strconv."} {
		if strings.Contains(words, inner) && !strings.Contains(input, inner) {
			t.Errorf("%s %s %q: %q is for who wrote the program", r.Method, r.URL.Path, input, words)
		}
	}
	body := bytes.TrimSpace([]byte(input))
	if r.Method == http.MethodPost && len(body) > 0 && !json.Valid(body) && !strings.Contains(words, "body") {
		t.Errorf("%s %q: %q does not speak of the body", r.URL.Path, input, words)
	}
}
