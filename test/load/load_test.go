package load_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// crowd says how many of each kind of client there are.
type crowd struct {
	rigs, longpolls, callers, streams int
	shares                            time.Duration // between two, of all rigs together
	calls                             time.Duration // between two of a caller
	last                              time.Duration
	// patience is how long a tip must stand for each client to have it: of one that is replaced
	// before, nobody needs the work.
	patience time.Duration
}

// TestLoad has clients of each kind at a node at once, and each checks its own answers: a rig gets
// each tip's job and a verdict for each share, a longpoll comes back with new work, no event lacks
// in a stream, and get-work is of the tip.
//
// BYTOM_SOLO_LOAD=30m is the load that the node is built for, for that long: its hash is the true one,
// and it mines on all cores, which is what the clients compete with. Without, a small one is at a
// node whose hash costs nothing, so that tips come when they should.
func TestLoad(t *testing.T) {
	rigs := harness.RigAddress(t)
	c := crowd{rigs: 100, longpolls: 50, callers: 10, streams: 3, shares: 50 * time.Millisecond, calls: 200 * time.Millisecond, last: 3 * time.Second, patience: 2 * time.Second}
	o := testnet.NodeOptions{Args: []string{"--stratum.listen", rigs, "--mining.address", payee, "--solonet.tools"}, Simulated: true}
	long := os.Getenv("BYTOM_SOLO_LOAD")
	if long != "" {
		last, err := time.ParseDuration(long)
		if err != nil {
			t.Fatalf("BYTOM_SOLO_LOAD: %v", err)
		}
		c = crowd{rigs: 2000, longpolls: 1000, callers: 200, streams: 20, shares: 300 * time.Millisecond, calls: time.Second, last: last, patience: 5 * time.Second}
		o = testnet.NodeOptions{Args: []string{"--stratum.listen", rigs, "--mining.address", payee, "--mining"}}
	}
	n := testnet.Start(t, o)
	if long == "" {
		autoMine(t, n, "400ms")
	}
	l := newLoad(t, n, c)
	before := costOf(t, n)
	l.connect(rigs)
	l.run(c.last / 2)
	middle := costOf(t, n)
	l.run(c.last / 2)
	end := costOf(t, n)
	if long == "" {
		autoMine(t, n, "off")
	} else if err := n.Call("/set-mining", map[string]bool{"is_mining": false}, nil); err != nil {
		t.Fatal(err)
	}
	l.settle()
	t.Logf("before: %v\nhalf way: %v\nat the end: %v", before, middle, end)
	l.report()
}

// load is clients at a node.
type load struct {
	t     testing.TB
	node  *testnet.Node
	crowd crowd
	tips  *tips
	ctx   context.Context // of the callers
	stop  context.CancelFunc
	all   sync.WaitGroup

	rigs     []*rig
	turn     int // of the rig whose share is next
	views    []*view
	judged   verdicts
	jobs     times
	polls    times
	events   times
	calls    times
	failures chan error
}

func newLoad(t testing.TB, n *testnet.Node, c crowd) *load {
	l := &load{t: t, node: n, crowd: c, tips: newTips(), failures: make(chan error, 10)}
	l.ctx, l.stop = context.WithCancel(t.Context())
	t.Cleanup(l.leave)
	return l
}

// fail notes what a client did not get; the first few tell enough.
func (l *load) fail(err error) {
	if err == nil {
		return
	}
	select {
	case l.failures <- err:
	default:
	}
}

// connect has all clients come.
func (l *load) connect(rigs string) {
	l.t.Helper()
	connected := time.Now()
	for i := range l.crowd.rigs {
		r, err := dialRig("", rigs, fmt.Sprint("load.", i), l.tips, &l.jobs, &l.judged, l.fail)
		if err != nil {
			l.t.Fatal(err)
		}
		l.rigs, l.views = append(l.rigs, r), append(l.views, &r.view)
	}
	web := newHTTP(l.crowd.longpolls + l.crowd.callers + l.crowd.streams)
	rpc, err := client.New(l.node.URL, web)
	if err != nil {
		l.t.Fatal(err)
	}
	for range l.crowd.longpolls {
		v := l.view("longpolls", &l.polls)
		l.all.Go(func() { l.fail(poll(l.ctx, rpc, v)) })
	}
	for range l.crowd.callers {
		l.all.Go(func() { l.fail(getWork(l.ctx, rpc, l.tips.latest, &l.calls, l.crowd.calls)) })
	}
	for range l.crowd.streams {
		v := l.view("event streams", &l.events)
		l.all.Go(func() { l.fail(follow(l.ctx, web, l.node.URL+node.EventsRoute, v)) })
	}
	l.t.Logf("connected in %v", time.Since(connected).Round(time.Millisecond))
}

func (l *load) view(kind string, took *times) *view {
	v := &view{of: l.tips, kind: kind, took: took}
	l.views = append(l.views, v)
	return v
}

// run has the rigs send shares in turns, for a while.
func (l *load) run(last time.Duration) {
	l.t.Helper()
	end := time.After(last)
	each := time.NewTicker(l.crowd.shares)
	defer each.Stop()
	for {
		select {
		case <-each.C:
			l.fail(l.rigs[l.turn%len(l.rigs)].submit())
			l.turn++
		case err := <-l.failures:
			l.t.Fatal(err)
		case <-end:
			return
		}
	}
}

// settle waits until each client has what it is owed: the node makes no blocks any more.
func (l *load) settle() {
	l.t.Helper()
	testnet.Wait(l.t, time.Minute, func() error {
		tip, err := l.node.Height()
		if err != nil {
			return err
		}
		for _, v := range l.views {
			if at := v.at(); at != tip {
				return fmt.Errorf("one of the %s is at tip %d, and the node at %d", v.kind, at, tip)
			}
		}
		for _, r := range l.rigs {
			if waiting := r.waiting(); waiting > 0 {
				return fmt.Errorf("%d shares of a rig have no verdict", waiting)
			}
		}
		return nil
	})
}

// leave has all clients go.
func (l *load) leave() {
	l.stop()
	l.all.Wait()
	for _, r := range l.rigs {
		_ = r.conn.Close()
	}
}

// report says how long all took, and holds that nothing was dropped.
func (l *load) report() {
	l.t.Helper()
	missed, passed := l.tips.missed(l.crowd.patience)
	accepted, stale, refused := l.judged.counts()
	l.t.Logf("%d tips; from the first client's knowing of a tip\n  to a rig's job %v\n  to a longpoll's answer %v\n  to the event %v\nget-work %v\nshare to verdict %v\n%d shares: %d accepted, %d stale, %d refused\ntips that came and went before a client had them: %v",
		len(l.tips.first), &l.jobs, &l.polls, &l.events, &l.calls, &l.judged.took, l.turn, accepted, stale, len(refused), passed)
	for _, m := range missed {
		l.t.Error(m)
	}
	if len(refused) > 0 || accepted+stale != l.turn {
		l.t.Errorf("of %d shares %d were accepted and %d stale; refused: %.1000q", l.turn, accepted, stale, refused)
	}
	for _, times := range []*times{&l.jobs, &l.polls, &l.events, &l.calls} {
		if times.count() == 0 {
			l.t.Error("a kind of client has got nothing")
		}
	}
	close(l.failures)
	for err := range l.failures {
		l.t.Error(err)
	}
}
