package testnet

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestARefusalSaysWhy: what a front says with its refusal is in the error, and a page of another
// server's harms nothing.
func TestARefusalSaysWhy(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{503, `{"status":"fail","code":"BTM000","msg":"m","error_detail":"this front serves no rigs yet: no node answers"}`, "Service Unavailable: this front serves no rigs yet: no node answers"},
		{429, `{"error":"too many ask"}`, "status 429 Too Many Requests: too many ask"},
		{503, `<html>` + strings.Repeat("x", 1<<20), "/status: Service Unavailable"},
		{404, "", "status 404 Not Found"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		}))
		err := (&daemon{URL: server.URL}).get(t.Context(), "/status", new(FrontState))
		server.Close()
		if err == nil || !strings.HasSuffix(err.Error(), c.want) || errors.Is(err, errUnavailable) != (c.status == 503) {
			t.Errorf("%d %.40s: %v", c.status, c.body, err)
		}
	}
}
