package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommandsAreLetIn runs a command against a node that wants a token, with each way to
// give one.
func TestCommandsAreLetIn(t *testing.T) {
	t.Setenv("LISTEN", "")
	got := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, secret, _ := r.BasicAuth()
		if got = name + ":" + secret; got == ":" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"status":"fail","code":"BTM860","detail":"no token"}`))
			return
		}
		_, _ = w.Write([]byte(`{"status":"success","data":[]}`))
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	owners, others := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(owners, "rpc.cookie"), []byte("home.cookie:crumbs\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		env, want string // the error's words, if it begins with one
		args      []string
	}{
		"the owner":          {"", "home.cookie:crumbs", []string{"--home", owners, "--api_addr", address}},
		"--token":            {"", "rig:5ec", []string{"--home", owners, "--api_addr", address, "--token", "rig:5ec"}},
		"environment":        {"rig:5ec", "rig:5ec", []string{"--home", others, "--api_addr", address}},
		"flag before it":     {"rig:5ec", "me:1", []string{"--home", others, "--api_addr", address, "--token", "me:1"}},
		"URL":                {"", "rig:5ec", []string{"--home", owners, "--api_addr", "http://rig:5ec@" + address}},
		"URL without":        {"", "home.cookie:crumbs", []string{"--home", owners, "--api_addr", "http://" + address}},
		"none":               {"", "error: --token NAME:SECRET", []string{"--home", others, "--api_addr", address}},
		"bad --token":        {"", "error: --token: expected NAME:SECRET", []string{"--home", others, "--api_addr", address, "--token", "5ec"}},
		"bad environment":    {":5ec", "error: environment TM_TOKEN: expected", []string{"--home", others, "--api_addr", address}},
		"bad URL":            {"", "error: expected host:port or http://", []string{"--home", others, "--api_addr", "ftp://rig:5ec@" + address}},
		"no host and port":   {"", "error: expected host:port", []string{"--home", others, "--api_addr", "x"}},
		"a misspelt command": {"", "error: token", []string{"--tokne", "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(tokenEnv, test.env)
			got = ""
			var out bytes.Buffer
			root := newRoot(&out, &out)
			root.SetArgs(append([]string{"blocks"}, test.args...))
			err := root.ExecuteContext(t.Context())
			if words, bad := strings.CutPrefix(test.want, "error: "); bad {
				if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "5ec") {
					t.Errorf("%v, expected an error that says %q", err, words)
				}
			} else if err != nil || got != test.want {
				t.Errorf("sent %q, %v, expected %q", got, err, test.want)
			}
		})
	}
}

// TestTheCookieStaysHere looks at hosts that are this machine, and at others.
func TestTheCookieStaysHere(t *testing.T) {
	for host, want := range map[string]bool{"127.0.0.1": true, "localhost": true, "::1": true, "192.0.2.77": false, "2001:db8::7": false, "nowhere.invalid": false} {
		if got := isHere(host); got != want {
			t.Errorf("%s is here: %v, expected %v", host, got, want)
		}
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if ip := a.(*net.IPNet).IP; !isHere(ip.String()) {
			t.Errorf("%v is not here", ip)
		}
	}
}
