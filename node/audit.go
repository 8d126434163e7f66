package node

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// audited logs the calls of routes that change what the operator may ask about one day
// and don't say so themselves. What was sent is not logged: it may be a secret.
func audited(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if changingRoutes[r.URL.Path] != isLogged {
			next.ServeHTTP(w, r)
			return
		}
		seen := &responseHead{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		if bytes.HasPrefix(seen.head, []byte(`{"status":"success"`)) || bytes.HasPrefix(seen.head, []byte(`{"data":`)) {
			log.Info("changed over RPC", "route", r.URL.Path, "by", callerOf(r.Context()).String())
		}
	})
}

// logChange logs what a call changed, from what to what, and who called.
func (n *Node) logChange(ctx context.Context, what, old, now string) {
	if old != now {
		n.log.Info("changed over RPC", "what", what, "old", old, "new", now, "by", callerOf(ctx).String())
	}
}

// setAddress changes the payee for a caller. That is worth more than a line: whoever
// did it is paid from now on.
func (n *Node) setAddress(ctx context.Context, address string) (string, error) {
	old, err := n.payees.setAddress(address)
	if err != nil {
		n.log.Info("payee not changed over RPC", "error", err, "by", callerOf(ctx).String())
		return "", err
	}
	if old != address {
		by := callerOf(ctx).String()
		n.log.Warn("payee changed over RPC", "old", old, "new", address, "by", by)
		n.notify(Notification{
			Event: "payee.changed", At: time.Now(), Payee: &PayeeChange{Old: old, New: address, By: by},
			Detail: fmt.Sprintf("found blocks pay %s from now on, as %s asked for over RPC", address, by),
		})
	}
	return address, nil
}

// setTag changes the operator's part of the coinbase's arbitrary data for a caller.
func (n *Node) setTag(ctx context.Context, tag []byte) {
	old := n.payees.setTag(tag)
	n.logChange(ctx, "coinbase's tag", hex.EncodeToString(old), hex.EncodeToString(tag))
}

// responseHead keeps how an answer begins.
type responseHead struct {
	http.ResponseWriter
	head []byte
}

// Write satisfies http.ResponseWriter.
func (p *responseHead) Write(b []byte) (int, error) {
	if room := 32 - len(p.head); room > 0 {
		p.head = append(p.head, b[:min(room, len(b))]...)
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is below.
func (p *responseHead) Unwrap() http.ResponseWriter { return p.ResponseWriter }
