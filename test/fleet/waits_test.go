package fleet_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestAFrontThatWaitsSaysWhy: before a node has let a front in it serves no rigs, and its page, `health` and
// whoever scrapes it hear why.
func TestAFrontThatWaitsSaysWhy(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "home")
	p := harness.Start(t, testnet.Simulated(t), "front", "--home", home, "--chain_id", "solonet", "--engine", "nats://127.0.0.1:1",
		"--node", strings.Repeat("0a", 32)+"@http://127.0.0.1:1", "--mining.address", payee, "--api_addr", "127.0.0.1:0", "--stratum.listen", "127.0.0.1:0")
	page := p.Await(`msg="front starts".* page=(\S+)`)
	name, secret, err := node.ReadCookie(filepath.Join(home, "rpc.cookie"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "api/v1/status", "../metrics", "api/v1/rigs"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(name, secret)
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(text), "serves no rigs yet: the engine can't be reached") {
			t.Errorf("%s: %s: %s", req.URL, answer.Status, text)
		}
	}
	base := strings.TrimSuffix(page, "/mining/")
	text, err := harness.Execute(t, testnet.Simulated(t), "health", "--home", home, "--api_addr", base)
	if err == nil || !strings.Contains(text, "serves no rigs yet: the engine can't be reached") {
		t.Errorf("health: %v: %s", err, text)
	}
	p.Signal(syscall.SIGTERM)
	if code := p.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
