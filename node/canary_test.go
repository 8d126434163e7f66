package node

import (
	"log/slog"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute"
)

// TestAnotherKernelChecks: a device's results are checked by a kernel that is not its own, and one
// that hashes right passes.
func TestAnotherKernelChecks(t *testing.T) {
	all, err := OpenBackends(t.Context(), Opening{Devices: autoDevices, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = CloseBackends(all) }()
	header, seed := [32]byte{1, 2, 3}, [32]byte{4, 5}
	want, err := hashOne(t.Context(), compute.NewReference(), header, seed)
	if err != nil {
		t.Fatal(err)
	}
	for _, device := range []string{all[0].Info().Name, "another"} {
		got, err := newCanary(all)(t.Context(), device, header, seed)
		if err != nil || got != want {
			t.Errorf("of %s: %x, %v, expected %x", device, got, err, want)
		}
	}
}
