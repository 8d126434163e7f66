package fleet_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain has all tests run beside each other: they wait for processes, most of the time.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(m.Run())
}
