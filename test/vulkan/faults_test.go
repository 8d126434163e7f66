package vulkan_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// needFaults skips a test that takes too long for a short run, and one on a machine without what
// faultyVulkan needs.
func needFaults(t *testing.T, takes string) {
	t.Helper()
	if !computetest.Long() {
		t.Skipf("%s: set %s=1", takes, computetest.LongVariable)
	}
	if runtime.GOOS != "linux" {
		t.Skip("what stands between the program and the loader is for Linux")
	}
	lavapipe(t)
}

// faultyVulkan puts testdata/vulkanfaults.c between the programs that the test starts and
// Vulkan's loader, with two devices, each of them lavapipe: the first one does what it
// is ordered by files in the folder returned.
func faultyVulkan(t *testing.T) (folder string) {
	t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil {
		computetest.Require(t, "cc", err.Error())
	}
	dir := t.TempDir()
	shim := filepath.Join(dir, "libvulkan.so.1")
	if out, err := exec.Command(compiler, "-shared", "-fPIC", "-Wall", "-Wextra", "-o", shim, "testdata/vulkanfaults.c", "-ldl", "-lpthread").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command("/sbin/ldconfig", "-p").Output()
	if err != nil {
		computetest.Require(t, "vulkan", "the loader's path: "+err.Error())
	}
	found := regexp.MustCompile(`libvulkan\.so\.1 .*=> (\S+)`).FindStringSubmatch(string(out))
	if found == nil {
		computetest.Require(t, "vulkan", "ldconfig knows no libvulkan.so.1")
	}
	drivers, err := filepath.Glob("/usr/share/vulkan/icd.d/lvp_icd*.json")
	if err != nil || len(drivers) == 0 {
		computetest.Require(t, "vulkan", fmt.Sprintf("no lavapipe in /usr/share/vulkan/icd.d: %v", err))
	}
	text, err := os.ReadFile(drivers[0])
	if err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(dir, "second.json")
	if err := os.WriteFile(second, text, 0o600); err != nil {
		t.Fatal(err)
	}
	folder = filepath.Join(dir, "faults")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"VULKAN_FAULTS": folder, "VULKAN_FAULTS_LOADER": found[1], "LD_LIBRARY_PATH": dir,
		"VK_DRIVER_FILES": drivers[0] + ":" + second, "VK_ICD_FILENAMES": drivers[0] + ":" + second,
	} {
		t.Setenv(name, value)
	}
	return folder
}

// fault orders what the first device is to do.
func fault(t *testing.T, folder, what string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, what), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// patience is how long a device may take for a few hashes.
const patience = 10 * time.Minute

// TestFaultsOfAGraphicsCard has a node mine on two devices, the first of which is lost
// and comes back, then computes wrong hashes: it is stopped and reported, and the other
// goes on. A stock node follows all the time.
func TestFaultsOfAGraphicsCard(t *testing.T) {
	needFaults(t, "takes some hundred hashes of a driver that takes a second each")
	stock := testnet.Start(t, testnet.NodeOptions{Stock: true})
	faults := faultyVulkan(t)
	const bad, good = "vulkan:lavapipe", "vulkan:1"
	n := testnet.Start(t, testnet.NodeOptions{
		Args:         []string{"--mining", "--mining.devices", bad + "," + good},
		ExpectErrors: []string{`msg="device stopped"`},
		Patience:     patience,
	})
	stock.Connect(n)
	m := twoDevices{t, n}
	m.mines(bad, 2)
	m.mines(good, 2)

	fault(t, faults, "lost")
	m.logged("device failed, will retry", "device="+bad, "the device is lost", "in=1s")
	m.logged("device failed, will retry", "device="+bad, "open "+bad+" again", "in=2s")
	m.logged("the device was lost and is open again", "device="+bad)
	m.mines(bad, 2)
	m.mines(good, 1)

	fault(t, faults, "wrong")
	m.logged("level=ERROR", "device stopped", "device="+bad, "wrong result")
	all, _ := m.devices()
	if !strings.Contains(all[bad].Failed, "wrong result") || all[good].Failed != "" {
		t.Errorf("devices: %+v", all)
	}
	height, err := n.Height()
	if err != nil {
		t.Fatal(err)
	}
	n.WaitHeight(height+2, patience)
	after, _ := m.devices()
	if after[bad].Hashes != all[bad].Hashes || after[good].Hashes <= all[good].Hashes {
		t.Errorf("devices: %+v, then %+v", all, after)
	}
	for line := range strings.Lines(n.Log()) {
		if strings.Contains(line, "level=WARN") && strings.Contains(line, "device="+good+" ") {
			t.Errorf("the good device: %s", line)
		}
	}
	if err := n.Call("/set-mining", map[string]bool{"is_mining": false}, nil); err != nil {
		t.Error(err)
	}
	tip := testnet.WaitSameTip(n, stock, time.Minute)
	if _, found := m.devices(); found != tip {
		t.Errorf("%d blocks were found, and the chain has %d", found, tip)
	}
	t.Logf("%d blocks; the first device made %d hashes, the second %d", tip, after[bad].Hashes, after[good].Hashes)
}

