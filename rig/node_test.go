package rig

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// recorder is a backend of several workers that writes down what it hashes.
type recorder struct {
	computetest.SHA3
	mu     sync.Mutex
	hashed map[[32]byte]int
}

func (b *recorder) Info() compute.Info {
	i := b.SHA3.Info()
	i.Workers = 4
	return i
}

func (b *recorder) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	h, err := b.SHA3.NewHasher(ctx, seed)
	return &recordingHasher{h, b}, err
}

type recordingHasher struct {
	compute.Hasher
	b *recorder
}

func (h *recordingHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	h.b.mu.Lock()
	for _, header := range headers {
		h.b.hashed[header]++
	}
	h.b.mu.Unlock()
	return h.Hasher.Hash(ctx, results, headers)
}

// counts is how many headers were hashed, and how many more than once.
func (b *recorder) counts() (hashed, again int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range b.hashed {
		hashed++
		if n > 1 {
			again++
		}
	}
	return hashed, again
}

// fakeNode gives the same work to everybody, as a stock node does.
type fakeNode struct {
	header    types.BlockHeader
	broken    atomic.Int64 // so many calls fail
	submitted atomic.Int64
	answer    func(route string) string // in place of its own, if not empty
	longpoll  string                    // the id of its templates, x if empty
}

const (
	noneMeets = 1                // bits
	someMeet  = 0x1f<<56 | 1<<52 // one hash in 4096 or so meets them
)

func (n *fakeNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n.broken.Add(-1) >= 0 {
		panic(http.ErrAbortHandler) // The connection breaks.
	}
	if n.answer != nil {
		if text := n.answer(r.URL.Path); text != "" {
			fmt.Fprint(w, text)
			return
		}
	}
	reply := func(data any) {
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": data})
	}
	switch r.URL.Path {
	case "/get-work":
		reply(wire.Work{BlockHeader: &n.header, Seed: &bc.Hash{V0: 1}})
	case "/get-block-template":
		zero := strings.Repeat("00", 32)
		reply(wire.Template{
			Version: 1, Height: n.header.Height, PreviousBlockHash: n.header.PreviousBlockHash.String(), Seed: zero, StatusCommitment: zero,
			Bits: fmt.Sprintf("%016x", n.header.Bits), LongpollID: cmp.Or(n.longpoll, "x"), WorkID: "w",
			CoinbaseBuild: wire.CoinbaseBuild{Extranonce: wire.Extranonce{Size: 1}, Layers: []wire.Layer{{Tag: "t"}}},
		})
	default:
		n.submitted.Add(1)
		reply(true)
	}
}

// logText is a log that can be read while it is written.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// says is nil if all that is wanted is in the log.
func (l *logText) says(wanted ...string) error {
	text := l.String()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			return fmt.Errorf("the log does not say %q:\n%s", want, text)
		}
	}
	return nil
}

// fakeRig is a rig on a node that is a handler.
func fakeRig(t *testing.T, n http.Handler, templates bool, b compute.Backend) (*Rig, *logText) {
	t.Helper()
	s := httptest.NewServer(n)
	t.Cleanup(s.Close)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	c, err := client.New(s.URL, s.Client())
	if err != nil {
		t.Fatal(err)
	}
	var log logText
	logger := slog.New(slog.NewTextHandler(&log, nil))
	return New(Config{Source: &node{client: c, templates: templates, log: logger}, Devices: []compute.Backend{b}, Log: logger}), &log
}

// during runs the rig until the condition holds.
func during(t *testing.T, r *Rig, condition func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	testnet.Wait(t, 2*time.Minute, condition)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the rig ended with %v", err)
	}
}

