package node

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bytom-solo/bytom-solo/fleet"
)

// TestClosedWaysAreTold: a front knows which of its nodes can't be reached by HTTP, says so once for each
// reason, without the token, and that it is open again.
func TestClosedWaysAreTold(t *testing.T) {
	var log lockedBuffer
	f := waitingFront(t, slog.New(slog.NewTextHandler(&log, nil)))
	defer f.close()
	var open atomic.Bool
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in FrontBlock
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		sealed, err := base64.StdEncoding.DecodeString(in.Message)
		if err != nil {
			t.Error(err)
		}
		m, err := fleet.Open(sealed, "solonet", func(k fleet.PublicKey) bool { return k == f.key.Public() })
		if _, ok := m.Body.(*fleet.Hello); err != nil || !ok {
			t.Errorf("it is asked by %T, %v", m.Body, err)
		}
		if !open.Load() {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"detail":"no such token"}`))
			return
		}
		answer, err := json.Marshal(map[string]any{"status": "success", "data": newFrontVerdict(fleet.Verdict{})})
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(answer)
	}))
	defer node.Close()
	rpc, err := url.Parse(strings.Replace(node.URL, "http://", "http://hall:5ec2e7@", 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		open bool
		why  string
		told int
	}{{false, "no such token", 1}, {false, "no such token", 1}, {true, "", 2}, {true, "", 2}, {false, "no such token", 3}} {
		open.Store(step.open)
		f.probeWay(t.Context(), rpc)
		if got := f.ways.why(); (got == "") != step.open || !strings.Contains(got, step.why) || strings.Contains(got, "5ec2e7") {
			t.Errorf("%+v: got %q", step, got)
		}
		if got := strings.Count(log.String(), "by HTTP"); got != step.told {
			t.Errorf("%+v: told %d times: %s", step, got, log.String())
		}
	}
	if strings.Contains(log.String(), "5ec2e7") {
		t.Errorf("the log has the token: %s", log.String())
	}
}

// TestAWayThatBreaksOffIsToldOnce: each try has a port of its own, which is in the reason.
func TestAWayThatBreaksOffIsToldOnce(t *testing.T) {
	var log lockedBuffer
	f := waitingFront(t, slog.New(slog.NewTextHandler(&log, nil)))
	defer f.close()
	node, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	go func() {
		for {
			conn, err := node.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	}()
	for range 3 {
		f.probeWay(t.Context(), &url.URL{Scheme: "http", Host: node.Addr().String()})
	}
	if got := strings.Count(log.String(), "by HTTP"); got != 1 {
		t.Errorf("told %d times: %s", got, log.String())
	}
}

// TestFewBlocksGoToANodeThatHangs: on a chain as fast as a young solonet's a front finds blocks faster than the calls to a node that
// hangs end. Those beyond a bound go by the engine alone, and each has its turn once the node answers.
func TestFewBlocksGoToANodeThatHangs(t *testing.T) {
	hangs := make(chan struct{})
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-hangs
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer node.Close()
	rpc, err := url.Parse(node.URL)
	if err != nil {
		t.Fatal(err)
	}
	bring := newFrontWays().couriers(nodeList{{rpc: rpc}})[0]
	const more = 8
	errs := make(chan error, mostOnTheWay+more)
	for range cap(errs) {
		go func() {
			_, err := bring(t.Context(), []byte("sealed"))
			errs <- err
		}()
	}
	for range more {
		if err := <-errs; err == nil || !strings.Contains(err.Error(), "32 other blocks wait") {
			t.Errorf("one too many: %v", err)
		}
	}
	close(hangs)
	for range mostOnTheWay {
		if err := <-errs; err == nil || !strings.Contains(err.Error(), "503") {
			t.Errorf("one of those that wait: %v", err)
		}
	}
	if _, err := bring(t.Context(), []byte("sealed")); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("once it answers: %v", err)
	}
}
