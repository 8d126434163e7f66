package vulkan_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// lavapipe skips a test where there is none.
func lavapipe(t *testing.T) {
	t.Helper()
	known, err := vulkan.Devices()
	if err != nil {
		computetest.Require(t, "vulkan", err.Error())
	}
	for _, d := range known {
		if d.Answers("vulkan:lavapipe") {
			return
		}
	}
	computetest.Require(t, "vulkan", "there is no lavapipe")
}

// TestAStockNodeTakesBlocksOfShaders has a node mine on lavapipe alone, with header hashes
// made by a shader and by the CPU, and a stock node follow it.
func TestAStockNodeTakesBlocksOfShaders(t *testing.T) {
	if !computetest.Long() {
		t.Skipf("a block takes 20 hashes of a driver that takes a second each: set %s=1", computetest.LongVariable)
	}
	lavapipe(t)
	for _, headers := range []vulkan.Headers{vulkan.HeadersDevice, vulkan.HeadersHost} {
		t.Run(string(headers), func(t *testing.T) {
			t.Setenv(vulkan.HeadersVariable, string(headers))
			testBlocksOfShaders(t, headers == vulkan.HeadersDevice)
		})
	}
}

func testBlocksOfShaders(t *testing.T, headers bool) {
	ours := testnet.Start(t, testnet.NodeOptions{
		Args: []string{"--mining", "--mining.devices", "vulkan:lavapipe"}, Patience: 10 * time.Minute,
	})
	stock := testnet.Start(t, testnet.NodeOptions{Stock: true})
	stock.Connect(ours)
	stock.WaitHeight(1, 10*time.Minute)
	var info struct {
		Devices []struct {
			Name   string `json:"name"`
			Kernel string `json:"kernel"`
			Hashes int    `json:"hashes"`
		} `json:"devices"`
	}
	if err := ours.Call("/mining-info", nil, &info); err != nil {
		t.Fatal(err)
	}
	for _, d := range info.Devices {
		if d.Hashes > 0 != (d.Name == "vulkan:lavapipe") {
			t.Errorf("device %s has made %d hashes", d.Name, d.Hashes)
		}
		if strings.HasSuffix(d.Kernel, " +headers") != (headers && d.Name == "vulkan:lavapipe") {
			t.Errorf("kernel %s of device %s", d.Kernel, d.Name)
		}
	}
	if len(info.Devices) != 2 {
		t.Errorf("devices: %+v", info.Devices)
	}
}

func TestDevicesThatAreNotThere(t *testing.T) {
	for _, devices := range []string{"vulkan:99", "vulkan:no such card"} {
		out, err := harness.Execute(t, testnet.Solo(t), "hash", "-d", devices, strings.Repeat("00", 32), strings.Repeat("01", 32))
		if err == nil || !strings.Contains(out, "key mining.devices: value "+strconv.Quote(devices)) {
			t.Errorf("%s: %v: %s", devices, err, out)
		}
	}
}
