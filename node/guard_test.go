package node

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// guarded is what a guard of a listen address makes of a request.
func guarded(t *testing.T, hosts, listen string, r *http.Request) int {
	t.Helper()
	g, err := newGuard(hosts, listen, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	g.addresses = func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.IPv4(192, 168, 1, 5), Mask: net.CIDRMask(24, 32)}, &net.IPNet{IP: net.ParseIP("fd00::5"), Mask: net.CIDRMask(64, 128)}}, nil
	}
	w := httptest.NewRecorder()
	g.before(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })).ServeHTTP(w, r)
	return w.Code
}

// TestTheHostMustBeTheNodes asks by names that are the node's and by others, which a page
// may have had lead here.
func TestTheHostMustBeTheNodes(t *testing.T) {
	for _, test := range []struct {
		host, hosts, listen string
		want                int
	}{
		{"localhost", "", "", 200}, {"localhost:9888", "", "", 200}, {"LocalHost.:9888", "", "", 200},
		{"127.0.0.1:9888", "", "", 200}, {"127.1.2.3:80", "", "", 200}, {"[::1]:9888", "", "", 200}, {"[::1]", "", "", 200},
		{"[::ffff:127.0.0.1]:9888", "", "", 200}, {"::1", "", "", 200},
		{"192.168.1.5:9888", "", "", 200}, {"192.168.1.5", "", "", 200}, {"[fd00::5]:9888", "", "", 200}, {"[FD00:0::5]:9888", "", "", 200},
		{"10.7.7.7:9888", "", "", 200}, // What the connection came in by.
		{"", "", "", 200},              // HTTP/1.0.

		{"evil.example:9888", "", "", 403}, {"evil.example", "", "", 403}, {"192.168.1.6:9888", "", "", 403}, {"[fd00::6]:9888", "", "", 403},
		{"localhost.evil.example:9888", "", "", 403}, {"evil.localhost:9888", "", "", 403}, {"127.0.0.1.evil.example", "", "", 403},
		{"evil.example:127.0.0.1:9888", "", "", 403}, {"[::1].evil.example:9888", "", "", 403}, {"localhost@evil.example", "", "", 403},
		{"miner", "", "", 403}, {"0.0.0.0:9888", "", "127.0.0.1:9888", 403}, {".", "", "", 403},

		{"0.0.0.0:9888", "", "0.0.0.0:9888", 200}, {"[::]:9888", "", ":9888", 200}, {"[::]:9888", "", "192.168.1.5:9888", 403},
		{"miner.lan:9888", "", "miner.lan:9888", 200}, {"172.16.0.9", "", "172.16.0.9:9888", 200},
		{"miner.lan:9888", "miner.lan", "", 200}, {"miner.lan:1234", "miner.lan", "", 200}, {"MINER.lan.", "other, Miner.Lan.", "", 200},
		{"sub.miner.lan", "miner.lan", "", 403}, {"xminer.lan", "miner.lan", "", 403}, {"node.example", "https://node.example", "", 200},
		{"203.0.113.9:9888", "203.0.113.9", "", 200}, {"[2001:db8::9]:9888", "[2001:db8::9]", "", 200}, {"[2001:db8::9]:9888", "2001:DB8:0::9", "", 200},
	} {
		r := httptest.NewRequest(http.MethodPost, "/get-work", nil)
		r.Host = test.host
		local := &net.TCPAddr{IP: net.IPv4(10, 7, 7, 7), Port: 9888}
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(local)))
		if got := guarded(t, test.hosts, test.listen, r); got != test.want {
			t.Errorf("Host %q, rpc.hosts %q, listening on %q: %d, expected %d", test.host, test.hosts, test.listen, got, test.want)
		}
	}
}

