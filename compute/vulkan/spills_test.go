//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

func TestSpilledRegisters(t *testing.T) {
	for _, test := range []struct {
		all  map[string]uint64
		want uint64
	}{
		{nil, 0},
		{map[string]uint64{"SGPRs": 104, "VGPRs": 256, "Spilled SGPRs": 40, "Spilled VGPRs": 580, "Scratch size": 4096}, 580},
		{map[string]uint64{"Spill Count": 12, "Fill Count": 30, "Cycle Count": 99}, 12},
		{map[string]uint64{"Register Count": 255}, 0},
	} {
		if got := spilled(test.all); got != test.want {
			t.Errorf("%v: %d, expected %d", test.all, got, test.want)
		}
	}
}

// familyVariable has Mesa's driver for AMD compile for a family of cards, without a card.
const familyVariable = "RADV_FORCE_FAMILY"

// TestSpillsOfAMDFamilies asks AMD's compiler, in a process for each family, as the driver
// knows one alone.
func TestSpillsOfAMDFamilies(t *testing.T) {
	if os.Getenv(familyVariable) != "" {
		compileForFamily(t)
		return
	}
	families := []string{"vega10"}
	if computetest.Long() {
		families = []string{"polaris10", "vega10", "navi10", "navi21", "gfx1100"}
	}
	for _, family := range families {
		t.Run(family, func(t *testing.T) {
			c := exec.Command(os.Args[0], "-test.v", "-test.run", "^TestSpillsOfAMDFamilies$")
			c.Env = append(os.Environ(), familyVariable+"="+family)
			out, err := c.CombinedOutput()
			if strings.Contains(string(out), "--- SKIP") {
				t.Skipf("Mesa's driver for AMD is not here:\n%s", out)
			}
			if err != nil {
				t.Errorf("%v:\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

func compileForFamily(t *testing.T) {
	all, err := Devices()
	if err != nil {
		t.Skip(err)
	}
	for _, d := range all {
		if !strings.Contains(d.Driver, "radv") {
			continue
		}
		p := testPhysical(t, d)
		narrow := Variant{Path: PathMul, Rows: 64, TileRows: 2, TileWords: 4, Pad: 1}
		wide := Variant{Path: PathMul, Rows: 128, TileRows: 16, TileWords: 4, Pad: 1}
		if err := checkSpills(p, narrow); err != nil {
			t.Errorf("%s: %v", d.Title, err)
		}
		if err := checkSpills(p, wide); !errors.Is(err, errSpills) {
			t.Errorf("%s: variant %s does not spill: %v", d.Title, wide, err)
		}
		if !computetest.Long() {
			return
		}
		candidates, err := candidates(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range candidates {
			s, err := statistics(p, v)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Printf("| %s | %s | %d | %d | %d |\n", d.Title, v, s["VGPRs"], s["Subgroups per SIMD"], spilled(s))
		}
		return
	}
	t.Skip("no radv")
}

// TestCandidatesOfSmallDevices has those with Vulkan's least, and less, which none should have.
func TestCandidatesOfSmallDevices(t *testing.T) {
	d := testDevice(t)
	all, err := candidates(d)
	if err != nil {
		t.Fatal(err)
	}
	least := Variant{Path: PathMul, Rows: 16, TileRows: 4, TileWords: 2, Pad: 1}
	only := d.Only([]string{PathMul})
	for _, test := range []struct {
		device              Device
		invocations, shared int
		want                string // an error, or nothing if the least variant alone fits
	}{
		{only, 128, 16 << 10, ""},
		{only, 127, 16 << 10, "variant mul r16 t4x2 p1 needs 128 invocations in a workgroup, the device has 127"},
		{only, 128, 4 << 10, "variant mul r16 t4x2 p1 needs 4352 bytes of shared memory, the device has 4096"},
		{d.Only(nil), 1024, 64 << 10, "path mul: left out by " + PathsVariable},
	} {
		o := offer{invocations: cUint(test.invocations), size_x: cUint(test.invocations), shared_memory: cUint(test.shared)}
		got, err := fitting(test.device, &o, all)
		if test.want == "" && (err != nil || len(got) != 1 || got[0] != least) || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%d invocations, %d bytes: %v and %v, expected %q", test.invocations, test.shared, got, err, test.want)
		}
	}
}
