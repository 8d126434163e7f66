package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
)

// openVulkan opens the graphics cards that a list of devices asks for. That a machine
// has none is a line in the log, unless one is asked for by name. One that does not
// work is logged and left out.
func openVulkan(ctx context.Context, o Opening) ([]compute.Backend, error) {
	asked := slices.DeleteFunc(names(o.Devices), func(name string) bool {
		return name != autoDevices && name != AllDevices && name != vulkan.Prefix && !strings.HasPrefix(name, vulkan.Prefix+":")
	})
	if len(asked) == 0 {
		return nil, nil
	}
	known, err := vulkan.Devices()
	if err != nil {
		if named := slices.IndexFunc(asked, func(name string) bool { return strings.HasPrefix(name, vulkan.Prefix) }); named >= 0 {
			return nil, fmt.Errorf("key mining.devices: value %q: %w", asked[named], err)
		}
		o.Log.Info("mining is for the CPU", "reason", err)
		return nil, nil
	}
	headers, err := vulkan.ParseHeaders(os.Getenv(vulkan.HeadersVariable))
	if err != nil {
		return nil, err
	}
	var opened []compute.Backend
	for _, d := range known {
		if !slices.ContainsFunc(asked, func(name string) bool { return asksForDevice(name, d) }) {
			continue
		}
		b, err := vulkan.Open(ctx, d, vulkan.Config{Dir: vulkanDir(), Headers: headers, Log: o.Log, Progress: o.Progress})
		switch {
		case err == nil:
			opened = append(opened, b)
		case ctx.Err() != nil:
			return opened, ctx.Err()
		default:
			o.Log.Error("device is not used", "device", d.Name, "title", d.Title, "error", err)
		}
	}
	return opened, nil
}

func asksForDevice(name string, d vulkan.Device) bool {
	if name == autoDevices || name == AllDevices {
		return !d.IsCPU()
	}
	return d.Answers(name)
}

// vulkanDir is where measurements of graphics cards are kept: beside those of other
// programs, as they are the machine's and not a node's. Nowhere if there is no such
// place.
func vulkanDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "bytom-solo")
}
