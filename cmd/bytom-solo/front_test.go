package main

import (
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
