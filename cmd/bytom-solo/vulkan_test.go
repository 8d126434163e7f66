package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
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

// TestAStockNodeTakesBlocksOfShaders has a node mine on lavapipe alone, and a stock node
// follow it.
func TestAStockNodeTakesBlocksOfShaders(t *testing.T) {
	if !computetest.Long() {
		t.Skipf("a block takes 20 hashes of a driver that takes a second each: set %s=1", computetest.LongVariable)
	}
	lavapipe(t)
	ours := testnet.Start(t, testnet.NodeOptions{Args: []string{"--mining", "--mining.devices", "vulkan:lavapipe"}})
	stock := testnet.Start(t, testnet.NodeOptions{Stock: true})
	stock.Connect(ours)
	stock.WaitHeight(2, 10*time.Minute)
	if h := testnet.WaitSameTip(ours, stock, time.Minute); h < 2 {
		t.Errorf("both are at height %d, expected 2", h)
	}
	var metrics string
	testnet.Wait(t, 10*time.Second, func() error {
		_, body, err := ours.Post("/metrics", nil)
		metrics = string(body)
		return err
	})
	if !strings.Contains(metrics, `device="vulkan:lavapipe"`) || strings.Contains(metrics, `device="cpu"} `) && !strings.Contains(metrics, `{device="cpu"} 0`) {
		t.Errorf("who has mined?\n%s", metrics)
	}
}

func TestDevicesThatAreNotThere(t *testing.T) {
	for _, devices := range []string{"vulkan:99", "vulkan:no such card"} {
		out, err := execute(t, testnet.Solo(t), "hash", "-d", devices, strings.Repeat("00", 32), strings.Repeat("01", 32))
		if err == nil || !strings.Contains(out, "key mining.devices: value "+strconv.Quote(devices)) {
			t.Errorf("%s: %v: %s", devices, err, out)
		}
	}
}
