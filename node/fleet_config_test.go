package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/bytom-solo/bytom-solo/fleet/natsserver"
)

// loadFront is load for a front.
func loadFront(t *testing.T, file string, args ...string) (*Config, error) {
	t.Helper()
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c := NewConfig()
	c.Bytom.RootDir = home
	fs := pflag.NewFlagSet("front", pflag.ContinueOnError)
	c.RegisterFront(fs)
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	return c, c.LoadFront(fs, func(string) (string, bool) { return "", false })
}

var (
	keyA, keyB = strings.Repeat("a0", 32), strings.Repeat("b1", 32)
	// inFront is a front's config.toml that is taken, but for the node.
	inFront = inSolonet + "[engine]\nurl = \"nats://127.0.0.1:1\"\n[mining]\naddress = \"sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7\"\n"
)

// refusedFor holds an error to words, separated by "|", and to telling no secret.
func refusedFor(t *testing.T, name string, err error, words string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: it was accepted", name)
		return
	}
	for word := range strings.SplitSeq(words, "|") {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v: does not say %q", name, err, word)
		}
	}
	if strings.Contains(err.Error(), "SECRET") {
		t.Errorf("%s: %v: tells a secret", name, err)
	}
}

// TestWrongNodesOfAFrontAreNamed: the error has the key, as much of the value as is no secret, and
// what a node is given as.
func TestWrongNodesOfAFrontAreNamed(t *testing.T) {
	for _, c := range []struct{ given, words string }{
		{"zz@http://10.0.0.1:9888", `value "zz@http://10.0.0.1:9888"|64 hexadecimal characters|fronts are served`},
		{keyA[:62] + "@http://hall1:SECRET@10.0.0.1:9888", `value "` + keyA[:62] + `@http://xxxxx@10.0.0.1:9888"|64 hexadecimal characters`},
		{"http://hall1:SECRET@10.0.0.1:9888", `value "http://xxxxx@10.0.0.1:9888"|KEY@http://host:port`},
		{"hall1:SECRET@10.0.0.1:9888", `value "(not shown)@10.0.0.1:9888"|KEY@http://host:port`},
		{"hall1:SECRET@http://10.0.0.1:9888", `value "(not shown)@http://10.0.0.1:9888"|KEY@http://host:port`},
		{"SECRET@10.0.0.1:9888", `value "(not shown)@10.0.0.1:9888"|KEY@http://host:port`},
		{keyA, `value "` + keyA + `"|http://[user:password@]host:port`},
		{keyA + "@hall1:SECRET@10.0.0.1:9888", `value "` + keyA + `@xxxxx@10.0.0.1:9888"|http://[user:password@]host:port`},
		{keyA + "@http://10.0.0.1:9888," + keyB, `value "` + keyB + `"|http://[user:password@]host:port`},
		{keyA + "@http://10.0.0.1:9888," + keyB + "@http://10.0.0.2:9888," + strings.ToUpper(keyA) + "@http://x:SECRET@10.0.0.3:9888", "@http://xxxxx@10.0.0.3:9888|each node once"},
	} {
		_, err := loadFront(t, "node = [\""+strings.ReplaceAll(c.given, ",", "\", \"")+"\"]\n"+inFront)
		refusedFor(t, "in config.toml, "+c.given, err, "config.toml: key node|"+c.words)
	}
	if _, err := loadFront(t, "node = \""+keyA+"@http://hall1:SECRET@10.0.0.1:9888\"\n"+inFront); err != nil {
		t.Error(err)
	}
}

