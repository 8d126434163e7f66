package client

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
)

// FuzzAnswer has a node answer anything: what a caller gets is whole, or the error is short, names
// the route and, where the node has answered, has what it said.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"status":"success","data":{"block_header":"0101","seed":"00"}}`, `{"status":"fail","code":"BTM000","msg":"x","error_detail":"y","data":{"reason":"stale"}}`,
		`{"status":"success","data":null}`, `{"detail":"field hash: value 5"}`, `{"error":"query last"}`, `<html>`, ``, `null`, `[]`, `{"status":"success","data":{"is_mining":true}}`,
	} {
		f.Add(http.StatusOK, seed)
		f.Add(http.StatusBadRequest, seed)
	}
	var answer atomic.Pointer[func(http.ResponseWriter)]
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { (*answer.Load())(w) }))
	f.Cleanup(node.Close)
	c, err := New(node.URL, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 || status == http.StatusNoContent || status == http.StatusNotModified || status >= 300 && status < 400 {
			status = http.StatusOK
		}
		give := func(w http.ResponseWriter) { w.WriteHeader(status); _, _ = w.Write([]byte(body)) }
		answer.Store(&give)
		work, err := c.GetWork(t.Context())
		if err == nil && (work.BlockHeader == nil || work.Seed == nil) {
			t.Errorf("%d %q is work without its parts: %+v", status, body, work)
		}
		checkError(t, status, body, err)
		var any struct{}
		checkError(t, status, body, c.Get(t.Context(), "/mining/api/v1/status", nil, &any))
		var info wire.MiningInfo
		checkError(t, status, body, c.Call(t.Context(), "/mining-info", nil, &info))
	})
}

func checkError(t *testing.T, status int, body string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if n := len(err.Error()); n == 0 || n > 2000+len(body) {
		t.Errorf("%d %.100q: an error of %d bytes", status, body, n)
	}
	if own := (*Error)(nil); errors.As(err, &own) && (own.Route == "" || own.Status != status) {
		t.Errorf("%d %q: %+v", status, body, own)
	}
}
