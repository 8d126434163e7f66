//go:build cgo && !tensority_emulated

package cpu

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// emulated reports whether the kernels that this machine lacks are emulated.
const emulated = false

// kernelTests are the tests that other builds of this package have to pass: their
// kernels are slow, and the rest of the tests is about Go.
const kernelTests = "^(TestKernels|TestSelfTest|TestExpansion|TestRandomExpansions|TestTrialDigest|TestExtremes|TestRandomPairs|TestPeaks)$"

// longKernelTests are they and the conformance suite, where there is time.
const longKernelTests = "^(TestKernels|TestSelfTest|TestExpansion|TestExtremes|TestRandomPairs|TestPeaks|TestSpread|TestConformance)$"

// TestEmulated runs the kernels for amd64 that this machine may lack, with C
// in the place of their instructions.
func TestEmulated(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the emulated kernels are amd64's")
	}
	tests := "^(TestKernels|TestSelfTest|TestExtremes)$" // Known answers: the rest takes a minute more.
	if computetest.Long() {
		tests = longKernelTests
	}
	goTest(t, []string{"CGO_CFLAGS=-O3 -march=native"}, "-tags", "tensority_emulated", "-run", tests)
}

// TestSanitized runs all kernels for amd64, emulated ones too, under the sanitizers
// for addresses and for undefined behaviour.
func TestSanitized(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the emulated kernels are amd64's")
	}
	if !computetest.Long() {
		t.Skipf("takes minutes: set %s=1", computetest.LongVariable)
	}
	sanitize := "-fsanitize=address,undefined -fno-sanitize-recover=undefined"
	goTest(t, []string{
		computetest.LongVariable + "=0",
		"CGO_CFLAGS=-O2 -g -fno-omit-frame-pointer " + sanitize, "CGO_LDFLAGS=" + sanitize,
	}, "-asan", "-tags", "tensority_emulated", "-run", kernelTests)
}

// TestArm64 runs the kernels for arm64 under QEMU, which 'make test-arm' asks for.
func TestArm64(t *testing.T) {
	if runtime.GOARCH == "arm64" {
		t.Skip("this machine is one")
	}
	if !computetest.Long() {
		computetest.Require(t, "arm64", fmt.Sprintf("takes minutes: set %s=1, as make test-arm does", computetest.LongVariable))
	}
	const compiler, machine = "aarch64-linux-gnu-gcc", "qemu-aarch64"
	for _, tool := range []string{compiler, machine} {
		if _, err := exec.LookPath(tool); err != nil {
			computetest.Require(t, "arm64", tool+" is not installed: make test-arm does")
		}
	}
	goTest(t, []string{"GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=1", "CC=" + compiler, computetest.LongVariable + "=0"},
		"-exec", machine+" -L /usr/aarch64-linux-gnu", "-run", kernelTests)
}

// goTest tests this package in another build.
func goTest(t *testing.T, env []string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"test", "-v", "-timeout", "120m"}, append(args, ".")...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if err != nil || strings.HasPrefix(strings.TrimSpace(line), "---") {
			t.Log(strings.TrimRight(line, "\n"))
		}
	}
	if err != nil {
		t.Errorf("%s %s: %v", strings.Join(env, " "), strings.Join(cmd.Args, " "), err)
	}
}
