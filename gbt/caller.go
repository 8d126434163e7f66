package gbt

import (
	"context"
	"net"
	"net/http"

	"github.com/bytom-solo/bytom-solo/mining"
)

type callerKey struct{}

// withCaller is a request's context, by which finder knows where the caller is.
func withCaller(r *http.Request) context.Context {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return context.WithValue(r.Context(), callerKey{}, host)
}

// finder is the caller of a request, as one who found a block in some way.
func finder(ctx context.Context, kind mining.FinderKind) mining.Finder {
	address, _ := ctx.Value(callerKey{}).(string)
	return mining.Finder{Kind: kind, Address: address}
}
