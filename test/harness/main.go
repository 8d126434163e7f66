package harness

import (
	"fmt"
	"os"
	"testing"

	// See Main.
	_ "github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	_ "github.com/bytom-solo/bytom-solo/rig"
)

// sources is the folder of the program's package main, from that of a test.
const sources = "../../cmd/bytom-solo"

// Main runs a package's tests. Those of an unchanged package are not run again by `go
// test`, which knows a package by what it imports and by the files that it reads. The
// program's packages are imported, by this one, and its package main, which can't be, is
// read here.
func Main(m *testing.M) {
	if _, err := os.ReadDir(sources); err != nil {
		fmt.Fprintln(os.Stderr, "the program's sources:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
