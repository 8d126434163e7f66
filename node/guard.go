package node

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// guard keeps web pages away from the node. Whoever is on loopback needs no token, and
// a browser on this machine is, whatever page it shows. So a browser's request must come
// from the node's own pages, by a name that is the node's: else a page could have its
// own name lead here (DNS rebinding), and pass for one of them. And nothing changes by a
// method that browsers send without asking. It is safe for concurrent use.
type guard struct {
	origins   *http.CrossOriginProtection
	names     map[string]bool // that the node is asked by, beside loopback and its addresses
	addresses func() ([]net.Addr, error)
	log       *slog.Logger

	limit logLimit
}

// newGuard returns the guard of a server that listens on an address. hosts is as
// parseHosts takes it.
func newGuard(hosts, listen string, log *slog.Logger) (*guard, error) {
	g := &guard{
		origins: http.NewCrossOriginProtection(), names: make(map[string]bool), addresses: net.InterfaceAddrs,
		log: log,
	}
	names, origins, err := parseHosts(hosts)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		g.names[name] = true
	}
	for _, origin := range origins {
		if err := g.origins.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("key rpc.hosts: %w", err)
		}
	}
	if host, _, err := net.SplitHostPort(listen); err == nil {
		name := hostName(host)
		if a, err := netip.ParseAddr(name); name == "" || err == nil && a.IsUnspecified() {
			g.names["0.0.0.0"], g.names["::"] = true, true // As the log prints it.
		} else {
			g.names[name] = true
		}
	}
	return g, nil
}

// before puts the guard in front of a handler.
func (g *guard) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, reason := g.check(r)
		if reason == "" {
			next.ServeHTTP(w, r)
			return
		}
		if status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", http.MethodPost)
		}
		g.logRefusal(r, reason)
		writeFailure(w, status, http.StatusText(status), reason)
	})
}

// check returns a sentence for a request that is refused.
func (g *guard) check(r *http.Request) (status int, reason string) {
	switch {
	case !g.asksByOwnName(r):
		return http.StatusForbidden, fmt.Sprintf(
			"refused: the node is not known by the name %.100q that the request's Host header has; the option rpc.hosts lists the names that it may be called by",
			r.Host)
	case g.isForeign(r):
		return http.StatusForbidden, fmt.Sprintf(
			"refused: a web page of another origin (%.100s) may not call this node; the option rpc.hosts lists the origins that may", origin(r))
	case isSafe(r.Method) && changingRoutes[r.URL.Path] != changesNothing:
		return http.StatusMethodNotAllowed, fmt.Sprintf("refused: %s changes something, and is called by POST, not by %s", r.URL.Path, r.Method)
	}
	return 0, ""
}

// asksByOwnName reports whether a request's Host is one of the node's names. What is older than
// HTTP/1.1 may have none, and no browser is.
func (g *guard) asksByOwnName(r *http.Request) bool {
	if r.Host == "" {
		return true
	}
	name := hostName(r.Host)
	if name == "localhost" || g.names[name] {
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && (address.IsLoopback() || g.isOwnAddress(r, address))
}

// isOwnAddress reports whether an address is this machine's.
func (g *guard) isOwnAddress(r *http.Request, address netip.Addr) bool {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && ipOf(local) == address {
		return true
	}
	all, err := g.addresses()
	if err != nil {
		g.log.Debug("the machine's addresses are not known", "error", err)
	}
	for _, a := range all {
		if ipOf(a) == address {
			return true
		}
	}
	return false
}

// ipOf is the IP address of one of package net's; the zero value if it has none.
func ipOf(a net.Addr) netip.Addr {
	var ip net.IP
	switch a := a.(type) {
	case *net.TCPAddr:
		ip = a.IP
	case *net.IPNet:
		ip = a.IP
	case *net.IPAddr:
		ip = a.IP
	}
	address, _ := netip.AddrFromSlice(ip)
	return address.Unmap()
}

// isForeign reports whether a browser sent the request for a page that is not the node's.
func (g *guard) isForeign(r *http.Request) bool {
	if isSafe(r.Method) && isVisit(r) {
		return false
	}
	// The protection lets safe methods pass. But a page that may not call has no use
	// for answers either, and a websocket begins with a GET.
	strict := r.WithContext(r.Context())
	strict.Method = http.MethodPost
	return g.origins.Check(strict) != nil
}

// isVisit reports whether somebody follows a link: the answer takes the other page's place.
func isVisit(r *http.Request) bool {
	return r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// isSafe reports whether browsers take a method for one that changes nothing.
func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// origin says where a browser's request comes from.
func origin(r *http.Request) string {
	if o := r.Header.Get("Origin"); o != "" {
		return o
	}
	return "Sec-Fetch-Site: " + r.Header.Get("Sec-Fetch-Site")
}

// hostName is the host of a Host header or of an address without its port, as names are
// compared: in lower case, without the dot at the end. An address is as netip prints it.
func hostName(host string) string {
	name := host
	if address, _, err := net.SplitHostPort(host); err == nil {
		name = address
	} else if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		name = host[1 : len(host)-1]
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if a, err := netip.ParseAddr(name); err == nil {
		return a.Unmap().WithZone("").String()
	}
	return name
}

// logRefusal logs a refusal, each kind once an hour: pages try again and again.
func (g *guard) logRefusal(r *http.Request, reason string) {
	level := slog.LevelDebug
	if g.limit.allow(fmt.Sprintf("%s %.100s %.100s", r.Method, r.Host, origin(r)), time.Now()) {
		level = slog.LevelWarn
	}
	g.log.Log(r.Context(), level, "RPC refused", "from", r.RemoteAddr, "route", r.URL.Path, "reason", reason)
}
