package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInitKnowsWhatTheHomeHolds runs init on homes with a configuration, with data, and
// with both.
func TestInitKnowsWhatTheHomeHolds(t *testing.T) {
	for _, test := range []struct {
		name       string
		file, data string // the networks that the home's config.toml and data are of
		args       []string
		prints     string
		refuses    []string
	}{
		{"nothing", "", "", []string{"--chain_id", "solonet"}, "wrote", nil},
		{"the same", "solonet", "solonet", []string{"--chain_id", "solonet"}, "exists already, for solonet, and was left", nil},
		{"none asked for", "solonet", "", nil, "exists already, for solonet, and was left", nil},
		{"wisdom by its other name", "wisdom", "wisdom", []string{"--chain_id", "testnet"}, "for wisdom", nil},
		{"another configuration", "mainnet", "", []string{"--chain_id", "testnet"}, "", []string{"home of mainnet", "not of wisdom", "--home"}},
		{"another's data", "", "mainnet", []string{"--chain_id", "testnet"}, "", []string{"data of mainnet", "not of wisdom", "--home"}},
		{"a solonet's data", "", "solonet", nil, "", []string{"data of solonet", "not of mainnet", "--home"}},
		{"data of another than the configuration", "mainnet", "solonet", nil, "", []string{"data of solonet", `chain_id "mainnet"`, "will not start"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			home := t.TempDir()
			write := func(name, text string) {
				path := filepath.Join(home, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if test.file != "" {
				write("config.toml", "chain_id = \""+test.file+"\"\n")
			}
			if test.data != "" {
				write("data/NETWORK", test.data+"\n")
			}
			out, err := command(t, append([]string{"init", "--home", home}, test.args...)...)
			if test.refuses == nil && (err != nil || !strings.Contains(out, test.prints)) {
				t.Errorf("%s, %v; expected %q", out, err, test.prints)
			}
			for _, want := range test.refuses {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s, %v: does not say %q", out, err, want)
				}
			}
			if _, err := os.Stat(filepath.Join(home, "config.toml")); test.refuses != nil && test.file == "" && err == nil {
				t.Error("a configuration was written")
			}
		})
	}
}