// TestRigWorkersShareNoHeader has two rigs of four workers each on a node that gives
// all of them the same header, and one on a template.
func TestRigWorkersShareNoHeader(t *testing.T) {
	n := &fakeNode{header: types.BlockHeader{Version: 1, Height: 7, Bits: noneMeets, Timestamp: 1000}}
	enough := func(b *recorder) func() error {
		return func() error {
			if hashed, _ := b.counts(); hashed < 20_000 {
				return fmt.Errorf("%d headers hashed", hashed)
			}
			return nil
		}
	}
	b := &recorder{hashed: make(map[[32]byte]int)}
	first, _ := fakeRig(t, n, false, b)
	second, _ := fakeRig(t, n, false, b)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = second.Run(ctx) }()
	during(t, first, enough(b))
	cancel()
	if hashed, again := b.counts(); again > 0 {
		t.Errorf("get-work: %d of %d headers were hashed twice", again, hashed)
	}
	b = &recorder{hashed: make(map[[32]byte]int)}
	third, _ := fakeRig(t, n, true, b)
	third.devices[0].workers = 3
	during(t, third, enough(b))
	if hashed, again := b.counts(); again > 0 {
		t.Errorf("getblocktemplate: %d of %d headers were hashed twice", again, hashed)
	}
}

// TestRigOutlastsItsNode breaks connections: when work is asked for, and when a
// solution goes out.
func TestRigOutlastsItsNode(t *testing.T) {
	t.Parallel() // It mostly waits.
	for _, templates := range []bool{false, true} {
		n := &fakeNode{header: types.BlockHeader{Version: 1, Height: 7, Bits: someMeet, Timestamp: 1000}}
		n.broken.Store(1)
		r, log := fakeRig(t, n, templates, computetest.SHA3{})
		n.answer = func(route string) string {
			if strings.HasPrefix(route, "/submit") && n.submitted.Add(1) == 1 {
				panic(http.ErrAbortHandler)
			}
			return ""
		}
		during(t, r, func() error {
			if r.Status().Shares.Accepted == 0 {
				return fmt.Errorf("%d solutions were submitted, none accepted", n.submitted.Load())
			}
			return nil
		})
		if err := log.says("the node gives no work", "the node gives work", "not submitted yet", "block accepted", "stopped"); err != nil {
			t.Errorf("templates %v: %v", templates, err)
		}
	}
}

// TestRigGoesOnAfterARejection has a node that takes no solution.
func TestRigGoesOnAfterARejection(t *testing.T) {
	n := &fakeNode{header: types.BlockHeader{Version: 1, Height: 7, Bits: someMeet, Timestamp: 1000}}
	n.answer = func(route string) string {
		if strings.HasPrefix(route, "/submit") {
			return `{"status":"fail","error_detail":"no","data":{"reason":"stale-work","debug":"no"}}`
		}
		return ""
	}
	r, log := fakeRig(t, n, false, computetest.SHA3{})
	r.cfg.Every = 10 * time.Millisecond
	during(t, r, func() error {
		if r.Status().Shares.refused() < 3 {
			return fmt.Errorf("%d rejected", r.Status().Shares.refused())
		}
		return log.says("outcome=stale", "msg=status", "hashrate=", "height=7")
	})
}

// TestALostRaceIsNoRefusal has a node that finds each block valid, and another before it.
func TestALostRaceIsNoRefusal(t *testing.T) {
	for _, reason := range []string{"inconclusive", "duplicate-inconclusive"} {
		n := &fakeNode{header: types.BlockHeader{Version: 1, Height: 7, Bits: someMeet, Timestamp: 1000}}
		n.answer = func(route string) string {
			if strings.HasPrefix(route, "/submit") {
				return `{"status":"fail","error_detail":"no","data":{"reason":"` + reason + `","debug":"it lost the race"}}`
			}
			return ""
		}
		r, log := fakeRig(t, n, true, computetest.SHA3{})
		during(t, r, func() error {
			if s := r.Status().Shares; s.Lost < 2 {
				return fmt.Errorf("shares %+v, expected lost ones", s)
			}
			return nil
		})
		if s := r.Status().Shares; s.refused()+s.Accepted > 0 {
			t.Errorf("%s: shares %+v, expected lost ones alone", reason, s)
		}
		if err := log.says("block lost its race", "outcome=lost", "msg=stopped accepted=0 rejected=0 lost="); err != nil || strings.Contains(log.String(), "solution rejected") {
			t.Errorf("%s: %v: %s", reason, err, log)
		}
	}
}
