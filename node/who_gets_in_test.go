package node

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"
)

// door is who may use a route.
type door string

const (
	byToken     door = "this machine, a token" // What is not named in otherDoors.
	thisMachine door = "this machine"
	everybody   door = "everybody"
	ownersDoor  door = "everybody while blocks are split, else as others"
)

// otherDoors are those of the routes that are not behind a token alone. Each new one is a decision.
var otherDoors = map[string]door{
	"/backup-wallet": thisMachine, "/restore-wallet": thisMachine, "/list-access-tokens": thisMachine,
	"GET, HEAD /": everybody, "/dashboard/…": everybody, "/equity/…": everybody, "/dashboard/": everybody, "/equity/": everybody,
	OwnerStatsPrefix + "{address}":                       ownersDoor,
	OwnerPagePrefix + "{address:" + addressPattern + "}": ownersDoor,
	OwnerPagePrefix + "owner.js":                         ownersDoor, OwnerPagePrefix + "page.css": ownersDoor, OwnerPagePrefix + "licences.txt": ownersDoor,
}

// askers are who may ask, and whether each door lets it in.
var askers = []struct {
	name   string
	from   string
	edit   func(r *http.Request, token, cookie string)
	in     map[door]bool
	status int // of a refusal
}{
	{"this machine", "127.0.0.1:5000", nil, map[door]bool{byToken: true, thisMachine: true, everybody: true, ownersDoor: true}, 401},
	{"this machine by IPv6", "[::1]:5000", nil, map[door]bool{byToken: true, thisMachine: true, everybody: true, ownersDoor: true}, 401},
	{"another without a token", "192.168.1.9:5000", nil, map[door]bool{everybody: true, ownersDoor: true}, 401},
	{"another with a wrong token", "192.168.1.9:5000", func(r *http.Request, token, _ string) { setUser(r, token+"0") }, map[door]bool{everybody: true, ownersDoor: true}, 401},
	{"another with a token", "192.168.1.9:5000", func(r *http.Request, token, _ string) { setUser(r, token) }, map[door]bool{byToken: true, everybody: true, ownersDoor: true}, 401},
	{"another with the cookie", "192.168.1.9:5000", func(r *http.Request, _, cookie string) { setUser(r, cookie) }, map[door]bool{byToken: true, thisMachine: true, everybody: true, ownersDoor: true}, 401},
	{"another with a wrong cookie", "192.168.1.9:5000", func(r *http.Request, _, cookie string) { setUser(r, cookie+"0") }, map[door]bool{everybody: true, ownersDoor: true}, 401},
	{"a foreign page on this machine", "127.0.0.1:5000", func(r *http.Request, _, _ string) { r.Header.Set("Origin", "http://evil.example") }, nil, 403},
	{"a foreign page with a token", "192.168.1.9:5000", func(r *http.Request, token, _ string) {
		setUser(r, token)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}, nil, 403},
	{"a page whose name was made to lead here", "127.0.0.1:5000", func(r *http.Request, _, _ string) {
		r.Host = "evil.example:9888"
		r.Header.Set("Origin", "http://evil.example:9888")
	}, nil, 403},
}

func setUser(r *http.Request, pair string) {
	name, secret, _ := strings.Cut(pair, ":")
	r.SetBasicAuth(name, secret)
}

// routeRow is a route as the table has it.
type routeRow struct {
	path    string // with … behind a prefix
	methods string // empty is any
	ask     string // a path that it answers, by method
	method  string
}

// pathVariable is a part of a path's template that stands for others, and $1 its name.
var pathVariable = regexp.MustCompile(`(\{[^:}]*)(?::(?:[^{}]|\{[^}]*\})*)?\}`)

// door is who may use it.
func (r routeRow) door() door {
	if d, ok := otherDoors[strings.TrimSpace(r.methods+" "+r.path)]; ok {
		return d
	}
	return cmp.Or(otherDoors[r.path], byToken)
}

