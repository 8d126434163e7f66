package watch

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/gbt"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum"
)

// theirs is another node's line of work, as our servers serve it: real handlers and a real
// server of rigs on a chain of hashes.
type theirs struct {
	chain     *fakeChain
	generator *mining.Generator
	http      *httptest.Server
	stratum   string // host:port
	calls     sync.Map
	stock     atomic.Bool // the HTTP side has get-work alone
}

func serveTheirs(t *testing.T, chain *fakeChain) *theirs {
	t.Helper()
	payee := mining.Payee{Address: "a", Program: append([]byte{0, 20}, make([]byte, 20)...)}
	s := &theirs{chain: chain}
	s.generator = mining.NewGenerator(mining.GeneratorConfig{
		Source: chain, Payee: func() (mining.Payee, []byte, error) { return payee, nil, nil },
	})
	verifier := compute.NewVerifier(computetest.SHA3{})
	t.Cleanup(verifier.Close)
	submitter := mining.NewSubmitter(mining.SubmitterConfig{Source: chain, Verifier: verifier})
	space := mining.NewExtranonces()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.stratum = l.Addr().String()
	server := stratum.NewServer(stratum.Config{
		Listener: l, Templates: s.generator, Submitter: submitter, Extranonces: space, Hash: verifier.Hash, StartDifficulty: 1,
	})
	handler := gbt.New(gbt.Config{
		Source: chain, Generator: s.generator, Submitter: submitter, Extranonces: space,
		Skipped: func() (int, map[string]int) { return 0, nil }, Tag: func() []byte { return nil },
	})
	router := mux.NewRouter()
	handler.Register(router)
	s.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count, _ := s.calls.LoadOrStore(r.URL.Path, new(atomic.Int64))
		count.(*atomic.Int64).Add(1)
		if _, secret, _ := r.BasicAuth(); secret != "hunter2" || s.stock.Load() && r.URL.Path != "/get-work" {
			http.NotFound(w, r)
			return
		}
		router.ServeHTTP(w, r)
	}))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.generator.Run(ctx) })
	running.Go(func() { _ = server.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		handler.Stop()
		s.http.Close()
		running.Wait()
	})
	return s
}

// called is how often a route was.
func (s *theirs) called(route string) int64 {
	count, ok := s.calls.Load(route)
	if !ok {
		return 0
	}
	return count.(*atomic.Int64).Load()
}

// watching runs a watcher of some URLs beside the test.
func watching(t *testing.T, chain Chain, urls ...string) *Watcher {
	t.Helper()
	sources, err := ParseSources(urls)
	if err != nil {
		t.Fatal(err)
	}
	w := New(Config{Sources: sources, Chain: chain})
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() { _ = w.Run(ctx); close(stopped) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-stopped:
		case <-time.After(10 * time.Second):
			t.Error("the watcher runs on")
		}
	})
	return w
}

// await waits until all sources are as a function wants them.
func (w *Watcher) await(t *testing.T, what string, is func(Status) bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		good := true
		for _, s := range w.Sources() {
			good = good && is(s)
		}
		if good {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no %s: %+v", what, w.Sources())
		}
	}
}

// TestRealServers watches our Stratum server, our templates by longpoll, and get-work as the
// stock node serves it.
func TestRealServers(t *testing.T) {
	a, b := serveTheirs(t, newChain(20)), serveTheirs(t, newChain(20))
	b.stock.Store(true)
	withToken := func(url string) string { return strings.Replace(url, "//", "//shed:hunter2@", 1) }
	w := watching(t, newChain(17), "stratum+tcp://a.watch@"+a.stratum, withToken(a.http.URL), withToken(b.http.URL))
	is := func(ahead int64, on uint64) func(Status) bool {
		parent := block(ours, on)
		return func(s Status) bool {
			return s.Up && s.Height != nil && *s.Height == on && *s.Parent == parent.String() && *s.Bits == fmt.Sprintf("%016x", uint64(easyBits)) &&
				*s.Seed == seed.String() && s.Error == nil && s.Last != nil && s.Ahead != nil && *s.Ahead == ahead
		}
	}
	w.await(t, "view", is(3, 20))
	for _, s := range []*theirs{a, b} {
		s.chain.grow(2)
		s.generator.TipChanged()
	}
	w.await(t, "news", is(5, 22))
	if a.called("/get-work") > 0 || a.called("/get-block-template") < 2 || b.called("/get-work") < 2 || b.called("/get-block-template") != 1 {
		t.Errorf("one was asked for %d works and %d templates, the other for %d and %d", a.called("/get-work"), a.called("/get-block-template"),
			b.called("/get-work"), b.called("/get-block-template"))
	}
	if n := a.called("/get-block-template"); n > 8 {
		t.Errorf("%d longpolls for two tips", n)
	}
	if n := b.called("/get-work"); n > 6 {
		t.Errorf("%d works within seconds", n)
	}
	for _, submits := range []string{"/submit-work", "/submit-block", "/submit-solution"} {
		if a.called(submits)+b.called(submits) > 0 {
			t.Errorf("%s was called", submits)
		}
	}
}

// TestNoToken has a node that lets nobody in.
func TestNoToken(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, secret, _ := r.BasicAuth()
		http.Error(w, "no entry for "+name+":"+secret+" "+r.Header.Get("Authorization"), http.StatusUnauthorized)
	}))
	defer s.Close()
	w := watching(t, newChain(1), strings.Replace(s.URL, "//", "//shed:hunter2@", 1))
	w.await(t, "refusal", func(s Status) bool { return s.Error != nil })
	text := *w.Sources()[0].Error
	if strings.Contains(text, "hunter2") || strings.Contains(text, "c2hlZDpodW50ZXIy") || !strings.Contains(text, "access token") {
		t.Error(text)
	}
}

// TestWhatIsWrongWithTheURL has sources that answer, and not as the URL says: the error says
// what an operator can do.
func TestWhatIsWrongWithTheURL(t *testing.T) {
	plain, secured := httptest.NewServer(http.NotFoundHandler()), httptest.NewTLSServer(http.NotFoundHandler())
	defer plain.Close()
	defer secured.Close()
	at := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	for url, want := range map[string]string{
		"stratum+tcp://a@" + at(plain):   "does not speak Stratum",
		"stratum+tcp://a@" + at(secured): "does not speak Stratum",
		"stratum+ssl://a@" + at(plain):   "does not speak Stratum",
		"stratum+ssl://a@" + at(secured): "SSL_CERT_FILE",
		secured.URL:                      "SSL_CERT_FILE",
		plain.URL:                        "404",
	} {
		sources, err := ParseSources([]string{url})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		if err := sources[0].follow(ctx, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected something of %s", url, err, want)
		}
		cancel()
	}
}
