package node

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// hostilePage posts to the node in the ways that a browser lets any page: as text, and by
// a form. It then says that it is done.
const hostilePage = `<!DOCTYPE html><body><iframe name="f"></iframe>
<form id="form" method="post" enctype="text/plain" target="f" action="%[1]s/set-mining-address"><input name='{"mining_address":"%[2]s","x":"' value='"}'></form>
<script>
form.submit();
const post = (route, body) => fetch('%[1]s' + route, {method: 'POST', mode: 'no-cors', body}).catch(() => {});
Promise.all([
  post('/set-mining-address', '{"mining_address":"%[2]s"}'), post('/set-mining', '{"threads":7}'),
  fetch('%[1]s/rescan-wallet', {mode: 'no-cors'}).catch(() => {}),
]).then(() => fetch('/done'));
</script>`

// TestABrowsersPageChangesNothing shows a hostile page in Chromium, and has a name of its
// own lead to the node.
func TestABrowsersPageChangesNothing(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: apt-get install chromium")
	}
	n := newToolsNode(t)
	payee, thief := addressOf(t, 1), addressOf(t, 2)
	n.ask(t, "/set-mining-address", `{"mining_address":"`+payee+`"}`, new(miningAddress))
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			calls.Add(1)
		}
		n.server.Handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	done := make(chan struct{}, 1)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/done" {
			done <- struct{}{}
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, hostilePage, server.URL, thief)
	}))
	defer page.Close()
	show := func(url string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		out, err := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
			"--host-resolver-rules=MAP evil.example 127.0.0.1", "--virtual-time-budget=10000", "--dump-dom", url).Output()
		if err != nil {
			t.Fatalf("chromium: %v", err)
		}
		return string(out)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(page.URL, "http://"), ":")
	show("http://evil.example:" + port + "/")
	select {
	case <-done:
	default:
		t.Error("the page did not run to its end")
	}
	if calls.Load() < 3 {
		t.Errorf("%d calls of the page reached the node, expected 3: the test shows nothing", calls.Load())
	}
	_, port, _ = strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	if dom := show("http://evil.example:" + port + "/get-mining-address"); !strings.Contains(dom, "rpc.hosts") || strings.Contains(dom, payee) {
		t.Errorf("a rebound name reads %s", dom)
	}
	if dom := show(server.URL + "/get-mining-address"); !strings.Contains(dom, payee) {
		t.Errorf("the node's own name reads %s", dom)
	}
	if now, err := n.payees.address(); now != payee || n.miner.Settings().Threads != 0 || err != nil {
		t.Errorf("changed: %s is paid, %d threads, %v", now, n.miner.Settings().Threads, err)
	}
}
