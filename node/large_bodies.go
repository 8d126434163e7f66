package node

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt"
)

// What a request makes the node hold: a body is read whole, and takes several times its size while it
// is. So few large ones are read at a time, and others wait.
const (
	smallBody   = 64 << 10 // is read at once
	largeBodies = 4        // that are larger may be under way
	largeWait   = 30 * time.Second
)

var errLargeBodies = errors.New("many requests with large bodies are under way: try again")

// bodies bounds what requests to any route can make the node read.
type bodies struct{ large chan struct{} }

func newBodies() *bodies { return &bodies{large: make(chan struct{}, largeBodies)} }

// before has requests read by next within the bounds.
func (b *bodies) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := &boundedBody{ReadCloser: http.MaxBytesReader(w, r.Body, gbt.MaxBody), ctx: r.Context(), large: b.large}
		defer body.leave()
		r.Body = body
		next.ServeHTTP(w, r)
	})
}

// boundedBody is a request's body, which takes a place among the large ones when it turns out to be
// one, until the request is answered.
type boundedBody struct {
	io.ReadCloser
	ctx   context.Context
	large chan struct{}
	read  int
	holds bool
}

// Read satisfies io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.read > smallBody && !b.holds {
		if err := b.enter(); err != nil {
			return 0, err
		}
	}
	n, err := b.ReadCloser.Read(p)
	b.read += n
	return n, err
}

// enter waits for a place.
func (b *boundedBody) enter() error {
	late := time.NewTimer(largeWait)
	defer late.Stop()
	select {
	case b.large <- struct{}{}:
		b.holds = true
		return nil
	case <-late.C:
		return errLargeBodies
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
}

func (b *boundedBody) leave() {
	if b.holds {
		<-b.large
	}
}
