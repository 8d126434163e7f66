package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/bytom/bytom/consensus"
)

// FuzzConfig has any config.toml and any variable of the environment, of a node and of a front: an
// error says where the value stands, and what is taken is taken again, the same, from a file that
// has all keys with their values.
func FuzzConfig(f *testing.F) {
	if underRace {
		f.Skip("a front's configuration sets the network, which Bytom's goroutines read")
	}
	params := consensus.ActiveNetParams
	f.Cleanup(func() { consensus.ActiveNetParams = params })
	home := f.TempDir()
	f.Add(false, stockFile, "log_level", "debug")
	f.Add(false, "chain_id = \"solonet\"\n[mining]\nenable = true\nthreads = -1\n[payout]\nscheme = \"pplns\"\n[payout.owners]\nshed = \"sm1q\"\n[stratum]\nlisten = \"127.0.0.1:1\"\n", "payout.fee", "1.25")
	f.Add(false, "chain_id = \"solonet\"\n[engine]\nurl = \"nats://127.0.0.1:4222\"\n", "watch", "stratum+tcp://a@127.0.0.1:5")
	f.Add(false, "\uFEFFChain_ID = 'solonet'\np2p.seeds = ['1.2.3.4:5']\n", "notify.ping-every", "5m")
	f.Add(true, "chain_id = \"solonet\"\nmining.address = \"sm1q8af74u33cg5nwgyahwe7pf8hf6r9jza7mwcssn\"\nengine = \"nats://127.0.0.1:4222\"\nmax-age = \"30s\"\n",
		"node", strings.Repeat("ab", 32)+"@http://u:p@127.0.0.1:9888")
	f.Add(false, "chain_id = \"solonet\"\n[", "x", "\x00")
	f.Fuzz(func(t *testing.T, front bool, file, key, value string) {
		flags, err := loadFrom(t, home, front, file, key, value)
		if err != nil {
			if text := err.Error(); !strings.Contains(text, "config.toml") && !strings.Contains(text, "key ") && !strings.Contains(text, "environment TM_") {
				t.Errorf("%q and %s=%q: the error says not where: %v", file, key, value, err)
			}
			return
		}
		again, err := loadFrom(t, home, front, wholeFile(flags), "", "")
		if err != nil {
			t.Fatalf("%q and %s=%q are taken, and all values of it are not: %v", file, key, value, err)
		}
		flags.VisitAll(func(f *pflag.Flag) {
			if was, now := f.Value.String(), again.Lookup(f.Name).Value.String(); was != now && !hasSecrets[f.Name] {
				t.Errorf("%q and %s=%q: %s is %q, and again %q", file, key, value, f.Name, was, now)
			}
		})
	})
}

// hasSecrets are the lists that do not say all of themselves.
var hasSecrets = map[string]bool{"watch": true, "node": true}

// loadFrom makes a configuration of a file and of one variable.
func loadFrom(t *testing.T, home string, front bool, file, key, value string) (*pflag.FlagSet, error) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c, flags := NewConfig(), pflag.NewFlagSet("node", pflag.ContinueOnError)
	c.RegisterHome(flags)
	load, register := c.Load, c.Register
	if front {
		load, register = c.LoadFront, c.RegisterFront
	}
	register(flags)
	if err := flags.Parse([]string{"--home", home}); err != nil {
		t.Fatal(err)
	}
	err := load(flags, func(name string) (string, bool) {
		return value, key != "" && name == variable(key)
	})
	return flags, err
}

// wholeFile is a config.toml with all flags as they stand.
func wholeFile(flags *pflag.FlagSet) string {
	var text strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		name, value := f.Name, f.Value.String()
		switch name {
		case "home", "help":
			return
		case "mining", "engine":
			// Tables of their names stand beside them.
			name = map[string]string{"mining": "mining.enable", "engine": "engine.url"}[name]
		}
		fmt.Fprintf(&text, "%s = %s\n", name, tomlText(value))
	})
	return text.String()
}

// tomlText is a value as TOML's text.
func tomlText(value string) string {
	var text strings.Builder
	text.WriteByte('"')
	for _, r := range value {
		switch {
		case r == '"' || r == '\\':
			text.WriteRune('\\')
			text.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&text, `\u%04x`, r)
		default:
			text.WriteRune(r)
		}
	}
	text.WriteByte('"')
	return text.String()
}
