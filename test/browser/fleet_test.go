package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// ofFleet stands before a node, and has its page say what that of a front, or of a node with
// fronts, does: these are other processes, an engine among them.
func ofFleet(t *testing.T, n *shownNode, front, fronts string) *shownNode {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: n.address})
	words := strings.NewReplacer(`"front":null`, `"front":`+front, `"fronts":null`, `"fronts":`+fronts)
	proxy.ModifyResponse = func(r *http.Response) error {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "text/event-stream") {
			r.Body = rewritten(r.Body, words)
		}
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	shown := *n
	shown.address = server.Listener.Addr().String()
	return &shown
}

// TestTheFleetIsShown: a front's page has its nodes and what it keeps, and nothing that only a
// chain has; a node's has its fronts. Both fit a phone, and axe finds nothing in them.
func TestTheFleetIsShown(t *testing.T) {
	key := strings.Repeat("4a5c7ca9", 8)
	front := fmt.Sprintf(`{"key":"%[1]s","engine_away":"nats: no servers available for connection","shares_kept":12345,"split":true,"nodes":[`+
		`{"key":"%[1]s","silent_seconds":0.5,"served":true,"height":412345,"why":""},`+
		`{"key":"%[1]s","silent_seconds":1.5,"served":false,"height":412345,"why":""},`+
		`{"key":"%[1]s","silent_seconds":1.5,"served":false,"height":0,"why":"no work can be handed out: syncing"},`+
		`{"key":"%[1]s","silent_seconds":40,"served":false,"height":412345,"why":""},`+
		`{"key":"%[1]s","silent_seconds":null,"served":false,"height":0,"why":""}]}`, key)
	fronts := fmt.Sprintf(`[{"name":"a long name of a hall behind the hill","key":"%[1]s","seen":"2026-01-05T14:03:11Z","entries":123456789,"blocks":1},`+
		`{"name":"shed","key":"%[1]s","seen":null,"entries":0,"blocks":0}]`, key)
	n := startNode(t)
	n.mine(t, 1)
	source, browser := axe(t), newBrowser(t)
	for name, shown := range map[string]*shownNode{"front": ofFleet(t, n, front, "null"), "node": ofFleet(t, n, "null", fronts)} {
		for width, theme := range map[int64]string{360: "dark", 1280: "light"} {
			t.Run(fmt.Sprint(name, " ", width), func(t *testing.T) {
				p := newTab(t, browser, width, theme)
				p.open(shown)
				has, lacks := []string{"12,345 shares and logins", "no servers available", "rigs have its work", "in reserve", "syncing", "silent for", "not heard of yet"}, []string{"Peers", "dashboard", "--mining"}
				if name == "node" {
					has, lacks = []string{"behind the hill", "123,456,789 shares and logins booked, 1 block,", "not heard of since the start", "Peers", "dashboard"}, []string{"Kept here"}
				}
				p.await(patience, `document.querySelectorAll(".watched").length > 1`)
				text := value[string](p, `document.body.innerText`)
				for _, each := range has {
					if !strings.Contains(text, each) {
						t.Errorf("the page has no %q:\n%s", each, text)
					}
				}
				for _, each := range lacks {
					if strings.Contains(text, each) {
						t.Errorf("the page has %q", each)
					}
				}
				p.do(openAll)
				checkFits(p)
				value[bool](p, source+"; true")
				checkAxe(p)
				p.checkSilent(shown)
			})
		}
	}
}
