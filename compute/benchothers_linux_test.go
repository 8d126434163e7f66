package compute

import (
	"testing"
	"time"
)

func TestProcessorsBusy(t *testing.T) {
	for stat, want := range map[string]time.Duration{
		"cpu  1 2 4 1000 2000 8 16 32 64 128\ncpu0 1 1 1 1 1 1 1 1 1 1\n": 630 * time.Millisecond,
		"cpu  1 2 4 1000 2000 8 16\n":                                     -1,
		"cpu0 1 2 4 1000 2000 8 16 32\n":                                  -1,
		"cpu  1 2 4 1000 2000 8 16 x\n":                                   -1,
		"":                                                                -1,
	} {
		if got, known := parseBusy(stat); known != (want >= 0) || known && got != want {
			t.Errorf("%q: %v, %v", stat, got, known)
		}
	}
	if _, known := processorsBusy(); !known {
		t.Error("this system does not say")
	}
}
