package node

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/mux"

	"github.com/bytom-solo/bytom-solo/gbt"
)

// reading are the routes that change nothing: a new one is either here or in changing.
var reading = []string{
	"/list-accounts", "/list-addresses", "/validate-address", "/list-pubkeys", "/get-mining-address", "/get-coinbase-arbitrary",
	"/get-asset", "/list-assets", "/list-keys", "/check-key-password", "/get-transaction", "/list-transactions", "/list-balances",
	"/list-unspent-outputs", "/decode-program", "/backup-wallet", "/wallet-info", "/error", "/list-access-tokens", "/check-access-token",
	"/get-transaction-feed", "/list-transaction-feeds", "/estimate-transaction-gas", "/estimate-chain-transaction-gas",
	"/get-unconfirmed-transaction", "/list-unconfirmed-transactions", "/decode-raw-transaction", "/get-block", "/get-raw-block",
	"/get-block-hash", "/get-block-header", "/get-block-count", "/get-difficulty", "/get-hash-rate", "/is-mining", "/verify-message",
	"/compile", "/gas-rate", "/net-info", "/list-peers", "/get-merkle-proof", "/websocket-subscribe",
	// Work that is not solved changes nothing.
	"/get-work", "/get-work-json", "/get-block-template", "/getblocktemplate",
	"/mining-info", "/list-overrides", "/explain-template", FoundBlocksRoute, FoundBlockRoute, RigsRoute, MetricsRoute, OpenAPIRoute, APIRoute, HomeRoute,
	PayoutStatsRoute, OwnerStatsPrefix + "{address}", PayoutOwnersRoute, ExplainPayoutRoute, VerifyPayoutsRoute, ExportPayoutsRoute, PreviewPayoutsRoute, UnsignedPayoutsRoute,
	"/dashboard/", "/equity/",
	"/", gbt.WalletRoute + "{name:.*}", // By POST alone: JSON-RPC.
	EventsRoute, "/mining", PageRoute, PageRoute + "page.js", PageRoute + "worker.js", PageRoute + "page.css", PageRoute + "licences.txt",
	OwnerPagePrefix + "{address:" + addressPattern + "}", OwnerPagePrefix + "owner.js", OwnerPagePrefix + "page.css", OwnerPagePrefix + "licences.txt",
	"/mining/api", StatusRoute, StatsRigsRoute, StatsBlocksRoute, SeriesRoute, WidgetRoute,
}

// stockRoutesOfSource are those that the stock API's source registers.
func stockRoutesOfSource(t *testing.T) []string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/bytom/bytom").Output()
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "api", "api.go"))
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, m := range regexp.MustCompile(`(?:m|mux)\.Handle(?:Func)?\("([^"]+)"`).FindAllSubmatch(source, -1) {
		routes = append(routes, string(m[1]))
	}
	if len(routes) < 80 {
		t.Fatalf("%d routes found in the stock API's source: %v", len(routes), routes)
	}
	return routes
}

// allRoutes are those of a node's router and the stock API's.
func allRoutes(t *testing.T, n *wholeNode) []string {
	t.Helper()
	routes := make(map[string]bool)
	for _, route := range stockRoutesOfSource(t) {
		routes[route] = true
	}
	err := newRouter(n.bytom.api, n.miner, n.routes()...).Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		routes[path] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(routes))
}

func newToolsNode(t *testing.T) *wholeNode {
	t.Helper()
	config := soloConfig(home(t))
	config.Solonet.Tools = true
	config.Mining.Devices = "none"
	n, _ := newWholeNode(t, config)
	return n
}

func TestEveryRouteIsKnownToTheGuard(t *testing.T) {
	routes := allRoutes(t, newToolsNode(t))
	for _, route := range routes {
		if changes, reads := changingRoutes[route] != changesNothing, slices.Contains(reading, route); changes == reads {
			t.Errorf("%s: in changing %v, in reading %v, expected one of the two", route, changes, reads)
		}
	}
	for _, list := range [][]string{reading, slices.Collect(maps.Keys(changingRoutes))} {
		for _, route := range list {
			if !slices.Contains(routes, route) {
				t.Errorf("%s is a route of nobody's", route)
			}
		}
	}
}

