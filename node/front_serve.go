package node

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom-solo/bytom-solo/fleet"
)

// openServer builds the server of the page and the figures, which has nothing to show before openRoutes.
func (f *Front) openServer() error {
	guard, err := newGuard(f.config.RPC.Hosts, f.config.Bytom.ApiAddress, f.log)
	if err != nil {
		return err
	}
	f.server = newServer(http.HandlerFunc(f.answer), access{
		guard: guard, log: f.log, auth: &authenticator{disabled: f.config.Bytom.Auth.Disable, cookie: f.cookie, log: f.log},
	})
	return nil
}

// openRoutes has the page and the figures served.
func (f *Front) openRoutes() {
	r := mux.NewRouter()
	r.SkipClean(true)
	for _, add := range f.routes() {
		add(r)
	}
	r.Path("/").Methods(http.MethodGet, http.MethodHead).Handler(http.RedirectHandler(PageRoute, http.StatusFound))
	f.pages.Store(r)
}

// answer answers by what openRoutes has opened, and says until then why rigs are not served.
func (f *Front) answer(w http.ResponseWriter, r *http.Request) {
	if pages := f.pages.Load(); pages != nil {
		pages.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Retry-After", "5")
	writeFailure(w, http.StatusServiceUnavailable, stockMessage, "this front serves no rigs yet: "+f.whyWaiting())
}

// routes add those of a front: what a node has of them answers the same.
func (f *Front) routes() []func(*mux.Router) {
	rigs := rigRoute{f.ledger, f.rigs, f.rigStates}
	home := homeRoute{f.config.Bytom}
	return []func(*mux.Router){f.found.register, rigs.register, f.metrics.register, home.register, f.registerStats, f.events.register, registerPage}
}

// serve answers until ctx ends.
func (f *Front) serve(ctx context.Context, listener net.Listener) error {
	defer context.AfterFunc(ctx, func() { _ = f.server.Close() })()
	if err := f.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the figures: %w", err)
	}
	return ctx.Err()
}

// frontCourier brings blocks, and a Hello, to a node by its FrontBlockRoute.
func frontCourier(client *http.Client, rpc *url.URL) fleet.Courier {
	return func(ctx context.Context, sealed []byte) (fleet.Verdict, error) {
		var answer struct {
			Status      string
			Data        FrontVerdict
			ErrorDetail string `json:"error_detail"`
			Detail      string // of a refusal for want of a token
		}
		request := FrontBlock{base64.StdEncoding.EncodeToString(sealed)}
		err := postJSON(ctx, client, rpc.JoinPath(FrontBlockRoute).String(), request, func(resp *http.Response) error {
			if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
				return fmt.Errorf("status %s: %w", resp.Status, err)
			}
			return nil
		})
		if err != nil {
			return fleet.Verdict{}, err
		}
		if answer.Status != "success" {
			return fleet.Verdict{}, fmt.Errorf("node %s: %s%s", rpc.Redacted(), brief(answer.ErrorDetail), brief(answer.Detail))
		}
		return answer.Data.verdict()
	}
}

// reportStatus logs a line soon after the start, and one a minute from then on.
func (f *Front) reportStatus(ctx context.Context) error {
	next := time.NewTimer(15 * time.Second)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			f.log.Info("status", f.statusFields()...)
			next.Reset(time.Minute)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// statusFields is the front in a line, as names and values.
func (f *Front) statusFields() []any {
	kept := f.outbox.Status()
	if !f.serving.Load() {
		return []any{"waits", f.whyWaiting(), "shares_kept", kept.Entries}
	}
	args := []any{"rigs", f.onlineRigs(), "blocks_found", f.submitter.Found(), "shares_kept", kept.Entries}
	if t, err := f.feed.Current(); err == nil {
		args = append(args, "height", t.Height, "payee", t.Payee.Address)
	} else {
		args = append(args, "no_work", err)
	}
	if reached, detail := f.engine.State(); !reached {
		args = append(args, "engine", detail)
	}
	return args
}
