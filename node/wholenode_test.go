package node

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"github.com/bytom/bytom/common"
	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/compute"
)

// wholeNode is a node as the command makes it, on a solonet and in vault mode, of which
// the templates' builder runs alone.
type wholeNode struct {
	*Node
	notices bytes.Buffer
	log     *lockedBuffer
}

// soloConfig is a configuration for wholeNode, with its home in a folder.
func soloConfig(home string) *Config {
	config := NewConfig()
	b := config.Bytom
	b.RootDir, b.ChainID, b.ApiAddress, b.VaultMode, b.Web.Closed = home, "solonet", "127.0.0.1:0", true, true
	return config
}

// newWholeNode opens a node. It is closed by the test's end, or before that by close.
func newWholeNode(t testing.TB, config *Config) (n *wholeNode, closeIt func()) {
	t.Helper()
	n, err := openWholeNode(t, config)
	if err != nil {
		t.Fatalf("%v\n%s", err, n.log)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = n.generator.Run(ctx) }()
	closed := false
	closeIt = func() {
		if closed {
			return
		}
		closed = true
		cancel()
		<-done
		if err := n.close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(closeIt)
	n.generator.Force()
	if err := n.generator.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n, closeIt
}

// sharedBackends opens the CPU's backend once for all tests of this program: its self-test and the seed of
// the solonet are a third of a second each time.
func sharedBackends(context.Context, Opening) ([]compute.Backend, error) { return openedOnce() }

var openedOnce = sync.OnceValues(func() ([]compute.Backend, error) {
	all, err := OpenBackends(context.Background(), Opening{Devices: "cpu", Log: slog.New(slog.DiscardHandler)})
	for i := range all {
		all[i] = leftOpen{all[i]}
	}
	return all, err
})

// leftOpen is a backend that others use as well.
type leftOpen struct{ compute.Backend }

func (leftOpen) Close() error { return nil }

// openWholeNode makes a node, or fails as it does.
func openWholeNode(t testing.TB, config *Config) (*wholeNode, error) {
	t.Helper()
	n := &wholeNode{log: &lockedBuffer{}}
	log := slog.New(slog.NewTextHandler(n.log, nil))
	ForwardBytomLog(log)
	if config.open == nil && (config.Mining.Devices == autoDevices || config.Mining.Devices == "") {
		config.open = sharedBackends
	}
	var err error
	n.Node, err = New(t.Context(), config, log, &n.notices)
	return n, err
}

// ask posts to a route of the node from loopback.
func (n *wholeNode) ask(t *testing.T, route, body string, out any) (detail string) {
	t.Helper()
	return ask(t, fromLoopback(n.server.Handler), route, body, out)
}

func fromLoopback(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr, r.Host = "127.0.0.1:5000", "127.0.0.1:9888"
		h.ServeHTTP(w, r)
	})
}

// severalNetworks lets a test open nodes of several networks, one after the other. Bytom's
// goroutines outlive a node and read the network's parameters, of which there is one set in
// a process: the race detector would see us write that.
func severalNetworks(t *testing.T) {
	t.Helper()
	if underRace {
		t.Skip("one process is one node, and Bytom's goroutines outlive it")
	}
	params := consensus.ActiveNetParams
	t.Cleanup(func() { consensus.ActiveNetParams = params })
}

// addressOf is an address of the active network that nobody has.
func addressOf(t *testing.T, numbers ...byte) string {
	t.Helper()
	hash := make([]byte, 20)
	copy(hash, numbers)
	a, err := common.NewAddressWitnessPubKeyHash(hash, &consensus.ActiveNetParams)
	if err != nil {
		t.Fatal(err)
	}
	return a.EncodeAddress()
}

// home is a folder that a node can have for its own.
func home(t testing.TB) string { return filepath.Join(t.TempDir(), "home") }

// lockedBuffer is a buffer that a logger may have while a test reads it.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