// TestNoPageDrivesTheNode calls all routes as web pages can: nothing changes, and
// nothing is answered but a refusal. Authentication comes later, so also from elsewhere.
func TestNoPageDrivesTheNode(t *testing.T) {
	n := newToolsNode(t)
	payee, other := addressOf(t, 1), addressOf(t, 2)
	n.ask(t, "/set-mining-address", `{"mining_address":"`+payee+`"}`, new(miningAddress))
	body := `{"mining_address":"` + other + `","is_mining":true,"arbitrary":"aa","id":"thief","type":"client","blocks":1}`
	for _, route := range append(allRoutes(t, n), "/nowhere", "/dashboard/index.html", "//set-mining", "/set-mining/") {
		for name, edit := range map[string]func(*http.Request){
			"foreign Origin":         func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
			"foreign Sec-Fetch-Site": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
			"rebound Host": func(r *http.Request) {
				r.Host = "evil.example:9888"
				r.Header.Set("Origin", "http://evil.example:9888")
			},
		} {
			for _, method := range []string{"POST", "GET", "HEAD", "OPTIONS", "PUT"} {
				for _, from := range []string{"127.0.0.1:5000", "192.168.1.9:5000"} {
					r := httptest.NewRequest(method, route, strings.NewReader(body))
					r.Host, r.RemoteAddr = "127.0.0.1:9888", from
					edit(r)
					w := httptest.NewRecorder()
					n.server.Handler.ServeHTTP(w, r)
					if w.Code != http.StatusForbidden {
						t.Errorf("%s, %s %s from %s: %d %.200s", name, method, route, from, w.Code, w.Body)
					}
				}
			}
		}
	}
	var address miningAddress
	n.ask(t, "/get-mining-address", "{}", &address)
	tokens, err := n.bytom.tokens.List()
	if address.Address != payee || n.miner.Mining() || len(n.payees.currentTag()) > 0 || len(tokens) > 0 || err != nil || n.bytom.chain.BestBlockHeight() > 0 {
		t.Errorf("changed: %s, mining %v, tag %x, tokens %v %v", address.Address, n.miner.Mining(), n.payees.currentTag(), tokens, err)
	}
}

// TestNothingChangesByGET calls all routes that change something by the methods that
// browsers take for harmless.
func TestNothingChangesByGET(t *testing.T) {
	n := newToolsNode(t)
	for route := range changingRoutes {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE"} {
			w, r := httptest.NewRecorder(), httptest.NewRequest(method, route, strings.NewReader(`{"blocks":1}`))
			fromLoopback(n.server.Handler).ServeHTTP(w, r)
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
				t.Errorf("%s %s: %d, Allow %q: %.200s", method, route, w.Code, w.Header().Get("Allow"), w.Body)
			}
		}
	}
	if h := n.bytom.chain.BestBlockHeight(); h > 0 {
		t.Errorf("%d blocks were mined", h)
	}
	// What reads is answered as before, and so are those that follow a link.
	for _, route := range []string{"/net-info", "/get-block-count", RigsRoute, MetricsRoute, "/dashboard/", OpenAPIRoute} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, route, nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Sec-Fetch-Mode", "navigate")
		r.Header.Set("Sec-Fetch-Dest", "document")
		fromLoopback(n.server.Handler).ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("GET %s: %d %.200s", route, w.Code, w.Body)
		}
	}
}

// TestCallsAreLogged makes calls of the stock node's routes that change something, of
// which one fails.
func TestCallsAreLogged(t *testing.T) {
	n := newToolsNode(t)
	var token struct{ Token string }
	if detail := n.ask(t, "/create-access-token", `{"id":"rig","type":"client"}`, &token); detail != "" {
		t.Fatal(detail)
	}
	n.ask(t, "/delete-key", `{"xpub":"00","password":"hunter2"}`, new(json.RawMessage))
	n.ask(t, "/net-info", `{}`, new(json.RawMessage))
	log := n.log.String()
	_, secret, _ := strings.Cut(token.Token, ":")
	if strings.Count(log, "changed over RPC") != 1 || !strings.Contains(log, "route=/create-access-token by=127.0.0.1:5000") ||
		secret == "" || strings.Contains(log, secret) || strings.Contains(log, "hunter2") {
		t.Errorf("the log:\n%s", log)
	}
}
