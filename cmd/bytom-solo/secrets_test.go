package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestErrorsTellNoSecret has a secret in each command line, file and variable that is wrong.
func TestErrorsTellNoSecret(t *testing.T) {
	const secret = "hunter5ecret"
	home := t.TempDir()
	inNode := func(args ...string) []string {
		return append([]string{"node", "--home", home, "--chain_id", "solonet", "--vault_mode", "--web.closed", "--api_addr", "127.0.0.1:0"}, args...)
	}
	for name, test := range map[string]struct {
		args      []string
		file, env string // of config.toml; NAME=value
	}{
		"extra nodes":           {args: inNode("--mining.extra-nodes", "ftp://shed:"+secret+"@127.0.0.1")},
		"extra nodes, no host":  {args: inNode("--mining.extra-nodes", "http://shed:"+secret+"@")},
		"webhook":               {args: inNode("--notify.webhook", "ftp://127.0.0.1/"+secret)},
		"webhook, no URL":       {args: inNode("--notify.webhook", "http://127.0.0.1:x/"+secret)},
		"ping":                  {args: inNode("--notify.ping", "127.0.0.1/"+secret)},
		"rigs' password":        {args: inNode("--stratum.password", secret)},
		"watch":                 {args: inNode("--watch", "stratum+tcp://shed:"+secret+"@")},
		"watch, twice":          {args: inNode("--watch", "http://a:"+secret+"@127.0.0.1,http://b:"+secret+"@127.0.0.1")},
		"proxy":                 {args: inNode("--p2p.proxy_password", secret)},
		"node key":              {args: inNode("--p2p.node_key", secret)},
		"engine":                {args: inNode("--engine", "ftp://"+secret+"@127.0.0.1")},
		"engine, several":       {args: inNode("--engine", "nats://"+secret+"@127.0.0.1:1,nats://x:"+secret+"@:y")},
		"a key that is none":    {args: inNode(), file: "[stratum]\npasswort = \"" + secret + "\"\n"},
		"a file that is none":   {args: inNode(), file: "[stratum]\npassword = \"" + secret + "\n"},
		"a variable":            {args: inNode(), env: "TM_MINING_EXTRA_NODES=ftp://shed:" + secret + "@127.0.0.1"},
		"a misspelt flag":       {args: inNode("--stratum.pasword=" + secret)},
		"a front's node":        {args: []string{"front", "--home", home, "--node", "00@http://shed:" + secret + "@127.0.0.1"}},
		"a rig's password":      {args: []string{"rig", "-o", "stratum+tcp://127.0.0.1", "-p", secret, "-p", secret}},
		"a rig's server":        {args: []string{"rig", "-o", "stratum+tcp://x:" + secret + "@127.0.0.1"}},
		"a rig's node":          {args: []string{"rig", "--gbt", "ftp://shed:" + secret + "@127.0.0.1"}},
		"a rig's node, by work": {args: []string{"rig", "--getwork", "http://shed:" + secret + "@[::1"}},
		"resubmit":              {args: []string{"journal", "resubmit", strings.Repeat("7", 64), "--to", "shed:" + secret + "@127.0.0.1"}},
		"token":                 {args: []string{"health", "--token", secret}},
		"token of environment":  {args: []string{"health"}, env: "TM_TOKEN=" + secret},
		"address":               {args: []string{"health", "--api_addr", "ftp://shed:" + secret + "@127.0.0.1"}},
		"address, nobody there": {args: []string{"health", "--api_addr", "http://shed:" + secret + "@127.0.0.1:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			if key, value, ok := strings.Cut(test.env, "="); ok {
				t.Setenv(key, value)
			}
			if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var out bytes.Buffer
			root := newRoot(&out, &out)
			root.SetArgs(test.args)
			err := root.ExecuteContext(ctx)
			if err == nil || ctx.Err() != nil {
				t.Fatalf("it is not refused: %v", err)
			}
			if text := out.String() + err.Error(); strings.Contains(text, secret) {
				t.Errorf("the secret is told: %s", text)
			}
		})
	}
}
