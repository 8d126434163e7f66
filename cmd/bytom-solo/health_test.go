package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
)

// TestHealthOfANode asks one that can mine, one that is behind, one that wants a token, one
// that does not answer in time, and none.
func TestHealthOfANode(t *testing.T) {
	why := "syncing, at height 5 of 9"
	answers := map[string]node.Stats{
		"/fine":   {Network: "solonet", Height: 5, Work: &node.WorkStats{Height: 6}},
		"/behind": {Network: "solonet", Height: 5, NotReady: &why},
	}
	stuck := make(chan struct{})
	asked := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, secret, _ := r.BasicAuth()
		switch {
		case asked == "/hangs":
			<-stuck
		case asked == "/closed" && name+":"+secret != "shed:s3cret":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"status":"fail","msg":"Request could not be authenticated"}`)
		case r.URL.Path == node.StatusRoute:
			_ = json.NewEncoder(w).Encode(answers[strings.Replace(asked, "/closed", "/fine", 1)])
		default:
			_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": node.HomeInfo{}})
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(stuck) })
	t.Setenv("TMHOME", t.TempDir())
	for _, c := range []struct {
		route, token, says string
		healthy            bool
	}{
		{"/fine", "", "solonet, height 5, 0 peers: work is handed out, for height 6", true},
		{"/behind", "", why, false},
		{"/closed", "", "--token NAME:SECRET", false},
		{"/closed", "shed:s3cret", "work is handed out", true},
		{"/hangs", "", "no node answers", false},
	} {
		asked = c.route
		start := time.Now()
		args := []string{"health", "--api_addr", s.URL, "--timeout", "500ms"}
		if c.token != "" {
			args = append(args, "--token", c.token)
		}
		out, err := command(t, args...)
		if (err == nil) != c.healthy || c.healthy && (!strings.Contains(out, c.says) || strings.Count(out, "\n") != 1) {
			t.Errorf("%s: printed %q, %v", c.route, out, err)
		}
		if err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") || out != "") {
			t.Errorf("%s: printed %q, %v, expected %q", c.route, out, err, c.says)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: it took %v", c.route, took)
		}
	}
	asked = "/fine"
	front := t.TempDir()
	host := strings.TrimPrefix(s.URL, "http://")
	for name, text := range map[string]string{
		"front.key": "", "config.toml": "chain_id = \"solonet\"\nnode = [\"" + strings.Repeat("ab", 32) + "@http://node:9888\"]\napi_addr = \"" + host + "\"\n",
	} {
		if err := os.WriteFile(filepath.Join(front, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := command(t, "health", "--home", front); err != nil || !strings.Contains(out, "work is handed out") {
		t.Errorf("by a front's home: printed %q, %v", out, err)
	}
	if _, err := command(t, "health", "--api_addr", "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "no node answers") {
		t.Errorf("without a node: %v", err)
	}
	refused(t, []string{"health", "--timeout", "0s"}, "--timeout", "0s")
}
