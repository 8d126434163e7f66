package node

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bytom/bytom/accesstoken"
	"github.com/bytom/bytom/net/http/httperror"

	"github.com/bytom-solo/bytom-solo/gbt"
)

// caller is who makes a request.
type caller struct {
	remote string // address and port
	token  string // the access token's name; empty where none was needed or given
}

// String says who it is, for the log.
func (c caller) String() string {
	if c.token == "" {
		return c.remote
	}
	return c.remote + " with token " + c.token
}

type callerKey struct{}

// callerOf is who makes the request of a context.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// authenticator applies the stock node's rule: loopback needs no token, everybody else
// does unless the operator disabled that. Other than there, the cookie of the home
// directory is a token that makes its bearer as good as loopback, and a token that was
// deleted is good for nothing at once, not minutes later.
type authenticator struct {
	tokens   *accesstoken.CredentialStore
	disabled bool
	cookie   string // the secret; empty is none
	// ownersRead lets everybody read what the owners of rigs are shown: they have no token.
	ownersRead bool
	log        *slog.Logger
	told       logLimit
}

// logRefusal logs a refusal, each kind of a host once an hour: a host may ask many times a second.
func (a *authenticator) logRefusal(r *http.Request, refusal string) {
	level := slog.LevelDebug
	if host, _, _ := net.SplitHostPort(r.RemoteAddr); a.told.allow(host+" "+refusal, time.Now()) {
		level = slog.LevelInfo
	}
	a.log.Log(r.Context(), level, "RPC refused", "from", r.RemoteAddr, "route", r.URL.Path, "reason", refusal)
}

// before puts the authenticator in front of a handler.
func (a *authenticator) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, refusal := a.authenticate(r)
		if refusal != "" {
			a.logRefusal(r, refusal)
			if challenged(r.URL.Path) {
				w.Header().Set("WWW-Authenticate", `Basic realm="bytom-solo access token", charset="UTF-8"`)
			}
			writeJSON(w, http.StatusUnauthorized, httperror.Response{
				Info:   httperror.Info{ChainCode: "BTM860", Message: "Request could not be authenticated"},
				Status: "fail", Detail: refusal,
			})
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, who)))
	})
}

// challenged reports whether a refusal asks for a token in HTTP's words, which many
// clients wait for before they send what they have. Not so on the stock node's routes:
// the dashboard asks for a token itself, and a browser's own question would come first.
func challenged(path string) bool {
	for _, prefix := range []string{PageRoute, gbt.WalletRoute} {
		if strings.HasPrefix(path+"/", prefix) {
			return true
		}
	}
	doc, err := openAPIDoc()
	return err == nil && doc.Paths[path] != nil && (path == "/" || !slices.Contains(stockRoutes, path))
}

// localOnly are the routes that the stock node has for loopback alone, and what it says.
var localOnly = map[string]string{
	"/backup-wallet":      "only local can get access backup-wallets",
	"/restore-wallet":     "only local can get access restore-wallet",
	"/list-access-tokens": "only local can get access token list",
}

// openPages are those that everybody may see: they show nothing by themselves.
var openPages = []string{"/dashboard", "/equity"}

// authenticate says who makes a request, or why it is refused.
func (a *authenticator) authenticate(r *http.Request) (who caller, refusal string) {
	who.remote = r.RemoteAddr
	name, secret, given := r.BasicAuth()
	valid := given && a.valid(name, secret)
	if valid {
		who.token = name
	}
	local := isLoopback(r.RemoteAddr) || valid && name == cookieName
	for path, reason := range localOnly {
		if !local && strings.HasPrefix(r.URL.Path, path) {
			return who, reason
		}
	}
	for _, page := range openPages {
		if r.URL.Path == page || strings.HasPrefix(r.URL.Path, page+"/") {
			return who, ""
		}
	}
	if a.ownersRead && isOwners(r) {
		return who, ""
	}
	switch {
	case local, a.disabled, valid, r.URL.Path == "/" && isSafe(r.Method): // That one leads to the dashboard.
		return who, ""
	case given:
		return who, "invalid token"
	}
	return who, "no token"
}

// valid reports whether a name and a secret are a token's.
func (a *authenticator) valid(name, secret string) bool {
	if name == cookieName {
		return a.cookie != "" && sameSecret(secret, a.cookie)
	}
	return a.tokens != nil && isToken(a.tokens, name, secret)
}

// isToken reports what the stock node's Check does, which compares byte for byte and stops at the
// first that is wrong.
func isToken(store *accesstoken.CredentialStore, name, secret string) bool {
	var token accesstoken.Token
	known := tokenName.MatchString(name) && json.Unmarshal(store.DB.Get([]byte(name)), &token) == nil
	_, want, whole := strings.Cut(token.Token, ":")
	// Of a token that there is not, too, so that the time does not tell which there are.
	same := sameSecret(secret, want)
	return known && whole && want != "" && same
}

// tokenName is what the stock node lets a token be named.
var tokenName = regexp.MustCompile(`^[\w-]+$`)

// sameSecret compares in a time that says nothing of how much of a secret is right.
func sameSecret(given, want string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// isLoopback reports whether a remote address, host:port, is of this machine's own.
func isLoopback(remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	return err == nil && net.ParseIP(host).IsLoopback()
}
