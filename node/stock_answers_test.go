package node

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
)

// TestMiningAddressWithoutAccount answers as the stock node of 1.1.1 does, byte by byte.
func TestMiningAddressWithoutAccount(t *testing.T) {
	n, _ := newWholeNode(t, soloConfig(home(t)))
	w := httptest.NewRecorder()
	fromLoopback(n.server.Handler).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/get-mining-address", strings.NewReader("{}")))
	const want = `{"status":"fail","code":"BTM709","msg":"Account not found","error_detail":"Failed to find account"}`
	if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || got != want {
		t.Errorf("%d %s, expected %s", w.Code, got, want)
	}
	if _, err := n.generator.Current(); err == nil || !strings.Contains(err.Error(), "give --mining.address, or create an account") {
		t.Errorf("no work: %v", err)
	}
}

// TestNoTimeIsNull lists a rig before its first share, and after it.
func TestNoTimeIsNull(t *testing.T) {
	l := ledger.Open(ledger.Config{Path: filepath.Join(t.TempDir(), "l.db")})
	defer l.Close()
	route := rigRoute{ledger: l}
	list := func() string {
		w := httptest.NewRecorder()
		jsonHandler(route.list)(w, httptest.NewRequest(http.MethodPost, RigsRoute, nil))
		return w.Body.String()
	}
	l.Login(time.Now(), "a.0", "10.0.0.1", "x")
	if got := list(); !strings.Contains(got, `"last_share":null`) || strings.Contains(got, "0001-") {
		t.Errorf("before a share: %s", got)
	}
	at := time.Now().UTC()
	l.Add(ledger.Entry{At: at, Rig: "a.0", Effective: 1, Network: 10})
	if got := list(); !strings.Contains(got, `"last_share":"`+at.Format("2006-01-02T15:04:05")) {
		t.Errorf("after a share: %s", got)
	}
}
