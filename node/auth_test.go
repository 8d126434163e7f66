package node

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bytom/bytom/accesstoken"
	"github.com/bytom/bytom/api"
	dbm "github.com/bytom/bytom/database/leveldb"
)

// TestAuthenticationIsTheStockNodes asks from loopback and from elsewhere, with and
// without a token, and compares with the stock node's handler what it has too.
func TestAuthenticationIsTheStockNodes(t *testing.T) {
	tokens := accesstoken.NewStore(dbm.NewMemDB())
	token, err := tokens.Create("rig", "client")
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := strings.Cut(token.Token, ":")
	const lan = "192.168.1.2:5000"
	for _, test := range []struct {
		name, from, route string
		user, password    string
		disabled          bool
		want              int
	}{
		{"loopback", "127.0.0.1:5000", "/get-work", "", "", false, 200},
		{"IPv6 loopback", "[::1]:5000", "/get-work", "", "", false, 200},
		{"loopback with a wrong token", "127.0.0.1:5000", "/get-work", user, "00", false, 200},
		{"LAN without a token", lan, "/get-work", "", "", false, 401},
		{"LAN with a wrong token", lan, "/get-work", user, "00", false, 401},
		{"LAN with a bad name", lan, "/get-work", "a.b", "00", false, 401},
		{"LAN with a token", lan, "/get-work", user, password, false, 200},
		{"LAN, disabled", lan, "/get-work", "", "", true, 200},
		{"LAN, the dashboard", lan, "/dashboard/index.html", "", "", false, 200},
		{"LAN, equity", lan, "/equity", "", "", false, 200},
		{"LAN, not quite the dashboard", lan, "/dashboards", "", "", false, 401},
		{"LAN with a token, the keys", lan, "/backup-wallet", user, password, false, 401},
		{"LAN with a token, restore", lan, "/restore-wallet", user, password, false, 401},
		{"LAN, disabled, the tokens", lan, "/list-access-tokens", "", "", true, 401},
		{"loopback, the keys", "127.0.0.1:5000", "/backup-wallet", "", "", false, 200},
		{"LAN with the cookie", lan, "/get-work", cookieName, "crumbs", false, 200},
		{"LAN with the cookie, the tokens", lan, "/list-access-tokens", cookieName, "crumbs", false, 200},
		{"LAN with another cookie", lan, "/get-work", cookieName, "crumb", false, 401},
		{"LAN with an empty cookie", lan, "/get-work", cookieName, "", false, 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			route := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
			ask := func(h http.Handler) *httptest.ResponseRecorder {
				req := httptest.NewRequest(http.MethodPost, test.route, nil)
				req.RemoteAddr, req.Host = test.from, "127.0.0.1:9888"
				if test.user != "" {
					req.SetBasicAuth(test.user, test.password)
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, req)
				return w
			}
			ours := ask(newServer(route, newAccess(t, "", &authenticator{tokens: tokens, disabled: test.disabled, cookie: "crumbs"})).Handler)
			if ours.Code != test.want {
				t.Errorf("status %d, expected %d: %s", ours.Code, test.want, ours.Body)
			}
			stock := ask(api.AuthHandler(route, tokens, test.disabled))
			if (test.user != cookieName || test.want != 200) && (stock.Code != ours.Code || stock.Body.String() != ours.Body.String()) {
				t.Errorf("%d %s, the stock node answers %d %s", ours.Code, ours.Body, stock.Code, stock.Body)
			}
		})
	}
}

// TestADeletedTokenIsWorthNothing uses a token, deletes it and uses it again.
func TestADeletedTokenIsWorthNothing(t *testing.T) {
	tokens := accesstoken.NewStore(dbm.NewMemDB())
	token, err := tokens.Create("rig", "client")
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := strings.Cut(token.Token, ":")
	a := &authenticator{tokens: tokens}
	if !a.valid(user, password) {
		t.Error("the token is refused")
	}
	if err := tokens.Delete("rig"); err != nil {
		t.Fatal(err)
	}
	if a.valid(user, password) {
		t.Error("the deleted token is taken")
	}
	if a.valid(cookieName, "") {
		t.Error("a node without a cookie takes an empty one")
	}
}

