package node

import (
	"bytes"
	"log/slog"
	"net/http"
)

// audited logs the calls of routes that change what the operator may ask about one day
// and don't say so themselves. What was sent is not logged: it may be a secret.
func audited(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if changing[r.URL.Path] != worthALine {
			next.ServeHTTP(w, r)
			return
		}
		seen := &peeked{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		if bytes.HasPrefix(seen.head, []byte(`{"status":"success"`)) || bytes.HasPrefix(seen.head, []byte(`{"data":`)) {
			log.Info("changed over RPC", "route", r.URL.Path, "by", callerOf(r.Context()).String())
		}
	})
}

// peeked keeps how an answer begins.
type peeked struct {
	http.ResponseWriter
	head []byte
}

// Write satisfies http.ResponseWriter.
func (p *peeked) Write(b []byte) (int, error) {
	if room := 32 - len(p.head); room > 0 {
		p.head = append(p.head, b[:min(room, len(b))]...)
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is below.
func (p *peeked) Unwrap() http.ResponseWriter { return p.ResponseWriter }
