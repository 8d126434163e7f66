package fleet

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// twinTest is a node that lets in whoever says hello with the key.
type twinTest struct {
	t         *testing.T
	engine    *Memory
	node, key Key
	parts     sync.WaitGroup
	ctx       context.Context
}

// link runs a front's link of an epoch, and returns what it logs, to be read after welcome.
func (w *twinTest) link(epoch uint64) *bytes.Buffer {
	var log bytes.Buffer
	nodes := []PublicKey{w.node.Public()}
	feed := NewFeed(FeedConfig{Nodes: nodes})
	l := NewLink(LinkConfig{
		Engine: w.engine, Key: w.key, Network: "solonet", Name: "front", Epoch: epoch, Nodes: nodes, Feed: feed,
		Chain:  NewChain(ChainConfig{Engine: w.engine, Key: w.key, Network: "solonet", Feed: feed}),
		Ranges: func(uint16) {}, Left: func() int { return 1 << 15 }, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	w.parts.Go(func() { _ = l.Run(w.ctx) })
	return &log
}

// welcome answers a front's hello, as the last run of a front that has just been started may have asked.
func (w *twinTest) welcome(epoch uint64) {
	w.t.Helper()
	sealed, err := w.node.Seal("solonet", KindWelcome, &Welcome{Epoch: epoch})
	if err == nil {
		err = w.engine.Publish(Subject(w.node.Public())+".to."+w.key.Public().String(), sealed)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(time.Second)
	synctest.Wait()
}

// TestTwinFrontsAreTold: a front whose home was copied, key and all, counts its shares as the other does,
// so that nobody can tell which of them did what.
func TestTwinFrontsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := &twinTest{t: t, engine: NewMemory(), node: NewKey(), key: NewKey(), ctx: ctx}
		log := w.link(2)
		time.Sleep(time.Second)
		w.welcome(1) // Of the last run.
		w.welcome(2)
		w.welcome(2)
		if strings.Contains(log.String(), "another front") {
			t.Errorf("told of itself: %s", log)
		}
		w.welcome(3)
		w.welcome(3)
		if n := strings.Count(log.String(), "level=WARN msg=\"another front has this one's key"); n != 1 {
			t.Errorf("told %d times of another: %s", n, log)
		}
		cancel()
		w.parts.Wait()
		if err := w.engine.Close(); err != nil {
			t.Error(err)
		}
	})
}
