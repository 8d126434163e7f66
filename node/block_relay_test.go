package node

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// TestRelayReachesTheExtraNodes submits to one that answers, one that fails at first
// and wants a token, and one that is not there.
func TestRelayReachesTheExtraNodes(t *testing.T) {
	f := chaintest.NewQuick(t)
	block := f.Block(t, 1)
	var mu sync.Mutex
	got := make(map[string]int)
	node := func(name string, failures int) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			var in struct {
				RawBlock *types.Block `json:"raw_block"`
			}
			user, password, _ := r.BasicAuth()
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.URL.Path != "/submit-block" || in.RawBlock.Hash() != block.Hash() {
				t.Errorf("%s was sent %s: %v", name, r.URL, err)
			}
			got[name+" "+user+":"+password]++
			if got[name+" "+user+":"+password] <= failures {
				http.Error(w, "busy", http.StatusBadGateway)
				return
			}
			writeJSON(w, http.StatusOK, map[string]any{"status": "success", "data": true})
		}))
		t.Cleanup(s.Close)
		return s
	}
	good, busy, gone := node("good", 0), node("busy", 2), httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	var log strings.Builder
	r, err := newRelay(good.URL+", "+strings.Replace(busy.URL, "http://", "http://me:secret@", 1)+","+gone.URL,
		slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	r.pause = time.Millisecond
	r.send(block)
	r.wait(t.Context())
	mu.Lock()
	defer mu.Unlock()
	if len(got) != 2 || got["good :"] != 1 || got["busy me:secret"] != 3 {
		t.Errorf("requests: %v", got)
	}
	if text := log.String(); !strings.Contains(text, "not relayed") || strings.Contains(text, "secret") {
		t.Errorf("log: %s", text)
	}
}

// TestARelayedBlockIsOneThatWasJudged has extra nodes that do not let the caller in, for want of a token or of a name that they know: the block
// has not got to them, and that is what the log says. One that judges it has got it.
func TestARelayedBlockIsOneThatWasJudged(t *testing.T) {
	block := chaintest.NewQuick(t).Block(t, 1)
	for _, test := range []struct {
		status int
		answer map[string]any
		judged bool
		says   string
	}{
		{http.StatusUnauthorized, map[string]any{"code": "BTM860", "msg": "Request could not be authenticated", "status": "fail", "detail": "invalid token"}, false, "invalid token"},
		{http.StatusForbidden, map[string]any{"status": "fail", "msg": "Forbidden", "error_detail": "not known by the name"}, false, "not known by the name"},
		{http.StatusOK, map[string]any{"status": "fail", "error_detail": "bad-diffbits"}, true, "bad-diffbits"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, test.status, test.answer) }))
		var log strings.Builder
		r, err := newRelay(s.URL, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		r.pause = time.Millisecond
		r.send(block)
		r.wait(t.Context())
		s.Close()
		text := log.String()
		if judged := strings.Contains(text, "found block relayed"); judged != test.judged || strings.Contains(text, "not relayed") == judged || !strings.Contains(text, test.says) {
			t.Errorf("status %d: %s", test.status, text)
		}
	}
}

// TestASlowExtraNodeHoldsNothingUp has one that never answers.
func TestASlowExtraNodeHoldsNothingUp(t *testing.T) {
	f := chaintest.NewQuick(t)
	stuck := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stuck }))
	defer s.Close()
	r, err := newRelay(s.URL, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	r.pause = time.Millisecond
	defer r.wait(context.Background()) // It logs to the end.
	defer close(stuck)
	start := time.Now()
	r.send(f.Block(t, 1))
	if r.wait(shortly(t)); time.Since(start) > 10*time.Second {
		t.Errorf("held up for %v", time.Since(start))
	}
}

// TestABlockAtTheEndIsSent has a device find one as the last that was on its way has reached its node.
func TestABlockAtTheEndIsSent(t *testing.T) {
	f := chaintest.NewQuick(t)
	arrived, answer := make(chan struct{}, 2), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-answer
		_, _ = w.Write([]byte(`{"status":"success"}`))
	}))
	defer s.Close()
	r, err := newRelay(s.URL, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	stuck, sent, first, second := make(chan struct{}), make(chan struct{}), f.Block(t, 1), f.Block(t, 2)
	go func() {
		defer close(sent)
		<-stuck
		r.send(second)
	}()
	r.send(first)
	waited := make(chan struct{})
	go func() { defer close(waited); r.wait(context.Background()) }()
	<-arrived
	close(stuck)
	close(answer)
	<-waited
	<-sent
	<-arrived
	r.wait(context.Background())
}

// shortly is a context that ends at once.
func shortly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func TestRelayRefusesWhatIsNoURL(t *testing.T) {
	for _, bad := range []string{"10.0.0.1:9888", "ftp://x", "http://", "http://a:9888,x"} {
		if _, err := newRelay(bad, slog.Default()); err == nil || !strings.Contains(err.Error(), "mining.extra-nodes") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if r, err := newRelay("", slog.Default()); err != nil || len(r.nodes) != 0 {
		t.Errorf("none: %v, %v", r, err)
	}
}
