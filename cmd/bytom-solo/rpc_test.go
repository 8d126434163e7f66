package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node"
)

// nodeOf is a node that says that it has a home, and that has found one block.
func nodeOf(t *testing.T, home string) (address string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers := map[string]any{
			node.HomeRoute:         node.HomeInfo{Home: home, Network: "solonet"},
			node.FoundBlocksRoute:  []node.FoundBlock{{Height: 77, Hash: "77aa", State: "main"}},
			node.RigsRoute:         node.RigList{Rigs: []node.Rig{}},
			"/create-access-token": node.Token{Name: "shed", Token: "shed:77aa"},
			"/list-access-tokens":  []node.Token{{Name: "shed"}},
			"/delete-access-token": nil,
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": answers[r.URL.Path]})
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// homeAt is a home whose node is to listen at an address, with an empty journal.
func homeAt(t *testing.T, address string) string {
	t.Helper()
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "config.toml"), []byte("chain_id = \"solonet\"\napi_addr = \""+address+"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "rpc.cookie"), []byte("home.cookie:s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := mining.OpenJournal(filepath.Join(home, "mining", "journal.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return home
}

// TestWhoseAnswerItIs asks a node of one home in the name of that one, of another, and of
// nobody's.
func TestWhoseAnswerItIs(t *testing.T) {
	its := t.TempDir()
	address := nodeOf(t, its)
	if err := os.WriteFile(filepath.Join(its, "config.toml"), []byte("chain_id = \"solonet\"\napi_addr = \""+address+"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := homeAt(t, address)
	t.Setenv("HOME", t.TempDir()) // The default home has no configuration.
	for _, test := range []struct {
		name          string
		args          []string
		listen        string // the environment's
		out, says, no string
	}{
		{"its home", []string{"blocks", "--home", its}, "", "77aa", "", ""},
		{"its home's journal", []string{"journal", "--home", its}, "", "77aa", "", ""},
		{"no home", []string{"blocks"}, address, "77aa", "has the home " + its, ""},
		{"no home, the journal", []string{"journal"}, address, "77aa", "has the home " + its, ""},
		{"no home, rigs", []string{"rigs"}, address, "no rig", "has the home " + its, ""},
		{"another home", []string{"blocks", "--home", other}, "", "", "", "no node answers for " + other + ": the one at http://" + address + " is of " + its},
		{"another home's journal", []string{"journal", "--home", other}, "", "the journal is empty", "", ""},
		{"another home's rigs", []string{"rigs", "--home", other}, "", "", "", "its ledger can't be read"},
		{"its home's token", []string{"token", "create", "shed", "--home", its}, "", "shed:77aa", "", ""},
		{"no home, a token", []string{"token", "create", "shed"}, address, "shed:77aa", "has the home " + its, ""},
		{"no home, tokens", []string{"token", "list"}, address, "shed", "has the home " + its, ""},
		{"another home's token", []string{"token", "create", "shed", "--home", other}, "", "", "", "the one at http://" + address + " is of " + its},
		{"another home's tokens", []string{"token", "list", "--home", other}, "", "", "", "its tokens can't be opened either: no node has run in the home"},
		{"another home's token to delete", []string{"token", "delete", "shed", "--home", other}, "", "", "", "no node answers"},
		{"another home, by the address", []string{"blocks", "--home", other, "--api_addr", address}, "", "77aa", "has the home " + its, ""},
		{"nobody there", []string{"blocks", "--home", homeAt(t, "127.0.0.1:1")}, "", "", "", "no node answers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.listen != "" {
				t.Setenv("LISTEN", test.listen)
			}
			var out, terminal bytes.Buffer
			root := newRoot(&out, &terminal)
			root.SetArgs(test.args)
			err := root.ExecuteContext(t.Context())
			if test.no == "" && err != nil || test.no != "" && (err == nil || !strings.Contains(err.Error(), test.no)) {
				t.Errorf("%v, expected %q", err, test.no)
			}
			if !strings.Contains(out.String(), test.out) || test.no != "" && out.Len() > 0 || test.out == "the journal is empty" && strings.Contains(out.String(), "77aa") {
				t.Errorf("it prints %q, expected %q", out.String(), test.out)
			}
			if strings.Contains(fmt.Sprint(terminal.String(), err), "s3cret") {
				t.Errorf("it tells what lets one in: %s, %v", terminal.String(), err)
			}
			if said := terminal.String(); test.says == "" && said != "" || !strings.Contains(said, test.says) {
				t.Errorf("it says %q, expected %q", said, test.says)
			}
		})
	}
}

// TestTheDefaultAddressIsUsed looks for a node without any configuration.
func TestTheDefaultAddressIsUsed(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	config := node.NewConfig()
	cmd := newBlocksCommand(config)
	if base, err := nodeURL(cmd, config); err != nil || base.String() != "http://127.0.0.1:9888" {
		t.Errorf("%v, %v", base, err)
	}
}
