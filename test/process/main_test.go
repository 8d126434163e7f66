// Package process_test has a node as a process of its system, which kills it, fills its disk
// and closes its terminal.
package process_test

import (
	"testing"

	"github.com/bytom-solo/bytom-solo/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