// routeRows are all routes of a node: those of its router, which it walks, and the stock API's.
func routeRows(t *testing.T, n *wholeNode) []routeRow {
	t.Helper()
	rows := make(map[string]routeRow)
	add := func(r routeRow) {
		r.ask = pathVariable.ReplaceAllString(strings.TrimSuffix(r.path, "…"), "sm1qaddress")
		r.method = http.MethodPost
		if strings.HasPrefix(r.methods, http.MethodGet) {
			r.method = http.MethodGet
		}
		rows[r.methods+" "+r.path] = r
	}
	err := newRouter(n.bytom.api, n.miner, append(n.routes(), n.registerWallet)...).Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		if err != nil {
			return err
		}
		expression, err := route.GetPathRegexp()
		if err != nil {
			return err
		}
		if path == "/" && !strings.HasSuffix(expression, "$") {
			return nil // Behind it are the stock API's, which follow.
		}
		if !strings.HasSuffix(expression, "$") {
			path += "…"
		}
		methods, _ := route.GetMethods() // None is any.
		add(routeRow{path: path, methods: strings.Join(methods, ", ")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stockRoutesOfSource(t) {
		if !slices.ContainsFunc(slices.Collect(maps.Values(rows)), func(r routeRow) bool { return strings.TrimSuffix(r.path, "…") == path }) {
			add(routeRow{path: path})
		}
	}
	return slices.SortedFunc(maps.Values(rows), func(a, b routeRow) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.methods, b.methods)) })
}

// splittingNode is a node that splits blocks, so that owners have a page, with all routes, and an
// access token of it.
func splittingNode(t *testing.T) (n *wholeNode, token string) {
	t.Helper()
	config := soloConfig(home(t))
	withPayouts(t, config)
	config.Solonet.Tools, config.Mining.Devices, config.Bytom.DBBackend = true, "none", "memdb"
	n, _ = newWholeNode(t, config)
	made, err := n.bytom.tokens.Create("shed", "client")
	if err != nil {
		t.Fatal(err)
	}
	return n, made.Token
}

// TestWhoGetsIn asks each route as each caller would, at the node's own doors, behind which nothing is
// done, and holds the answers against the route's row.
func TestWhoGetsIn(t *testing.T) {
	n, token := splittingNode(t)
	rows := routeRows(t, n)
	for path := range otherDoors {
		if !slices.ContainsFunc(rows, func(r routeRow) bool { return r.path == path || r.methods+" "+r.path == path }) &&
			path != "/dashboard/" && path != "/equity/" {
			t.Errorf("%s is a route of nobody's", path)
		}
	}
	for _, split := range []bool{true, false} {
		for _, disabled := range []bool{false, true} {
			who, err := n.access()
			if err != nil {
				t.Fatal(err)
			}
			who.auth.disabled, who.auth.ownersRead = disabled, split
			server := newServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }), who)
			for _, row := range rows {
				d := row.door()
				if d == ownersDoor && !split {
					d = byToken
				}
				for _, c := range askers {
					want := c.status
					if c.in[d] || disabled && c.status == http.StatusUnauthorized && d != thisMachine {
						want = http.StatusTeapot
					}
					r := httptest.NewRequest(row.method, row.ask, strings.NewReader("{}"))
					r.Host, r.RemoteAddr = "127.0.0.1:9888", c.from
					if c.edit != nil {
						c.edit(r, token, cookieName+":"+n.cookie)
					}
					w := httptest.NewRecorder()
					if server.Handler.ServeHTTP(w, r); w.Code != want {
						t.Errorf("%s %s (%s), auth.disable %v, blocks split %v: %s gets %d, expected %d: %.100s", row.method, row.ask, row.door(), disabled, split, c.name, w.Code, want, w.Body)
					}
				}
			}
		}
	}
}