// TestADeviceThatHangs as it is opened: the CPU mines without it, and the device joins when it
// opens. A node stops while it still hangs.
func TestADeviceThatHangs(t *testing.T) {
	needFaults(t, "takes half a minute and some hashes of a driver that takes a second each")
	faults := faultyVulkan(t)
	fault(t, faults, "hangs")
	hanging := func() twoDevices {
		fault(t, faults, "hangs")
		m := twoDevices{t, testnet.Start(t, testnet.NodeOptions{Args: []string{"--mining", "--mining.devices", "vulkan:0,cpu"}, Patience: patience})}
		m.logged("opening vulkan:lavapipe …")
		m.logged("a device is not open yet", "device=vulkan:lavapipe")
		m.mines("cpu", 20)
		all, _ := m.devices()
		if d := all["vulkan:lavapipe"]; !d.Used || d.Hashes > 0 || d.Kernel != "opening" {
			t.Errorf("the device that hangs: %+v", d)
		}
		return m
	}
	if took := hanging().n.Stop(); took > 5*time.Second {
		t.Errorf("the node stopped after %v", took)
	}
	m := hanging()
	if err := os.Remove(filepath.Join(faults, "hangs")); err != nil {
		t.Fatal(err)
	}
	m.mines("vulkan:lavapipe", 1)
}

// TestCommandsEndWhereADeviceHangs has those wait for it that have nothing to do without it.
func TestCommandsEndWhereADeviceHangs(t *testing.T) {
	needFaults(t, "takes three minutes")
	fault(t, faultyVulkan(t), "hangs")
	zero := strings.Repeat("00", 32)
	for name, args := range map[string][]string{
		"hash":  {"hash", "-d", "cpu,vulkan:0", zero, zero},
		"bench": {"bench", "--devices", "vulkan:0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := harness.Execute(t, testnet.Solo(t), args...)
			told, left := strings.Index(out, "a device makes no headway"), strings.Index(out, "its driver has made no headway")
			if err == nil || told < 0 || left < told {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// TestADriverWhoseCompilerEndsTheProcess does so over each shader with dot products: after
// two starts those are left out, or at once by the environment.
func TestADriverWhoseCompilerEndsTheProcess(t *testing.T) {
	needFaults(t, "takes some hashes of a driver that takes a second each")
	fault(t, faultyVulkan(t), "dies")
	v := computetest.Vectors(t)[0]
	hash := func(paths string) (string, error) {
		t.Setenv(vulkan.PathsVariable, paths)
		return harness.Execute(t, testnet.Solo(t), "hash", "-d", "vulkan:0", hex.EncodeToString(v.Seed[:]), hex.EncodeToString(v.Header[:]))
	}
	right := hex.EncodeToString(v.Tensority[:])
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if out, err := hash(vulkan.PathMul); err != nil || !strings.Contains(out, right) {
		t.Errorf("without dot products: %v: %s", err, out)
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for i := range 2 {
		if out, err := hash(""); err == nil || !strings.Contains(out, "SIGSEGV") {
			t.Fatalf("start %d: %v: %s", i, err, out)
		}
	}
	out, err := hash("")
	if err != nil || !strings.Contains(out, right) || !strings.Contains(out, "left_out=\"dot r64 t8x2 p1, dot r") {
		t.Errorf("the third start: %v: %s", err, out)
	}
}

// TestLoadersOfEachVersion has the validation layer look on at a hash by loaders that are older
// than the driver, which is of 1.3.
func TestLoadersOfEachVersion(t *testing.T) {
	needFaults(t, "takes some hashes of a driver that takes a second each")
	folder := faultyVulkan(t)
	t.Setenv(vulkan.ValidateVariable, "1")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for minor, want := range map[string]string{"0": "the loader knows Vulkan 1.0.0, 1.1 is needed", "1": "", "2": "", "3": ""} {
		if err := os.WriteFile(filepath.Join(folder, "minor"), []byte(minor), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := harness.Execute(t, testnet.Solo(t), "hash", "-d", "vulkan:0", strings.Repeat("00", 32), strings.Repeat("01", 32))
		if strings.Contains(out, "the validation layer is not installed") {
			computetest.Require(t, "validation", "the validation layer is not installed: apt-get install vulkan-validationlayers")
		}
		if (err != nil) != (want != "") || !strings.Contains(out, want) || strings.Contains(out, "vulkan's validation layer") {
			t.Errorf("a loader of 1.%s: %v: %s", minor, err, out)
		}
	}
}

// twoDevices is a node that mines on two devices.
type twoDevices struct {
	t *testing.T
	n *testnet.Node
}

// devices are the node's, by name, and how many blocks they found.
func (m twoDevices) devices() (all map[string]mining.DeviceStatus, found uint64) {
	m.t.Helper()
	var info wire.MiningInfo
	if err := m.n.Call("/mining-info", nil, &info); err != nil {
		m.t.Fatal(err)
	}
	all = make(map[string]mining.DeviceStatus)
	for _, d := range info.Devices {
		all[d.Name] = d
	}
	return all, info.BlocksFound
}

// mines waits until a device has made so many hashes more.
func (m twoDevices) mines(name string, more uint64) {
	m.t.Helper()
	all, _ := m.devices()
	before := all[name].Hashes
	testnet.Wait(m.t, patience, func() error {
		if all, _ := m.devices(); all[name].Hashes < before+more {
			return fmt.Errorf("%s has made %d hashes, expected %d: %+v", name, all[name].Hashes, before+more, all)
		}
		return nil
	})
}

// logged waits for a line of the log with all of these parts.
func (m twoDevices) logged(parts ...string) {
	m.t.Helper()
	testnet.Wait(m.t, patience, func() error {
		for line := range strings.Lines(m.n.Log()) {
			if containsAll(line, parts) {
				return nil
			}
		}
		return fmt.Errorf("no line of the log has %q", parts)
	})
}

func containsAll(line string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(line, part) {
			return false
		}
	}
	return true
}
