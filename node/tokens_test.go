package node

import (
	"os"
	"strings"
	"testing"
)

// TestTokensOfAHomeWithoutANode makes and deletes one, before a node ran there, beside one
// that runs and after it.
func TestTokensOfAHomeWithoutANode(t *testing.T) {
	config := soloConfig(home(t))
	if _, err := OpenTokens(config); err == nil || !strings.Contains(err.Error(), "no node has run") {
		t.Errorf("an empty home: %v", err)
	}
	_, closeIt := newWholeNode(t, config)
	if _, err := OpenTokens(config); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("beside a node: %v", err)
	}
	closeIt()
	// The node's databases are open until the process ends: a copy is another process's.
	other := homeCopy(t, config)
	tokens, err := OpenTokens(other)
	if err != nil {
		t.Fatal(err)
	}
	made, err := tokens.Create("rig")
	if err != nil || !strings.HasPrefix(made.Token, "rig:") {
		t.Errorf("%+v, %v", made, err)
	}
	for _, bad := range []string{"rig", "", "a b", cookieName} {
		if _, err := tokens.Create(bad); err == nil {
			t.Errorf("a token %q was made", bad)
		}
	}
	if all, err := tokens.List(); err != nil || len(all) != 1 || all[0].Name != "rig" {
		t.Errorf("%+v, %v", all, err)
	}
	if err := tokens.Delete("rig"); err != nil {
		t.Error(err)
	}
	if err := tokens.Delete("rig"); err == nil {
		t.Error("deleted twice")
	}
	if err := tokens.Close(); err != nil {
		t.Error(err)
	}
	if again, err := OpenTokens(other); err != nil || again.Close() != nil {
		t.Errorf("opened again: %v", err)
	}
}

// homeCopy copies a home directory's databases to another.
func homeCopy(t *testing.T, config *Config) *Config {
	t.Helper()
	other := soloConfig(home(t))
	if err := os.CopyFS(other.Bytom.DBDir(), os.DirFS(config.Bytom.DBDir())); err != nil {
		t.Fatal(err)
	}
	return other
}