// TestTheTableOfRoutes is docs/who-gets-in.md's: BYTOM_SOLO_WRITE_DOCS=1 writes it anew.
func TestTheTableOfRoutes(t *testing.T) {
	n, _ := splittingNode(t)
	var table strings.Builder
	table.WriteString("| route | called by | what it does | who may use it |\n|---|---|---|---|\n")
	for _, r := range routeRows(t, n) {
		does, methods := "reads", cmp.Or(r.methods, "any method")
		switch {
		case changingRoutes[r.path] != changesNothing:
			does, methods = "changes", "POST"
		case r.methods == http.MethodPost:
			does = "what its method is for" // JSON-RPC.
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", pathVariable.ReplaceAllString(r.path, "$1}"), methods, does, r.door())
	}
	const page, begin, end = "../docs/who-gets-in.md", "<!-- The routes, by go test ./node -run TableOfRoutes -->\n\n", "\n<!-- End of the routes -->"
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(raw), begin)
	old, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the table", page)
	}
	if old == table.String() {
		return
	}
	if os.Getenv("BYTOM_SOLO_WRITE_DOCS") == "" {
		t.Fatalf("the routes are others than %s has, which BYTOM_SOLO_WRITE_DOCS=1 writes anew; expected\n%s", page, &table)
	}
	if err := os.WriteFile(page, []byte(before+begin+table.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// askedRoute is a route with what it answers to whom it lets in.
type askedRoute struct {
	door                door
	method, route, body string
	status              int
	has                 string // of an answer that is one
}

func routesOfEachKind(t *testing.T, token string) []askedRoute {
	t.Helper()
	return []askedRoute{
		{byToken, "POST", "/net-info", "{}", 200, "peer_count"},
		{byToken, "POST", "/set-coinbase-arbitrary", `{"arbitrary":"6d61726b6564"}`, 200, "6d61726b6564"},
		{byToken, "POST", "/", `{"method":"getblockcount","id":1}`, 200, `"result":0`},
		{byToken, "GET", MetricsRoute, "", 200, "bytom_solo_"},
		{byToken, "GET", PageRoute, "", 200, "<html"},
		{byToken, "GET", StatusRoute, "", 200, "solonet"},
		{byToken, "GET", "/websocket-subscribe", "", 101, ""},
		{byToken, "GET", "/nowhere", "", 404, "no route"},
		{thisMachine, "POST", "/list-access-tokens", "{}", 200, token},
		{everybody, "GET", "/", "", 302, ""},
		{everybody, "GET", "/dashboard/", "", 200, "<!doctype html"},
		{ownersDoor, "GET", OwnerStatsPrefix + addressOf(t, 1), "", 404, "logged in with"},
		{ownersDoor, "GET", OwnerPagePrefix + addressOf(t, 1), "", 200, "<html"},
	}
}

// TestEachDoorIsAsked asks a route of each kind over TCP as each asker would, and behind the doors is
// the node itself: what is refused answers nothing and changes nothing.
func TestEachDoorIsAsked(t *testing.T) {
	n, token := splittingNode(t)
	if err := n.bytom.websockets.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.bytom.websockets.Shutdown(); n.bytom.websockets.WaitForShutdown() })
	const from = "From-Address"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = r.Header.Get(from)
		n.server.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	client := s.Client()
	client.Timeout = 10 * time.Second
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, c := range routesOfEachKind(t, token) {
		for _, who := range askers {
			r, err := http.NewRequestWithContext(t.Context(), c.method, s.URL+c.route, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set(from, who.from)
			if c.status == http.StatusSwitchingProtocols {
				for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} {
					r.Header.Set(name, value)
				}
			}
			if who.edit != nil {
				who.edit(r, token, cookieName+":"+n.cookie)
			}
			before := n.payees.currentTag()
			answer, err := client.Do(r)
			if err != nil {
				t.Fatalf("%s: %v", who.name, err)
			}
			status, has, text := who.status, "error", ""
			if status == http.StatusUnauthorized {
				has = "BTM860"
			}
			if who.in[c.door] {
				status, has = c.status, c.has
			}
			if answer.StatusCode != http.StatusSwitchingProtocols { // That goes on.
				raw, err := io.ReadAll(answer.Body)
				if err != nil {
					t.Fatal(err)
				}
				text = string(raw)
			}
			_ = answer.Body.Close()
			if answer.StatusCode != status || !strings.Contains(text, has) || !who.in[c.door] && c.has != "" && strings.Contains(text, c.has) {
				t.Errorf("%s %s: %s gets %d %.200s, expected %d and %q", c.method, c.route, who.name, answer.StatusCode, text, status, has)
			}
			if !who.in[c.door] && !bytes.Equal(before, n.payees.currentTag()) {
				t.Errorf("%s %s: %s has changed it", c.method, c.route, who.name)
			}
		}
	}
}

// TestProfilesAreNotForPages: there is no token, so that the address is all that keeps others out.
func TestProfilesAreNotForPages(t *testing.T) {
	n, token := splittingNode(t)
	profiles, err := n.profiles("127.0.0.1:6060")
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range askers {
		want := http.StatusOK
		if who.status == http.StatusForbidden {
			want = who.status
		}
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/debug/pprof/cmdline", nil)
		r.Host, r.RemoteAddr = "127.0.0.1:6060", who.from
		if who.edit != nil {
			who.edit(r, token, cookieName+":"+n.cookie)
		}
		if profiles.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s gets %d, expected %d", who.name, w.Code, want)
		}
	}
}

// TestAFrontHasRoutesOfTheNodes: a front has no table of its own.
func TestAFrontHasRoutesOfTheNodes(t *testing.T) {
	n, _ := splittingNode(t)
	known := make(map[string]bool)
	for _, r := range routeRows(t, n) {
		known[r.path] = true
	}
	var f Front
	f.config, f.found, f.metrics, f.events = n.config, n.found, n.metrics, n.station.events
	router, count := mux.NewRouter(), 0
	for _, add := range f.routes() {
		add(router)
	}
	err := router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		if count++; !known[path] {
			t.Errorf("%s is no route of a node's", path)
		}
		return err
	})
	if err != nil || count < 15 {
		t.Errorf("%d routes, %v", count, err)
	}
}