// TestThePageMustBeTheNodes asks as browsers do, for pages of the node's and of others.
func TestThePageMustBeTheNodes(t *testing.T) {
	const own, lan = "127.0.0.1:9888", "192.168.1.5:9888"
	for name, test := range map[string]struct {
		method, host, hosts string
		header              map[string]string
		want                int
	}{
		"no browser":                    {"POST", own, "", nil, 200},
		"the dashboard":                 {"POST", own, "", map[string]string{"Origin": "http://" + own, "Sec-Fetch-Site": "same-origin"}, 200},
		"the dashboard on the LAN":      {"POST", lan, "", map[string]string{"Origin": "http://" + lan}, 200},
		"an old browser's dashboard":    {"GET", own, "", map[string]string{"Origin": "http://" + own}, 200},
		"typed in":                      {"GET", own, "", map[string]string{"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200},
		"a link of another page":        {"GET", own, "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200},
		"a proxy that changes the Host": {"POST", own, "", map[string]string{"Origin": "https://node.example", "Sec-Fetch-Site": "same-origin"}, 200},

		"another page":                 {"POST", own, "", map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403},
		"an old browser's other page":  {"POST", own, "", map[string]string{"Origin": "http://evil.example"}, 403},
		"a sandboxed page":             {"POST", own, "", map[string]string{"Origin": "null"}, 403},
		"another port of this machine": {"POST", own, "", map[string]string{"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "same-site"}, 403},
		"another name of this machine": {"POST", own, "", map[string]string{"Origin": "http://localhost:9888"}, 403},
		"a sibling's subdomain":        {"POST", "node.example", "node.example", map[string]string{"Origin": "https://blog.node.example", "Sec-Fetch-Site": "same-site"}, 403},
		"no origin, but a browser":     {"POST", own, "", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"a form's POST":                {"POST", own, "", map[string]string{"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403},
		"PUT":                          {"PUT", own, "", map[string]string{"Origin": "http://evil.example"}, 403},
		"a preflight":                  {"OPTIONS", own, "", map[string]string{"Origin": "http://evil.example"}, 403},
		"a websocket":                  {"GET", own, "", map[string]string{"Origin": "http://evil.example", "Upgrade": "websocket"}, 403},
		"a websocket's own mark":       {"GET", own, "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "websocket"}, 403},
		"an image":                     {"GET", own, "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403},
		"a frame":                      {"GET", own, "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403},
		"a rebound name":               {"POST", "evil.example:9888", "", map[string]string{"Origin": "http://evil.example:9888", "Sec-Fetch-Site": "same-origin"}, 403},
		"a rebound name's GET":         {"GET", "evil.example:9888", "", nil, 403},

		"a listed origin":                  {"POST", own, "https://node.example", map[string]string{"Origin": "https://node.example", "Sec-Fetch-Site": "cross-site"}, 200},
		"a listed origin, an old browser":  {"POST", own, "x, HTTP://Node.Example:8080", map[string]string{"Origin": "http://node.example:8080"}, 200},
		"a listed origin's other port":     {"POST", own, "http://node.example:8080", map[string]string{"Origin": "http://node.example"}, 403},
		"a listed origin's other scheme":   {"POST", own, "https://node.example", map[string]string{"Origin": "http://node.example"}, 403},
		"a listed name is no other origin": {"POST", "miner.lan:9888", "miner.lan", map[string]string{"Origin": "http://miner.lan"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, "/get-block-count", nil)
			r.Host = test.host
			for key, value := range test.header {
				r.Header.Set(key, value)
			}
			if got := guarded(t, test.hosts, "", r); got != test.want {
				t.Errorf("%d, expected %d", got, test.want)
			}
		})
	}
}

// TestARefusalSaysWhatAndHow reads the answers and the log of refusals.
func TestARefusalSaysWhatAndHow(t *testing.T) {
	log := &lockedBuffer{}
	g, err := newGuard("", "127.0.0.1:9888", slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	h := g.before(http.NotFoundHandler())
	for _, test := range []struct{ host, origin, method, want string }{
		{"evil.example", "", "POST", "rpc.hosts"}, {"localhost", "http://evil.example", "POST", "another origin (http://evil.example)"},
		{"localhost", "", "GET", "/set-mining changes something, and is called by POST"},
	} {
		for range 3 {
			w, r := httptest.NewRecorder(), httptest.NewRequest(test.method, "/set-mining", nil)
			r.Host = test.host
			if test.origin != "" {
				r.Header.Set("Origin", test.origin)
			}
			h.ServeHTTP(w, r)
			if body := w.Body.String(); !strings.Contains(body, test.want) || !strings.Contains(body, `"status":"fail"`) {
				t.Errorf("%+v: %d %s", test, w.Code, body)
			}
		}
	}
	if text := log.String(); strings.Count(text, "level=WARN") != 3 || strings.Contains(text, "ERROR") {
		t.Errorf("expected each refusal once:\n%s", text)
	}
}

func TestHostsAreChecked(t *testing.T) {
	for hosts, good := range map[string]bool{
		"": true, "miner": true, "miner.lan, node.example,": true, "10.0.0.1": true, "[fd00::1]": true, "https://node.example": true,
		"http://[fd00::1]:9888": true, "my_node-1.lan": true,
		"*": false, "*.lan": false, "miner.lan:9888": false, "miner lan": false, "https://node.example/": false, "https://node.example/x": false,
		"https://u:p@node.example": false, "http://": false, "://x": false, "-x": false, "münchen.example": false, "10.0.0.1:80": false,
	} {
		config := NewConfig()
		config.Bytom.ChainID, config.RPC.Hosts = "solonet", hosts
		err := config.check()
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "key rpc.hosts") {
			t.Errorf("rpc.hosts %q: %v, expected good %v", hosts, err, good)
		}
	}
}