// TestWrongFrontsAreNamed is the same of the fronts of a node.
func TestWrongFrontsAreNamed(t *testing.T) {
	for _, c := range []struct{ given, words string }{
		{"hall1=zz", `value "hall1=zz"|name=KEY|64 hexadecimal characters|bytom-solo front key`},
		{"hall1", `value "hall1"|name=KEY|64 hexadecimal characters`},
		{" =" + keyA, `value "=` + keyA + `"|name=KEY`},
		{"hall1=" + keyA + ", hall2=" + keyB[1:], `value "hall2=` + keyB[1:] + `"|64 hexadecimal characters`},
		{"hall1=" + keyA + ",hall2=" + keyA, `value "hall2=` + keyA + `"|a KEY of its own|hall1's already`},
		{"hall1=" + keyA + ",hall1=" + keyB, `value "hall1=` + keyB + `"|a name of its own|hall1 has the key ` + keyA},
		{"hall1=" + keyA + ",hall1=" + keyA, `value "hall1=` + keyA + `"|hall1's already`},
	} {
		_, err := load(t, inSolonet+"engine = \"nats://127.0.0.1:1\"\n[fleet]\nfronts = \""+c.given+"\"\n", nil, nil)
		refusedFor(t, "in config.toml, "+c.given, err, "config.toml: key fleet.fronts|"+c.words)
		_, err = load(t, inSolonet, nil, map[string]string{"TM_FLEET_FRONTS": c.given})
		refusedFor(t, "in the environment, "+c.given, err, "TM_FLEET_FRONTS|key fleet.fronts|"+c.words)
	}
}

// TestWrongEnginesAreNamed: each option of the engine's is named by its own key, at the start.
func TestWrongEnginesAreNamed(t *testing.T) {
	none := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(none, []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, words string }{
		{`url = "SECRET@10.0.0.1:4222"`, `key engine: value "xxxxx@10.0.0.1:4222": expected nats://host:port or tls://host:port`},
		{`url = "ftp://SECRET@10.0.0.1"`, `key engine: value "ftp://xxxxx@10.0.0.1": expected nats://`},
		{"url = \"nats://a\"\nca = \"/nonexist\"", `key engine.ca: value "/nonexist": expected a file that can be read`},
		{"url = \"nats://a\"\ncreds = \"" + none + "\"", `key engine.creds: value "` + none + `": expected a file of NATS credentials`},
		{"url = \"nats://a\"\ntls-cert = \"c.pem\"", `key engine.tls-cert: value "c.pem": expected its key`},
		{"url = \"nats://a\"\ntls-key = \"c.key\"", `key engine.tls-key: value "c.key": expected its certificate`},
	} {
		_, err := load(t, inSolonet+"[engine]\n"+c.file+"\n", nil, nil)
		refusedFor(t, c.file, err, c.words)
		_, err = loadFront(t, inSolonet+"node = \""+keyA+"@http://127.0.0.1:1\"\n[engine]\n"+c.file+"\n")
		refusedFor(t, "of a front, "+c.file, err, c.words)
	}
	if natsserver.Built {
		_, err := load(t, inSolonet+"[engine]\nurl = \"embedded\"\ntls-cert = \"c.pem\"\n", nil, nil)
		refusedFor(t, "embedded", err, `key engine.tls-cert: value "c.pem": expected its key`)
	}
}

// TestAFrontIsToldOfItsOwnCommand: 'bytom-solo init' and 'bytom-solo node' are of no use to a front.
func TestAFrontIsToldOfItsOwnCommand(t *testing.T) {
	for _, c := range []struct{ file, words string }{
		{"node = \"" + keyA + "@http://127.0.0.1:1\"\n" + strings.TrimPrefix(inFront, inSolonet), `key chain_id: value "": expected mainnet|--chain_id`},
		{"chain_id = \"bitcoin\"\n", `key chain_id: value "bitcoin": expected mainnet|--chain_id`},
		{"nodes = \"x\"\n" + inFront, `unknown key "nodes"|bytom-solo front --help`},
	} {
		_, err := loadFront(t, c.file)
		refusedFor(t, c.file, err, c.words)
		if err != nil && (strings.Contains(err.Error(), "bytom-solo init") || strings.Contains(err.Error(), "bytom-solo node")) {
			t.Errorf("%v: that is a node's", err)
		}
	}
	_, err := load(t, "nodes = \"x\"\n"+inSolonet, nil, nil)
	refusedFor(t, "a node", err, "bytom-solo node --help")
}
