package node

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
)

// namedBackend is a backend in name alone.
type namedBackend struct {
	compute.Backend
	info   compute.Info
	device vulkan.Device
}

func (b namedBackend) Info() compute.Info       { return b.info }
func (b namedBackend) Answers(name string) bool { return b.device.Answers(name) }

func TestPickDevicesAmongGraphicsCards(t *testing.T) {
	card := func(d vulkan.Device) compute.Backend {
		return namedBackend{info: compute.Info{Name: d.Name, Accelerator: true}, device: d}
	}
	all := []compute.Backend{
		compute.NewReference(),
		card(vulkan.Device{Name: "vulkan:0", Index: 0, Kind: "discrete", Title: "NVIDIA GeForce RTX 4090", Driver: "NVIDIA 550"}),
		card(vulkan.Device{Name: "vulkan:1", Index: 1, Kind: "integrated", Title: "Intel(R) UHD Graphics", Driver: "Mesa 25"}),
		card(vulkan.Device{Name: "vulkan:lavapipe", Index: 2, Kind: "cpu", Title: "llvmpipe (LLVM 15)", Driver: "lavapipe, Mesa 22"}),
	}
	for devices, want := range map[string]string{
		"auto":                   "vulkan:0 vulkan:1",
		"":                       "vulkan:0 vulkan:1",
		"all":                    "reference vulkan:0 vulkan:1",
		"vulkan":                 "vulkan:0 vulkan:1",
		"vulkan:1":               "vulkan:1",
		"vulkan:rtx 4090":        "vulkan:0",
		"vulkan:lavapipe":        "vulkan:lavapipe",
		"vulkan:2, reference":    "reference vulkan:lavapipe",
		"none":                   "",
		"none,vulkan:0,vulkan:0": "vulkan:0",
	} {
		got, err := PickDevices(all, devices)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %q and %v, expected %q", devices, got, err, want)
		}
	}
	for devices, number := range map[string]bool{"vulkan:7": true, "vulkan:4090": true, "vulkan:": false, "vulkan:radeon": false, "asic": false, "vulkan0": false} {
		got, err := PickDevices(all, devices)
		if err == nil || !strings.Contains(err.Error(), "mining.devices") || strings.Contains(err.Error(), "a number alone is a place") != number {
			t.Errorf("%q: %q and %v, expected an error", devices, got, err)
		}
	}
	if got, _ := PickDevices(all[:1], "auto"); !slices.Equal(got, []string{"reference"}) {
		t.Errorf("auto without graphics cards: %q", got)
	}
}

// TestAsksForDevice: a driver that computes on the CPU is used by who names it alone.
func TestAsksForDevice(t *testing.T) {
	card := vulkan.Device{Name: "vulkan:0", Index: 0, Kind: "discrete", Title: "NVIDIA GeForce RTX 4090"}
	onCPU := vulkan.Device{Name: "vulkan:lavapipe", Index: 1, Kind: "cpu", Title: "llvmpipe", Driver: "lavapipe"}
	for name, want := range map[string][2]bool{
		"auto": {true, false}, "all": {true, false}, "vulkan": {true, false}, "vulkan:0": {true, false}, "vulkan:1": {false, true},
		"vulkan:lavapipe": {false, true}, "cpu": {false, false},
	} {
		if got := [2]bool{asksForDevice(name, card), asksForDevice(name, onCPU)}; got != want {
			t.Errorf("%s asks for the card and the CPU's driver: %v, expected %v", name, got, want)
		}
	}
}

// TestWithoutGraphicsCards: who asks for the CPU alone hears nothing of Vulkan; who asks for
// a card by name can't do without.
func TestWithoutGraphicsCards(t *testing.T) {
	for _, variable := range []string{"VK_DRIVER_FILES", "VK_ICD_FILENAMES"} { // Of Vulkan's loader, new and old.
		t.Setenv(variable, filepath.Join(t.TempDir(), "none.json"))
	}
	if _, err := vulkan.Devices(); err == nil {
		t.Skip("this machine has Vulkan, and its loader does not go by the environment")
	}
	for devices, want := range map[string]string{
		"cpu": "", "none": "", "reference,cpu": "", "auto": "mining is for the CPU", "": "mining is for the CPU", "all": "mining is for the CPU",
		"vulkan": `key mining.devices: value "vulkan"`, "cpu,vulkan:7": `key mining.devices: value "vulkan:7"`, "auto,vulkan:7": `key mining.devices: value "vulkan:7"`,
	} {
		var log strings.Builder
		opened, err := graphics{devices: vulkan.Devices, open: vulkan.Open}.openAll(t.Context(), Opening{Devices: devices, Log: slog.New(slog.NewTextHandler(&log, nil))})
		got := log.String()
		if err != nil {
			got = err.Error()
		}
		if len(opened) > 0 || (got == "") != (want == "") || !strings.Contains(got, want) || (err != nil) != strings.HasPrefix(want, "key") {
			t.Errorf("%q: %d opened, %q, expected %q", devices, len(opened), got, want)
		}
	}
}

// TestWithoutTheFastBackends is the build that has neither kernels nor shaders.
func TestWithoutTheFastBackends(t *testing.T) {
	if !computetest.Long() {
		t.Skipf("takes some seconds of the reference: set %s=1", computetest.LongVariable)
	}
	defer func(all []opener) { openers = all }(openers)
	openers = openers[len(openers)-1:]
	all, err := OpenBackends(context.Background(), Opening{Devices: AllDevices, Log: slog.New(slog.DiscardHandler)})
	if err != nil || len(all) != 1 || all[0].Info().Name != "reference" {
		t.Errorf("%v, %v", all, err)
	}
}
