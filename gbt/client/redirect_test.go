package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestARedirectThatLosesTheBodyIsNoAnswer: a proxy that sends callers from http:// to https:// has a call become a GET of nothing, which a node
// may answer as it does one without a body, so that work comes and no solution gets there. One that keeps the call as it is will do.
func TestARedirectThatLosesTheBodyIsNoAnswer(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/secure/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"success","data":"`+r.Method+strings.Trim(string(body), `"`)+`"}`)
	})
	for status, kept := range map[int]bool{http.StatusMovedPermanently: false, http.StatusFound: false, http.StatusTemporaryRedirect: true, http.StatusPermanentRedirect: true} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/secure/") {
				mux.ServeHTTP(w, r)
				return
			}
			http.Redirect(w, r, "/secure"+r.URL.Path, status)
		}))
		c, err := New(s.URL, s.Client())
		if err != nil {
			t.Fatal(err)
		}
		var got string
		err = c.Call(t.Context(), "/submit-work", "x", &got)
		s.Close()
		var refused *Error
		switch {
		case kept && (err != nil || got != "POSTx"):
			t.Errorf("%d: %q, %v", status, got, err)
		case !kept && (!errors.As(err, &refused) || refused.Status != status || !strings.Contains(err.Error(), "redirects to "+s.URL)):
			t.Errorf("%d: %q, %v, expected that it says whereto", status, got, err)
		}
	}
}