// TestTokensAreTheStockNodes compares with the stock node's own judgement, which is not in constant
// time.
func TestTokensAreTheStockNodes(t *testing.T) {
	tokens := accesstoken.NewStore(dbm.NewMemDB())
	names, secrets := []string{"", "rig", "ri", "rig1", "a.b", "Rig", "rig\n", "r g", cookieName}, []string{"", "0"}
	for _, name := range []string{"rig", "rig1"} {
		token, err := tokens.Create(name, "client")
		if err != nil {
			t.Fatal(err)
		}
		_, secret, _ := strings.Cut(token.Token, ":")
		secrets = append(secrets, secret, secret[1:], secret[:len(secret)-1], secret+"0", strings.ToUpper(secret), token.Token)
	}
	right := 0
	for _, name := range names {
		for _, secret := range secrets {
			want := tokens.Check(name, secret) == nil
			if want {
				right++
			}
			if got := isToken(tokens, name, secret); got != want {
				t.Errorf("token %q with %q: %v, the stock node says %v", name, secret, got, want)
			}
		}
	}
	if right != 2 {
		t.Errorf("%d are right, expected 2", right)
	}
}

// TestSecretsAreNotComparedByEquality looks for it in all that this project has: it stops at the
// first byte that is wrong, and so tells how many are right.
func TestSecretsAreNotComparedByEquality(t *testing.T) {
	equality := regexp.MustCompile(`(?i)(password|secret|cookie|token)[a-z.()]* *[!=]= *[^"\s]|[!=]= *[a-z.()]*(password|secret|cookie|token)\b|(bytes\.Equal|strings\.Compare|EqualFold)\([^)]*(password|secret|cookie|token)|[tT]okens?\.Check\(`)
	files := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		for i, line := range strings.Split(string(raw), "\n") {
			code, _, _ := strings.Cut(line, "//")
			code = strings.NewReplacer("== nil", "", "!= nil", "").Replace(code)
			if equality.MatchString(code) {
				t.Errorf("%s:%d: %s", path, i+1, strings.TrimSpace(line))
			}
		}
		return err
	})
	if err != nil || files < 300 {
		t.Errorf("%d files, %v", files, err)
	}
}

// TestTheCookieIsTheOwners writes the file, over an older one that everybody can read.
func TestTheCookieIsTheOwners(t *testing.T) {
	config := soloConfig(t.TempDir())
	path := config.CookiePath()
	if _, _, err := ReadCookie(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadCookie(path); err == nil {
		t.Error("another file passes for a cookie")
	}
	if err := writeCookie(path, "crumbs"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if name, secret, err := ReadCookie(path); name != cookieName || secret != "crumbs" || err != nil {
		t.Errorf("read %q, %q, %v", name, secret, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); len(entries) != 1 || err != nil {
		t.Errorf("left beside it: %v, %v", entries, err)
	}
	for range 2 {
		if err := removeCookie(path); err != nil {
			t.Error(err)
		}
	}
	if err := writeCookie(filepath.Join(t.TempDir(), "gone", "rpc.cookie"), "crumbs"); err == nil {
		t.Error("no error where there is no directory")
	}
}

// TestRefusalsAskForAToken has curl --anyauth, wget and browsers ask again with what they
// have, and not where the dashboard asks for a token itself.
func TestRefusalsAskForAToken(t *testing.T) {
	n := newToolsNode(t)
	stock := stockRoutesOfSource(t)
	a := &authenticator{tokens: accesstoken.NewStore(dbm.NewMemDB()), log: slog.New(slog.DiscardHandler)}
	h := a.before(http.NotFoundHandler())
	for _, route := range append(allRoutes(t, n), "/nothing", "/wallet/", "/wallet/main", "/mining/", "/mining/x") {
		r := httptest.NewRequest(http.MethodPost, route, nil)
		r.RemoteAddr = "192.168.1.2:5000"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == http.StatusNotFound {
			continue // Everybody may see it.
		}
		ours := !slices.Contains(stock, route) && route != "/nothing" || route == "/"
		if asks := strings.HasPrefix(w.Header().Get("WWW-Authenticate"), `Basic realm="`); w.Code != http.StatusUnauthorized || asks != ours {
			t.Errorf("%s: %d, asks for a token: %v", route, w.Code, asks)
		}
	}
}

// TestABrowserGetsToTheDashboard opens the node's address in a browser on another machine,
// which the stock node leads to the dashboard before it asks for anything.
func TestABrowserGetsToTheDashboard(t *testing.T) {
	n := newToolsNode(t)
	for method, want := range map[string]int{http.MethodGet: http.StatusFound, http.MethodHead: http.StatusFound, http.MethodPost: http.StatusUnauthorized} {
		r := httptest.NewRequest(method, "/", nil)
		r.RemoteAddr, r.Host = "192.168.1.2:5000", "127.0.0.1:9888"
		w := httptest.NewRecorder()
		n.server.Handler.ServeHTTP(w, r)
		if w.Code != want || want == http.StatusFound && w.Header().Get("Location") != "/dashboard/" {
			t.Errorf("%s: %d %v, expected %d", method, w.Code, w.Header(), want)
		}
	}
}
