//go:build !linux

package harness

import (
	"os"
	"testing"
)

// HeldToModes calls do, whose new processes are held to the modes of files. It skips root's tests.
func HeldToModes(t testing.TB, do func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Skip("root reads every file")
	}
	do()
}
