package load_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// bed is a node under attack, and honest ones that need it: rigs, a caller of its RPC, and a peer.
type bed struct {
	t          *testing.T
	node, peer *testnet.Node
	stratum    string // where the rigs are
	tips       *tips
	rigs       []*rig
	judged     verdicts
	jobs       times // from the first one's knowing of a tip to a rig's job
	blocks     times // and to the peer's having it
	calls      times // of get-work
	timed      bool  // what the honest ones wait is held to a bound

	stop     context.CancelFunc
	all      sync.WaitGroup
	mu       sync.Mutex
	failures []error
}

// served is how honest ones are: the time that a part of a run took.
type served struct{ verdicts, jobs, calls, blocks *times }

func (s served) each() map[string]*times {
	return map[string]*times{"a share's verdict": s.verdicts, "a job": s.jobs, "get-work": s.calls, "a block at the peer": s.blocks}
}

func (s served) String() string {
	return fmt.Sprintf("verdicts %v; jobs %v; get-work %v; blocks at the peer %v", s.verdicts, s.jobs, s.calls, s.blocks)
}

// newBed starts a node, which may open so many files, its peer and the honest ones. A share of one
// of the rigs comes each time that shares says, a block each time that tips does.
func newBed(t *testing.T, files int, shares time.Duration, every string) *bed {
	t.Helper()
	b := &bed{t: t, stratum: harness.RigAddress(t), tips: newTips()}
	o := testnet.NodeOptions{
		Program: limited(t, files),
		Args:    []string{"--stratum.listen", b.stratum, "--mining.address", payee, "--solonet.tools", "--p2p.handshake_timeout", "2"},
	}
	b.node, b.peer = testnet.Start(t, o), testnet.Start(t, testnet.NodeOptions{Simulated: true, Args: []string{"--mining.address", payee}})
	b.node.Connect(b.peer)
	testnet.Wait(t, time.Minute, func() error { return b.node.Call("/get-work", nil, nil) })
	ctx, stop := context.WithCancel(t.Context())
	b.stop = stop
	t.Cleanup(b.leave)
	for i := range 5 {
		r, err := dialRig("", b.stratum, fmt.Sprint("honest.", i), b.tips, &b.jobs, &b.judged, b.fail)
		if err != nil {
			t.Fatal(err)
		}
		r.noBlocks = true
		b.rigs = append(b.rigs, r)
	}
	web := newHTTP(2)
	rpc, err := client.New(b.node.URL, web)
	if err != nil {
		t.Fatal(err)
	}
	atPeer, err := client.New(b.peer.URL, web)
	if err != nil {
		t.Fatal(err)
	}
	b.all.Go(func() { b.fail(getWork(ctx, rpc, b.rigs[0].at, &b.calls, 20*time.Millisecond)) })
	b.all.Go(func() { b.fail(poll(ctx, atPeer, &view{of: b.tips, kind: "peers", took: &b.blocks})) })
	b.all.Go(func() { b.share(ctx, shares) })
	autoMine(t, b.node, every)
	return b
}

// limited is a program that is the node, and may open so many files; 0 is as many as there may be.
func limited(t *testing.T, files int) string {
	program := testnet.Simulated(t)
	if files == 0 {
		return program
	}
	script := filepath.Join(t.TempDir(), "limited")
	text := "#!/bin/sh\nulimit -n " + strconv.Itoa(files) + "\nexec '" + program + "' \"$@\"\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return script
}

// share has the rigs send shares in turns until ctx ends.
func (b *bed) share(ctx context.Context, pause time.Duration) {
	each := time.NewTicker(pause)
	defer each.Stop()
	for i := 0; ; i++ {
		select {
		case <-each.C:
			if err := b.rigs[i%len(b.rigs)].submit(); err != nil && ctx.Err() == nil {
				b.fail(err)
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// fail notes what an honest one did not get.
func (b *bed) fail(err error) {
	if err == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = append(b.failures, err)
}

// leave has the honest ones go.
func (b *bed) leave() {
	b.stop()
	b.all.Wait()
	for _, r := range b.rigs {
		_ = r.conn.Close()
	}
}

// check holds the honest ones to have all that they were owed since the start.
func (b *bed) check() {
	b.t.Helper()
	b.mu.Lock()
	for _, err := range b.failures {
		b.t.Error(err)
	}
	b.failures = nil
	b.mu.Unlock()
	if _, _, refused := b.judged.counts(); len(refused) > 0 {
		b.t.Errorf("honest shares were refused: %.1000q", refused)
	}
	if peers, err := b.node.PeerCount(); err != nil || peers == 0 {
		b.t.Errorf("the node has %d peers, %v", peers, err)
	}
	testnet.Wait(b.t, 10*time.Second, func() error {
		for i, r := range b.rigs {
			if oldest := r.oldest(); !oldest.IsZero() && time.Since(oldest) > time.Second {
				return fmt.Errorf("a share of the honest rig %d has had no verdict for %v", i, time.Since(oldest))
			}
		}
		return nil
	})
}
