package node

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/redact"
)

const (
	// probeWaysAfter is how long after the start the ways to the nodes are first tried, probeWaysEvery the time
	// between two tries.
	probeWaysAfter, probeWaysEvery = 5 * time.Second, 30 * time.Second
	// mostOnTheWay is how many blocks may be on their way to a node at a time, or wait for a connection there: where it
	// hangs, each does for 20 s.
	mostOnTheWay = 32
)

// frontWays are a front's ways to the nodes beside the engine: their RPC. A found block goes by both; that one
// of them is closed would show only when the other is gone. All methods are safe for concurrent use.
type frontWays struct {
	client *http.Client

	mu     sync.Mutex
	closed map[string]string // why, by the node's URL
}

func newFrontWays() *frontWays {
	return &frontWays{client: &http.Client{Timeout: 20 * time.Second, Transport: fewConnections()}, closed: make(map[string]string)}
}

// couriers are those ways.
func (w *frontWays) couriers(nodes nodeList) []fleet.Courier {
	var all []fleet.Courier
	for _, n := range nodes {
		all = append(all, atMost(mostOnTheWay, frontCourier(w.client, n.rpc)))
	}
	return all
}

// atMost is a courier that so many blocks may go by at a time. More go by the engine alone, and are sent again.
func atMost(most int, bring fleet.Courier) fleet.Courier {
	places := make(chan struct{}, most)
	return func(ctx context.Context, sealed []byte) (fleet.Verdict, error) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			return bring(ctx, sealed)
		default:
			return fleet.Verdict{}, fmt.Errorf("%d other blocks wait for the node's answer", most)
		}
	}
}

// why says which ways are closed, and why; empty where none is.
func (w *frontWays) why() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, node := range slices.Sorted(maps.Keys(w.closed)) {
		all = append(all, node+": "+w.closed[node])
	}
	return strings.Join(all, "; ")
}

// note notes how a way was found to be, and reports whether that is news.
func (w *frontWays) note(node string, err error) (news bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	old, was := w.closed[node]
	if err == nil {
		delete(w.closed, node)
		return was
	}
	w.closed[node] = redact.Reason(err)
	return old != w.closed[node]
}

// probeWays tries the ways to the nodes again and again, until ctx ends.
func (f *Front) probeWays(ctx context.Context) error {
	next := time.NewTimer(probeWaysAfter)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			var probes sync.WaitGroup
			for _, n := range f.config.Front.Nodes {
				probes.Go(func() { f.probeWay(ctx, n.rpc) })
			}
			probes.Wait()
			next.Reset(probeWaysEvery)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// probeWay has a node asked, as a block would be brought to it, whether it takes what this front brings.
func (f *Front) probeWay(ctx context.Context, rpc *url.URL) {
	hello, err := f.key.Seal(f.config.Bytom.ChainID, fleet.KindHello, &fleet.Hello{Name: f.name, Epoch: f.outbox.Epoch(), At: time.Now().UnixMilli()})
	if err == nil {
		_, err = frontCourier(f.ways.client, rpc)(ctx, hello)
	}
	node := redact.URL(rpc.String())
	if ctx.Err() != nil || !f.ways.note(node, err) {
		return
	}
	if err != nil {
		f.log.Warn("found blocks can't go to a node by HTTP, only by the engine", "node", node, "error", err)
		return
	}
	f.log.Info("found blocks can go to a node by HTTP again", "node", node)
}
