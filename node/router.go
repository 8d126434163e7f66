package node

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gorilla/mux"
	"github.com/kr/secureheader"

	"github.com/bytom/bytom/api"

	"github.com/bytom-solo/bytom-solo/mining"
)

// newRouter puts our routes in front of the stock API: those that register adds, and
// /net-info, whose mining field is ours. What else the stock node answers, its web
// dashboard included, it answers here.
func newRouter(stock *api.API, miner *mining.Miner, register ...func(*mux.Router)) *mux.Router {
	r := mux.NewRouter()
	// The stock API has exact paths; cleaning them would redirect instead.
	r.SkipClean(true)
	for _, add := range register {
		add(r)
	}
	r.HandleFunc("/net-info", func(w http.ResponseWriter, _ *http.Request) {
		info := stock.GetNodeInfo()
		info.Mining = miner.Mining()
		writeJSON(w, http.StatusOK, api.NewSuccessResponse(info))
	})
	r.Path("/").Methods(http.MethodGet, http.MethodHead).Handler(http.RedirectHandler("/dashboard/", http.StatusFound))
	r.PathPrefix("/dashboard/").Handler(linked(stock))
	r.PathPrefix("/equity/").Handler(stock)
	r.PathPrefix("/").Handler(withUnknownRoutes(r, uncompressed(stock)))
	return r
}

// uncompressed asks the stock API for plain answers. It compresses outside of its
// handlers, so one that panics would leave half an archive before our error.
func uncompressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding")
		next.ServeHTTP(w, r)
	})
}

// access is who may use a server.
type access struct {
	guard *guard
	auth  *authenticator
	log   *slog.Logger
}

// newServer serves a router to those who may use it.
func newServer(router http.Handler, a access) *http.Server {
	headers := *secureheader.DefaultConfig
	headers.PermitClearLoopback = true
	headers.HTTPSRedirect = false
	headers.Next = recovered(a.guard.before(newBodies().before(a.auth.before(audited(router, a.log)))), a.log)
	return &http.Server{
		Handler: &headers,
		// A websocket or a slow wallet call may take long; a request may not.
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       2 * time.Minute,
		IdleTimeout:       idleTimeout,
		WriteTimeout:      time.Hour,
		// HTTP/2 is off, as on the stock node: its websockets need HTTP/1.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ErrorLog:     slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}

// recovered answers a panic of a handler in the stock node's form. Some of the
// stock handlers panic on what a client can send.
func recovered(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && err == http.ErrAbortHandler {
				panic(p)
			}
			log.Warn("request caused a panic", "path", r.URL.Path, "panic", fmt.Sprint(p))
			log.Debug("its stack", "stack", string(debug.Stack()))
			writeFailure(w, http.StatusBadRequest, stockMessage,
				fmt.Sprintf("the request could not be handled: %v: check its fields for missing or incorrect values", p))
		}()
		next.ServeHTTP(w, r)
	})
}

// stockMessage is what the stock node calls whatever it has no other name for.
const stockMessage = "Bytom API Error"

// writeFailure answers in the stock node's form of an error that has no code of its own.
func writeFailure(w http.ResponseWriter, status int, message, detail string) {
	writeJSON(w, status, api.Response{Status: api.FAIL, Code: "BTM000", Msg: message, ErrorDetail: detail})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // The client went away; nobody is left to answer.
}
