//go:build linux || darwin

package process_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

const (
	// owner is whom shares are credited to.
	owner = "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7"
	txID  = "0000000000000000000000000000000000000000000000000000000000000001"
)

// config is a home's config.toml, with something of each kind.
const config = `chain_id = "solonet"
node_alias = "shed"
api_addr = "127.0.0.1:0"

[p2p]
laddr = "tcp://127.0.0.1:0"
skip_upnp = true
lan_discoverable = false

[web]
closed = true

[stratum]
listen = "127.0.0.1:0"

[payout]
scheme = "pplns"
miner = %q

[engine]
url = "embedded"
listen = %q

[fleet]
fronts = [%q]
`

// facts are what a node says that its home has.
type facts struct {
	Tokens, Keys, Accounts, Overrides, Found int
	Height                                   uint64
}

// ask asks a node for them.
func ask(t *testing.T, c testnet.Client) (f facts) {
	t.Helper()
	count := func(route string) int {
		var all []any
		if err := c.Call(t.Context(), route, struct{}{}, &all); err != nil {
			t.Errorf("%s: %v", route, err)
		}
		return len(all)
	}
	f.Tokens, f.Keys, f.Accounts = count("/list-access-tokens"), count("/list-keys"), count("/list-accounts")
	f.Overrides, f.Found = count("/list-overrides"), count(node.FoundBlocksRoute)
	h, err := c.Height(t.Context())
	if err != nil {
		t.Error(err)
	}
	f.Height = h
	return f
}

// newHome is the home of a node that has mined, split what it found, and has something of each
// kind. The last run was killed.
func newHome(t *testing.T, program string) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	engine, front := harness.RigAddress(t), testnet.NewFront(t, testnet.FrontOptions{LogPath: filepath.Join(t.TempDir(), "log")})
	harness.WriteFile(t, filepath.Join(home, "config.toml"), fmt.Sprintf(config, owner, engine, front.Name+"="+front.Key), 0o600)
	for run := range 2 {
		p := harness.Start(t, program, "node", "--home", home, "--mining", "--mining.threads", "1", "--mining.cpu-percent", "10")
		c := p.Client()
		harness.WaitGrowth(t, c, 5)
		fillHome(t, c, run)
		if run > 0 {
			key, err := testnet.FleetKey(home)
			if err != nil {
				t.Fatal(err)
			}
			front.Start("nats://"+engine, owner, key+"@"+c.URL) // It is given extranonces.
			testnet.Wait(t, time.Minute, func() error {
				_, err := os.Stat(filepath.Join(home, "mining", "handouts.jsonl"))
				return err
			})
			front.Kill()
			p.Signal(syscall.SIGKILL)
		} else {
			p.Signal(syscall.SIGTERM)
		}
		p.End()
	}
	certify(t, filepath.Join(home, "certs"))
	return home
}

// certify adds a certificate for rigs and one for the engine.
func certify(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{"rigs", "engine"} {
		cert, key, _ := harness.Certify(t, "127.0.0.1")
		if err := errors.Join(os.Rename(cert, filepath.Join(dir, of+".crt")), os.Rename(key, filepath.Join(dir, of+".key"))); err != nil {
			t.Fatal(err)
		}
	}
}

// certified are the flags of a home with what certify adds.
func certified(home string) (flags []string) {
	for key, of := range map[string]string{"stratum": "rigs", "engine": "engine"} {
		path := filepath.Join(home, "certs", of)
		flags = append(flags, "--"+key+".tls-cert", path+".crt", "--"+key+".tls-key", path+".key")
	}
	return flags
}

// fillHome has a node write what mining alone does not.
func fillHome(t *testing.T, c testnet.Client, run int) {
	t.Helper()
	name := fmt.Sprint("run", run)
	err := errors.Join(
		c.Call(t.Context(), "/create-access-token", map[string]string{"id": name, "type": "client"}, nil),
		c.Call(t.Context(), "/create-transaction-feed", map[string]string{"alias": name, "filter": "asset_id='" + txID + "'"}, nil),
		c.Call(t.Context(), "/prioritise-transaction", map[string]any{"tx_id": txID, "fee_delta": 100 + run}, nil),
		c.Call(t.Context(), "/set-mining", map[string]bool{"is_mining": false}, nil),
		c.Call(t.Context(), "/get-work", nil, nil),
		c.Call(t.Context(), node.BackupRoute, nil, nil),
	)
	if err != nil {
		t.Fatal(err)
	}
}

// files are those of a home, by their paths within it.
func files(t *testing.T, home string) (all []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(home), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
