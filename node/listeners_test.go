package node

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// listening is what a program listens by.
var listening = regexp.MustCompile(`\b(net\.Listen(?:Packet|UDP|TCP|MulticastUDP)?|tls\.Listen|ListenAndServe(?:TLS)?|NewSwitch|server\.NewServer|zeroconf\.Register|mdns\.New\w*)\(`)

// listeners are all places that listen, each with its rows of docs/who-gets-in.md; none is one that
// looks whether a port is free.
var listeners = map[string][]string{
	"cmd/bytom-solo/rig.go":      {"a rig's status"},
	"fleet/natsserver/server.go": {"fronts"},
	"node/bytom.go":              {"peers", "search for peers", "peers on the LAN"},
	"node/http_port.go":          {"RPC, page, websocket", "a front's figures"},
	"node/ports.go":              nil,
	"node/serve.go":              {"profiles"},
	"node/stratum.go":            {"rigs (Stratum)"},
	"testnet/place.go":           nil,
	"testnet/test_node.go":       nil,
	"node/stratum_announce.go":   {"rigs' port announced"},
}

// TestEveryListenerHasARow looks for what listens in all that this project has.
func TestEveryListenerHasARow(t *testing.T) {
	raw, err := os.ReadFile("../docs/who-gets-in.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	err = filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "harness") {
			return err
		}
		code, err := os.ReadFile(path)
		name := strings.TrimPrefix(filepath.ToSlash(path), "../")
		if listening.Match(code) {
			seen[name] = true
			for _, row := range listeners[name] {
				if !strings.Contains(string(raw), "\n| "+row+" |") {
					t.Errorf("%s: docs/who-gets-in.md has no row %q", name, row)
				}
			}
			if _, known := listeners[name]; !known {
				t.Errorf("%s listens by %s, and has no row in docs/who-gets-in.md", name, listening.Find(code))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(seen)), slices.Sorted(maps.Keys(listeners)); !slices.Equal(got, want) {
		t.Errorf("%v listen, expected %v", got, want)
	}
	// The defaults that the rows name are the options'.
	front := pflag.NewFlagSet("", pflag.ContinueOnError)
	NewConfig().RegisterFront(front)
	if f := front.Lookup("api_addr"); f == nil || f.DefValue != "127.0.0.1:9889" {
		t.Errorf("a front's api_addr is %v by default", f)
	}
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	NewConfig().Register(fs)
	for option, value := range map[string]string{
		"api_addr": "127.0.0.1:9888", "stratum.listen": "", "p2p.laddr": "tcp://0.0.0.0:46656", "p2p.lan_discoverable": "true", "prof_laddr": "",
		"stratum.mdns": "false", "engine": "", "engine.listen": "0.0.0.0:4222", "p2p.max_num_peers": "50", "p2p.handshake_timeout": "30",
		"stratum.max-sessions": "4096", "ws.max_num_websockets": "25", "p2p.skip_upnp": "false",
	} {
		f := fs.Lookup(option)
		if f == nil || f.DefValue != value || !strings.Contains(string(raw), "`"+option+"`") || value != "" && value != "true" && value != "false" && !strings.Contains(string(raw), strings.TrimPrefix(value, "tcp://")) {
			t.Errorf("%s is %v by default, expected %q, and docs/who-gets-in.md to have it", option, f, value)
		}
	}
}
