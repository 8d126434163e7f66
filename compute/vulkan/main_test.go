//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestMain fails the tests if the validation layer, where it is on, has said anything.
func TestMain(m *testing.M) {
	status := m.Run()
	messages.Lock()
	defer messages.Unlock()
	if n := len(messages.all); n > 0 && status == 0 {
		fmt.Printf("FAIL: %d messages of the validation layer\n", n)
		status = 1
	}
	os.Exit(status)
}

// TestValidationIsSilent runs some of the tests in a process of their own in which the
// validation layer looks at each call, synchronization included.
func TestValidationIsSilent(t *testing.T) {
	testDevice(t)
	if os.Getenv(ValidateVariable) == "1" {
		t.Skip("it is on for all tests")
	}
	c := exec.Command(os.Args[0], "-test.v", "-test.run", "TestALostDevice|TestHashEnds|TestHashNonces|TestHeadersAre")
	c.Env = append(os.Environ(), ValidateVariable+"=1")
	out, err := c.CombinedOutput()
	if strings.Contains(string(out), "the validation layer is not installed") {
		t.Skip("the validation layer is not installed: apt-get install vulkan-validationlayers")
	}
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}
