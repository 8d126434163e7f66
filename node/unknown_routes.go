package node

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/gorilla/mux"
)

// stockRoutes are those of the stock API that answer, its pages apart.
var stockRoutes = []string{
	"/", "/error", "/create-account", "/update-account-alias", "/list-accounts", "/delete-account", "/create-account-receiver",
	"/list-addresses", "/validate-address", "/list-pubkeys", "/get-mining-address", "/set-mining-address",
	"/get-coinbase-arbitrary", "/set-coinbase-arbitrary", "/create-asset", "/update-asset-alias", "/get-asset", "/list-assets",
	"/create-key", "/update-key-alias", "/list-keys", "/delete-key", "/reset-key-password", "/check-key-password",
	"/sign-message", "/build-transaction", "/build-chain-transactions", "/sign-transaction", "/sign-transactions",
	"/get-transaction", "/list-transactions", "/list-balances", "/list-unspent-outputs", "/decode-program", "/backup-wallet",
	"/restore-wallet", "/rescan-wallet", "/wallet-info", "/recovery-wallet", "/create-access-token", "/list-access-tokens",
	"/delete-access-token", "/check-access-token", "/create-transaction-feed", "/get-transaction-feed",
	"/update-transaction-feed", "/delete-transaction-feed", "/list-transaction-feeds", "/submit-transaction",
	"/submit-transactions", "/estimate-transaction-gas", "/estimate-chain-transaction-gas", "/get-unconfirmed-transaction",
	"/list-unconfirmed-transactions", "/decode-raw-transaction", "/get-block", "/get-raw-block", "/get-block-hash",
	"/get-block-header", "/get-block-count", "/get-difficulty", "/get-hash-rate", "/is-mining", "/set-mining", "/get-work",
	"/get-work-json", "/submit-block", "/submit-work", "/submit-work-json", "/verify-message", "/compile", "/gas-rate",
	"/net-info", "/list-peers", "/disconnect-peer", "/connect-peer", "/get-merkle-proof", "/websocket-subscribe",
}

// withUnknownRoutes has the stock API answer on its routes. On all others that no route of a
// router's answers, it answers that there is none, and which is like it: the stock node calls that
// an error of its own, 500.
func withUnknownRoutes(router *mux.Router, stock http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The stock API redirects //net-info, which a client with a slash too many calls.
		if slices.Contains(stockRoutes, path.Clean(r.URL.Path)) && (!strings.HasSuffix(r.URL.Path, "/") || r.URL.Path == "/") {
			stock.ServeHTTP(w, r)
			return
		}
		status, reason := http.StatusNotFound, fmt.Sprintf("no route %.100q: %s", r.URL.Path, routeLike(router, r.URL.Path))
		if methods := methodsOf(router, r.URL.Path); len(methods) > 0 {
			status = http.StatusMethodNotAllowed
			reason = fmt.Sprintf("route %s is called by %s, not by %.20s", r.URL.Path, strings.Join(methods, " or "), r.Method)
			w.Header().Set("Allow", strings.Join(methods, ", "))
		}
		writeFailure(w, status, http.StatusText(status), reason)
	})
}

// methodsOf are those that a route of a router's is called by; none if there is no such
// route, or it is called by any.
func methodsOf(router *mux.Router, route string) (all []string) {
	_ = router.Walk(func(r *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		expression, err := r.GetPathRegexp()
		if err != nil {
			return nil // It has no path.
		}
		if matches, _ := regexp.MatchString(expression, route); matches {
			methods, _ := r.GetMethods() // None is no error to us.
			all = append(all, methods...)
		}
		return nil
	})
	return all
}

// routeLike names the routes most like one that there is not.
func routeLike(router *mux.Router, route string) string {
	route = strings.ToLower(strings.TrimRight(strings.ReplaceAll(route, "_", "-"), "/"))
	route = route[:min(len(route), 100)]
	best, like := 1+len(route)/4, []string(nil)
	look := func(known string) {
		switch d := levenshtein.ComputeDistance(route, strings.TrimRight(known, "/")); {
		case strings.Contains(known, "{") || known == "/" || slices.Contains(like, known) || slices.Contains(like, known+"/"):
		case d < best:
			best, like = d, []string{known}
		case d == best:
			like = append(like, known)
		}
	}
	_ = router.Walk(func(r *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		if text, err := r.GetPathTemplate(); err == nil {
			look(text)
		}
		return nil
	})
	for _, known := range stockRoutes {
		look(known)
	}
	if len(like) == 0 {
		return "GET " + APIRoute + " lists those of mining, and Bytom's documentation the others"
	}
	return "did you mean " + strings.Join(like, " or ") + "?"
}
