package main

import (
	"bytes"
	"context"
	"crypto/sha3"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
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
	"github.com/bytom-solo/bytom-solo/mining"
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
			Bits: fmt.Sprintf("%016x", n.header.Bits), LongpollID: "x", WorkID: "w",
			CoinbaseBuild: wire.CoinbaseBuild{Extranonce: wire.Extranonce{Size: 1}, Layers: []wire.Layer{{Tag: "t"}}},
		})
	default:
		n.submitted.Add(1)
		reply(true)
	}
}

// fakeRig is a rig on a node that is a handler.
func fakeRig(t *testing.T, n http.Handler, templates bool, b compute.Backend) (*rigMiner, *bytes.Buffer) {
	t.Helper()
	s := httptest.NewServer(n)
	t.Cleanup(s.Close)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	c, err := client.New(s.URL, s.Client())
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	return makeRig(workSource{client: c, templates: templates}, []compute.Backend{b}, 0, slog.New(slog.NewTextHandler(&log, nil))), &log
}

// during runs the rig until the condition holds.
func during(t *testing.T, r *rigMiner, condition func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.run(ctx) }()
	testnet.Wait(t, 30*time.Second, condition)
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
	go func() { _ = second.run(ctx) }()
	during(t, first, enough(b))
	cancel()
	if hashed, again := b.counts(); again > 0 {
		t.Errorf("get-work: %d of %d headers were hashed twice", again, hashed)
	}
	b = &recorder{hashed: make(map[[32]byte]int)}
	third, _ := fakeRig(t, n, true, b)
	third.threads = 3
	during(t, third, enough(b))
	if hashed, again := b.counts(); again > 0 {
		t.Errorf("getblocktemplate: %d of %d headers were hashed twice", again, hashed)
	}
}

// TestRigOutlastsItsNode breaks connections: when work is asked for, and when a
// solution goes out.
func TestRigOutlastsItsNode(t *testing.T) {
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
			if r.accepted.Load() == 0 {
				return fmt.Errorf("%d solutions were submitted, none accepted", n.submitted.Load())
			}
			return nil
		})
		for _, line := range []string{"the node gives no work", "the node gives work", "not submitted yet", "block accepted", "stopped"} {
			if !strings.Contains(log.String(), line) {
				t.Errorf("templates %v: the log does not say %q:\n%s", templates, line, log)
			}
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
	r.each = 10 * time.Millisecond
	during(t, r, func() error {
		if r.rejected.Load() < 3 {
			return fmt.Errorf("%d rejected", r.rejected.Load())
		}
		return nil
	})
	for _, line := range []string{"reason=stale-work", "msg=status", "hashrate=", "height=7"} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("the log does not say %q:\n%s", line, log)
		}
	}
}

// TestRigEndsWhereItIsRefused has nodes that asking again would not move.
func TestRigEndsWhereItIsRefused(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		status       int
		templates    bool
		want         string
	}{
		{"no token", "", 401, false, "HTTP 401"},
		{"a stock node has no templates", "no such route", 404, true, "HTTP 404"},
		{"a payee that is none", `{"status":"fail","error_detail":"field payee: bad"}`, 200, true, "field payee"},
	} {
		n := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.status)
			fmt.Fprint(w, test.answer)
		})
		r, _ := fakeRig(t, n, test.templates, computetest.SHA3{})
		if err := r.run(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestRigParts holds the parts of a work to its bounds.
func TestRigParts(t *testing.T) {
	w := &rigWork{first: 1<<64 - 3}
	seen := make(map[uint64]bool)
	for i := range 100 {
		p, err := w.part(i)
		if err != nil || p.end-p.nonce != 1<<32 || p.end-1 > mining.MaxNonce || seen[p.nonce] {
			t.Errorf("part %d: %+v, %v", i, p, err)
		}
		seen[p.nonce] = true
	}
	build := wire.CoinbaseBuild{Extranonce: wire.Extranonce{Size: 2}, Layers: []wire.Layer{{Tag: "t"}}}
	w = &rigWork{template: &wire.Template{CoinbaseBuild: build}}
	p, err := w.part(0x102)
	body := sha3.Sum256([]byte{1, 2})
	id := sha3.Sum256(append([]byte("t"), body[:]...))
	if want := sha3.Sum256(append([]byte{0}, id[:]...)); err != nil || p.header.TransactionsMerkleRoot.Byte32() != want {
		t.Errorf("part of a template: %+v, %v", p, err)
	}
	build.Extranonce.Size = 9
	if _, err := (&rigWork{template: &wire.Template{CoinbaseBuild: build}}).part(0); err == nil {
		t.Error("an extranonce of nine bytes was taken")
	}
}

// startRig runs the program as a rig. Its log is what it printed when it ended.
func startRig(t *testing.T, args ...string) (stop func() (log string)) {
	t.Helper()
	cmd := exec.Command(testnet.Solo(t), append([]string{"rig"}, args...)...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return func() string {
		t.Helper()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("interrupted, the rig ended with %v", err)
		}
		return log.String()
	}
}

// TestRigMines has rigs as processes mine for our node by both ways, and for a stock
// node.
func TestRigMines(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct {
		flag  string
		stock bool
	}{{"--getwork", false}, {"--gbt", false}, {"--getwork", true}} {
		if test.flag == "--getwork" && !test.stock && !computetest.Long() {
			continue // The stock node's is the harder one.
		}
		t.Run(fmt.Sprintf("%s stock=%v", test.flag, test.stock), func(t *testing.T) {
			n := testnet.Start(t, testnet.NodeOptions{Stock: test.stock})
			address := makeAccount(t, n)
			args := []string{test.flag, n.URL, "--threads", "1"}
			if test.flag == "--gbt" {
				args = append(args, "--payee", address)
			}
			stop := startRig(t, args...)
			n.WaitHeight(3, r.limit(3)+time.Minute)
			log := stop()
			for _, line := range []string{"msg=mining", "the node gives work", "block accepted", "msg=stopped"} {
				if !strings.Contains(log, line) {
					t.Errorf("the rig's log does not say %q:\n%s", line, log)
				}
			}
			if strings.Contains(log, "solution rejected") || strings.Contains(log, "level=ERROR") {
				t.Errorf("the rig's log:\n%s", log)
			}
		})
	}
}

// TestRigRefusesFlags has command lines that can't mine.
func TestRigRefusesFlags(t *testing.T) {
	n := testnet.Start(t, testnet.NodeOptions{Stock: true})
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "getwork"},
		{[]string{"--getwork", "http://x", "--gbt", "http://y"}, "getwork"},
		{[]string{"--getwork", "http://x", "--payee", "y"}, "payee"},
		{[]string{"--getwork", "localhost"}, "http://host:port"},
		{[]string{"--getwork", "http://x", "--threads", "-1"}, "--threads"},
		{[]string{"--getwork", "http://x", "-d", "toaster"}, "toaster"},
		{[]string{"--gbt", n.URL}, "/get-block-template"},
	} {
		out, err := execute(t, testnet.Solo(t), append([]string{"rig"}, test.args...)...)
		if err == nil || !strings.Contains(out, test.want) {
			t.Errorf("rig %v: %v, expected an error about %s:\n%s", test.args, err, test.want, out)
		}
	}
}
