package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof" // The profiles of prof_laddr.
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom-solo/bytom-solo/gbt"
	"github.com/bytom-solo/bytom-solo/mining"
)

// serveWork builds the server of all routes.
func (n *Node) serveWork(source mining.Source, space *mining.Extranonces) error {
	n.work = gbt.New(gbt.Config{
		Source: source, Network: rpcNetwork{n}, Chain: rpcNetwork{n}, Version: BytomVersion(), ParsePayee: parsePayee, Skipped: n.selector.Skipped,
		Generator: n.generator, Submitter: n.submitter, Miner: n.miner, Extranonces: space, Handouts: n.handouts,
		Address: n.payees.address, SetAddress: n.setAddress, PayeeLost: n.payees.lost,
		Tag: n.payees.currentTag, SetTag: n.setTag, Changed: n.logChange,
		Overrides: rpcOverrides{n.selector, n.overrides, n.logChange},
		Devices:   func(names string) ([]string, error) { return PickDevices(n.backends, names) },
	})
	who, err := n.access()
	if err != nil {
		return err
	}
	n.server = newServer(newRouter(n.bytom.api, n.miner, append(n.routes(), n.registerWallet)...), who)
	return nil
}

// access is who may use the RPC.
func (n *Node) access() (access, error) {
	guard, err := newGuard(n.config.RPC.Hosts, n.config.Bytom.ApiAddress, n.log)
	return access{
		guard: guard, log: n.log,
		auth: &authenticator{tokens: n.bytom.tokens, disabled: n.config.Bytom.Auth.Disable, cookie: n.cookie, log: n.log, ownersRead: n.payouts != nil && n.payouts.on},
	}, err
}

// routes add those that the stock API does not have, or not so.
func (n *Node) routes() []func(*mux.Router) {
	rigs := rigRoute{n.ledger, n.rigs, n.rigStates}
	home := homeRoute{n.config.Bytom}
	backups := &backups{node: n}
	return []func(*mux.Router){n.work.Register, n.found.register, rigs.register, n.metrics.register, n.solonet.register, home.register, backups.register, n.registerStats, n.registerFronts, n.registerPayoutStats, n.registerPayouts, n.events.register, registerOpenAPI, registerPage, registerOwnerPage}
}

// serve answers RPC until ctx ends; calls under way get a second to finish.
func (n *Node) serve(ctx context.Context, listener net.Listener) error {
	ended := make(chan struct{})
	running := context.AfterFunc(ctx, func() {
		defer close(ended)
		n.work.Stop()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := n.server.Shutdown(grace); err != nil {
			_ = n.server.Close() // The grace is over.
		}
	})
	err := n.server.Serve(listener) // It returns when the end begins.
	if !running() {
		<-ended // A solution that came just before is written down first.
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the RPC: %w", err)
	}
	return ctx.Err()
}

// serveProfiles serves net/http/pprof, as the stock node does.
func (n *Node) serveProfiles(ctx context.Context) error {
	address := n.config.Bytom.ProfListenAddress
	profiles, err := n.profiles(address)
	if err != nil {
		return err
	}
	s := &http.Server{Addr: address, Handler: profiles, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("key prof_laddr: %w", err)
	}
	return ctx.Err()
}

// profiles are for all who reach their address, but for web pages.
func (n *Node) profiles(address string) (http.Handler, error) {
	guard, err := newGuard(n.config.RPC.Hosts, address, n.log)
	if err != nil {
		return nil, err
	}
	return guard.before(http.DefaultServeMux), nil
}
