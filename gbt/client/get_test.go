package client

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestGet has what a route answers, and each kind of refusal.
func TestGet(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, secret, _ := r.BasicAuth()
		switch r.URL.Path {
		case "/good":
			_, _ = w.Write([]byte(`{"a":"` + r.Method + " " + r.URL.RawQuery + " " + name + ":" + secret + `"}`))
		case "/own":
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error":"no such rig"}`))
		case "/bytom":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"status":"fail","code":"BTM000","error_detail":"a token is needed"}`))
		case "/odd":
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write([]byte(`{"status":"success"}`))
		default:
			_, _ = w.Write([]byte("<p>"))
		}
	}))
	defer s.Close()
	c, err := New(strings.Replace(s.URL, "://", "://n:s@", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out struct{ A string }
	if err := c.Get(t.Context(), "/good", url.Values{"span": {"7d"}}, &out); err != nil || out.A != "GET span=7d n:s" {
		t.Errorf("%q, %v", out.A, err)
	}
	for route, want := range map[string]Error{
		"/own":   {Status: 404, Debug: "no such rig", JSON: true},
		"/bytom": {Status: 401, Debug: "a token is needed", Code: "BTM000", JSON: true},
		"/odd":   {Status: 418, Debug: `HTTP 418: "{\"status\":\"success\"}"`},
	} {
		var refused *Error
		want.Route = route
		if err := c.Get(t.Context(), route, nil, &out); !errors.As(err, &refused) || *refused != want {
			t.Errorf("%s: %v, expected %+v", route, err, want)
		}
	}
	if err := c.Get(t.Context(), "/page", nil, &out); err == nil || !strings.Contains(err.Error(), `"<p>"`) {
		t.Errorf("a page is read as %v", err)
	}
	s.Close()
	if err := c.Get(t.Context(), "/good", nil, &out); err == nil || strings.Contains(err.Error(), "n:s") {
		t.Errorf("nobody there: %v", err)
	}
}
