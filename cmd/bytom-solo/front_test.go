package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrongKeysAreNamedOnTheCommandLine: what a list's own error says of one of its entries is not
// lost in what is said of any flag.
func TestWrongKeysAreNamedOnTheCommandLine(t *testing.T) {
	key := strings.Repeat("a0", 32)
	refused(t, []string{"front", "--node", "zz@http://127.0.0.1:1"}, "flag --node", `value "zz@http://127.0.0.1:1"`, "64 hexadecimal characters")
	refused(t, []string{"front", "--node", key + "@http://127.0.0.1:1,00@http://x:y@127.0.0.1:1"}, "flag --node", `value "00@http://xxxxx@127.0.0.1:1"`)
	refused(t, []string{"node", "--fleet.fronts", "hall1=" + key + ",hall2=zz"}, "flag --fleet.fronts", `value "hall2=zz"`, "64 hexadecimal characters")
	refused(t, []string{"node", "--mining.threads", "x"}, "flag --mining.threads", `value "x"`, "a whole number")

	// A flag that is given twice is one list.
	refused(t, []string{"front", "--node", key + "@http://127.0.0.1:1", "--node", key + "@http://127.0.0.1:2"}, "flag --node", "http://127.0.0.1:2", "each node once")
	refused(t, []string{"node", "--fleet.fronts", "hall1=" + key, "--fleet.fronts", "hall2=" + key}, "flag --fleet.fronts", `value "hall2=`, "hall1's already")
}

// TestAFrontHasAHomeOfItsOwn: its help says which, and 'front key' makes the key there, unless a home
// is given, by a flag before or behind the command, or by the environment.
func TestAFrontHasAHomeOfItsOwn(t *testing.T) {
	at := t.TempDir()
	t.Setenv("HOME", at)
	t.Setenv("TMHOME", "")
	if err := os.Unsetenv("TMHOME"); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"front", "--help"}, {"front", "key", "--help"}} {
		text, err := commandLine(t, args...)
		if err != nil || !strings.Contains(text, `.bytom-front")`) || strings.Contains(text, `.bytom")`) {
			t.Errorf("%v: %v, expected --home with the default ~/.bytom-front:\n%s", args, err, text)
		}
	}
	given := filepath.Join(at, "given")
	for _, c := range []struct {
		args []string
		env  string
		in   string
	}{
		{[]string{"front", "key"}, "", ".bytom-front"},
		{[]string{"front", "key", "--home", given}, "", "given"},
		{[]string{"front", "--home", given + "2", "key"}, "", "given2"},
		{[]string{"--home", given + "3", "front", "key"}, "", "given3"},
		{[]string{"front", "key"}, given + "4", "given4"},
		{[]string{"front", "key", "--home", given + "5"}, given + "6", "given5"},
		{[]string{"front", "key", "--home", filepath.Join(at, ".bytom-front")}, given + "7", ".bytom-front"},
	} {
		if c.env != "" {
			t.Setenv("TMHOME", c.env)
		}
		if _, err := commandLine(t, c.args...); err != nil {
			t.Errorf("%v: %v", c.args, err)
		}
		if err := os.Remove(filepath.Join(at, c.in, "front.key")); err != nil {
			t.Errorf("%v with TMHOME=%s: %v", c.args, c.env, err)
		}
	}
}
