package process

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/crypto/ed25519"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// marks makes secrets that can be found again.
type marks struct {
	made map[string]string // secret → where it was given
}

func (m *marks) new(where string) string {
	secret := fmt.Sprintf("hunter%dmark", len(m.made))
	m.keep(where, secret)
	return secret
}

func (m *marks) keep(where, secret string) {
	if m.made == nil {
		m.made = make(map[string]string)
	}
	m.made[secret] = where
}

// check looks for all secrets in a text.
func (m *marks) check(t *testing.T, what, text string) {
	t.Helper()
	for secret, where := range m.made {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%s has the secret of %s: …%s…", what, where, text[max(0, i-150):min(len(text), i+100)])
		}
	}
}

// TestNoSecretIsTold gives a node a secret wherever it takes one, has it use them against nobody who
// answers, at the log's level debug, and looks for them in all that it and the commands say.
func TestNoSecretIsTold(t *testing.T) {
	t.Parallel() // It mostly waits.
	var m marks
	rigs, file := harness.RigAddress(t), filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(m.new("payout.password-file")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	m.keep("p2p.node_key", key.String()[:64]) // The rest is public.
	n := testnet.Start(t, testnet.NodeOptions{Args: append(harness.MineSlowly(),
		"--log_level", "debug", "--stratum.listen", rigs, "--stratum.password", m.new("stratum.password"),
		"--mining.extra-nodes", "http://shed:"+m.new("mining.extra-nodes")+"@127.0.0.1:1",
		"--notify.webhook", "http://127.0.0.1:1/"+m.new("notify.webhook")+"?token="+m.new("notify.webhook's query"),
		"--notify.ping", "http://127.0.0.1:1/"+m.new("notify.ping"), "--notify.ping-every", "10s",
		"--notify.command", "false --token "+m.new("notify.command"),
		"--p2p.proxy_address", "127.0.0.1:1", "--p2p.proxy_username", "shed", "--p2p.proxy_password", m.new("p2p.proxy_password"),
		"--p2p.keep_dial", "127.0.0.1:2", "--p2p.node_key", key.String(),
		"--payout.scheme", "pplns", "--payout.password-file", file,
		"--watch", "http://shed:"+m.new("watch, a node")+"@127.0.0.1:1,stratum+tcp://shed:"+m.new("watch, a pool")+"@127.0.0.1:1",
	)})
	n.WaitHeight(1, time.Minute)
	if err := n.Call("/set-mining", map[string]bool{"is_mining": false}, nil); err != nil {
		t.Fatal(err)
	}
	var token struct{ Token string }
	if err := n.Call("/create-access-token", map[string]string{"id": "shed", "type": "client"}, &token); err != nil {
		t.Fatal(err)
	}
	_, secret, _ := strings.Cut(token.Token, ":")
	m.keep("an access token", secret)
	askWithSecrets(t, n, rigs, &m)
	for _, route := range []string{"/metrics", "/mining/api/v1/status", "/mining/api/v1/rigs", "/mining/api/v1/blocks", "/mining/api/v1/payouts", "/mining/api/v1/widget",
		"/mining/api/v1/series?span=1h", "/net-info", "/list-peers", "/mining-info", "/home-info", "/list-rigs", "/list-found-blocks", "/list-payout-owners", "/list-keys",
		"/preview-payouts", "/list-unsigned-payouts", "/get-mining-address", "/mining/", "/mining/api/openapi.json", "/wallet-info"} {
		m.check(t, route, getText(t, n.URL+route))
	}
	for _, command := range []string{"stats", "rigs", "blocks", "journal", "payouts status", "health", "token list", "node --help", "front --help", "rig --help"} {
		args := append(strings.Fields(command), "--home", n.Home)
		if !strings.Contains(command, "--help") {
			args = append(args, "--api_addr", n.URL)
		}
		text, err := harness.Execute(t, testnet.Solo(t), args...)
		if err != nil && command != "health" {
			t.Errorf("%s: %v: %s", command, err, text)
		}
		m.check(t, command, text)
	}
	testnet.Wait(t, time.Minute, func() error { // All have tried.
		for _, what := range []string{"found block not relayed", "the webhook takes no notification", "the command does not take them", "the ping of notify.ping does not get through",
			"source=http://127.0.0.1:1", "source=stratum+tcp://127.0.0.1:1", "addr=127.0.0.1:2"} {
			if !strings.Contains(n.Log(), what) {
				return fmt.Errorf("the log says nothing of %q", what)
			}
		}
		return nil
	})
	n.Stop()
	m.check(t, "the log", n.Log())
	engineIsNotTold(t, &m)
}

// engineIsNotTold is of a node of its own: one without its engine has a serious fault, and so sends
// no pings.
func engineIsNotTold(t *testing.T, m *marks) {
	t.Helper()
	n := testnet.Start(t, testnet.NodeOptions{Args: []string{"--log_level", "debug", "--engine", "nats://" + m.new("engine") + "@127.0.0.1:1"}})
	testnet.Wait(t, time.Minute, func() error {
		if !strings.Contains(n.Log(), "the engine can't be reached") {
			return fmt.Errorf("the log says nothing of the engine")
		}
		return nil
	})
	m.check(t, "the status", getText(t, n.URL+"/mining/api/v1/status"))
	n.Stop()
	m.check(t, "the log", n.Log())
}

// askWithSecrets makes calls that have secrets, right and wrong ones.
func askWithSecrets(t *testing.T, n *testnet.Node, rigs string, m *marks) {
	t.Helper()
	for route, in := range map[string]any{
		"/create-key":                           map[string]string{"alias": "cold", "password": m.new("/create-key")},
		"/check-key-password":                   map[string]string{"xpub": "00", "password": m.new("/check-key-password")},
		"/reset-key-password":                   map[string]string{"xpub": "00", "old_password": m.new("an old password"), "new_password": m.new("a new password")},
		"/sign-transaction":                     map[string]string{"password": m.new("/sign-transaction"), "transaction": "none"},
		"/check-access-token":                   map[string]string{"id": "shed", "secret": m.new("a wrong token")},
		"/set-mining":                           map[string]string{"password": m.new("a field that there is not")},
		"/metrics?password=" + m.new("a query"): nil,
	} {
		_, body, err := n.Post(route, in)
		if err != nil {
			t.Errorf("%s: %v", route, err)
		}
		m.check(t, route, string(body))
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.URL+"/net-info", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("shed", m.new("a header"))
	r.Header.Set("Origin", "http://evil.example")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	rig, err := net.Dial("tcp", rigs)
	if err != nil {
		t.Fatal(err)
	}
	defer rig.Close()
	fmt.Fprintf(rig, `{"id":1,"method":"login","params":{"login":"shed","pass":%q,"agent":"x"}}`+"\n", m.new("a rig's wrong password"))
	line, err := bufio.NewReader(rig).ReadString('\n')
	if err != nil && err != io.EOF {
		t.Error(err)
	}
	m.check(t, "the answer to a rig", line)
}

func getText(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%s: %s, %v", url, answer.Status, err)
	}
	return string(text)
}
