package cpu

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/pin"
)

// forKernels runs a test for each kernel, and says which cannot run here.
func forKernels(t *testing.T, test func(t *testing.T, kernel string)) {
	for _, k := range Kernels() {
		t.Run(k.Name, func(t *testing.T) {
			if !k.Usable {
				computetest.Require(t, k.Name, k.Reason)
			}
			test(t, k.Name)
		})
	}
}

func newBackend(t testing.TB, kernel string) compute.Backend {
	t.Helper()
	b, err := New(Config{Kernel: kernel})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestConformance(t *testing.T) {
	forKernels(t, func(t *testing.T, kernel string) {
		t.Parallel()
		b := newBackend(t, kernel)
		if got := b.Info().Kernel; got != kernel {
			t.Fatalf("kernel is %s", got)
		}
		computetest.Conformance(t, b)
	})
}

func TestThreads(t *testing.T) {
	cores := pin.Cores()
	for threads, want := range map[int]int{7: 7, 0: cores, -1: max(1, cores-1), -cores: 1, -1000: 1} {
		if b, err := New(Config{Threads: threads}); err == nil && b.Info().Workers != want {
			t.Errorf("%d threads: %d workers, want %d", threads, b.Info().Workers, want)
		} else if err != nil && !errors.Is(err, ErrNoCgo) {
			t.Error(err)
		}
	}
}

func TestCapFromTheEnvironment(t *testing.T) {
	for _, k := range Kernels() {
		if !k.Usable {
			continue
		}
		t.Setenv(CapVariable, k.Name)
		if b := newBackend(t, ""); b.Info().Kernel != k.Name {
			t.Errorf("%s=%s chose %s", CapVariable, k.Name, b.Info().Kernel)
		}
	}
}

func TestUnknownKernel(t *testing.T) {
	if _, err := New(Config{Kernel: "mmx"}); err == nil || !strings.Contains(err.Error(), `"mmx"`) {
		t.Errorf("by name: %v", err)
	}
	t.Setenv(CapVariable, "sse9")
	_, err := New(Config{})
	if err == nil {
		t.Fatal("by environment: no error")
	}
	for _, part := range []string{CapVariable, "sse9", "portable", "avx2"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not name %s", err, part)
		}
	}
}

// TestKernels also prints the table, which is the first thing to look at when a
// machine runs another kernel than expected.
func TestKernels(t *testing.T) {
	for _, k := range Kernels() {
		t.Logf("%-9s compiled %-5v usable %-5v %s", k.Name, k.Compiled, k.Usable, k.Reason)
		if k.Usable && !k.Compiled || k.Usable != (k.Reason == "") {
			t.Errorf("contradicts itself: %+v", k)
		}
		if amd64 := runtime.GOARCH == "amd64"; k.Name == "avx2" && k.Compiled && !amd64 {
			t.Errorf("avx2 on %s", runtime.GOARCH)
		}
	}
}

func TestUnknownExpansion(t *testing.T) {
	if _, err := New(Config{Expansion: "mmx"}); err == nil || !strings.Contains(err.Error(), `"mmx"`) {
		t.Errorf("by name: %v", err)
	}
	t.Setenv(ExpansionVariable, "sse9")
	_, err := New(Config{})
	if err == nil {
		t.Fatal("by environment: no error")
	}
	for _, part := range []string{ExpansionVariable, "sse9", "portable", "scalar"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not name %s", err, part)
		}
	}
}
