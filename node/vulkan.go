package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
)

// DeviceLimit is the Limit for whoever has other things to do than to wait for a driver.
const DeviceLimit = 20 * time.Second

// graphics opens graphics cards. Tests have other drivers.
type graphics struct {
	devices func() ([]vulkan.Device, error)
	open    func(context.Context, vulkan.Device, vulkan.Config) (compute.Backend, error)
	paths   []string // of the environment
}

// openAll opens the graphics cards that a list of devices asks for. That a machine
// has none is a line in the log, unless one is asked for by name. One that does not
// work is logged and left out.
func (g graphics) openAll(ctx context.Context, o Opening) ([]compute.Backend, error) {
	asked := slices.DeleteFunc(names(o.Devices), func(name string) bool {
		return name != autoDevices && name != AllDevices && name != vulkan.Prefix && !strings.HasPrefix(name, vulkan.Prefix+":")
	})
	if len(asked) == 0 {
		return nil, nil
	}
	headers, err := vulkan.ParseHeaders(os.Getenv(vulkan.HeadersVariable))
	if err != nil {
		return nil, err
	}
	if g.paths, err = vulkan.ParsePaths(os.Getenv(vulkan.PathsVariable)); err != nil {
		return nil, err
	}
	config := VulkanConfig(o.Log)
	config.Headers, config.Progress, config.Behind = headers, o.Progress, o.Limit > 0
	l := g.list()
	known, err := l.within(ctx, o)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, errSilent) && o.Limit > 0:
		return g.openUnlisted(ctx, asked, l, config, o), nil
	case err != nil:
		if named := slices.IndexFunc(asked, func(name string) bool { return strings.HasPrefix(name, vulkan.Prefix) }); named >= 0 {
			return nil, fmt.Errorf("key mining.devices: value %q: %w", asked[named], err)
		}
		level := slog.LevelInfo
		if errors.Is(err, errSilent) {
			level = slog.LevelError
		}
		o.Log.Log(ctx, level, "mining is for the CPU", "reason", err)
		return nil, nil
	}
	known = slices.DeleteFunc(known, func(d vulkan.Device) bool {
		return !slices.ContainsFunc(asked, func(name string) bool { return asksForDevice(name, d) })
	})
	if o.Limit > 0 {
		return g.openWithin(ctx, known, config, o)
	}
	return g.openOneByOne(ctx, known, config, o)
}

func asksForDevice(name string, d vulkan.Device) bool {
	if name == autoDevices || name == AllDevices {
		return !d.IsCPU()
	}
	return d.Answers(name)
}

// VulkanDevices lists the graphics cards, with the paths that the environment leaves them.
func VulkanDevices() ([]vulkan.Device, error) {
	paths, err := vulkan.ParsePaths(os.Getenv(vulkan.PathsVariable))
	if err != nil {
		return nil, err
	}
	known, err := vulkan.Devices()
	for i, d := range known {
		known[i] = d.Only(paths)
	}
	return known, err
}

// VulkanConfig is how devices are opened.
func VulkanConfig(log *slog.Logger) vulkan.Config { return vulkan.Config{Dir: vulkanDir(), Log: log} }

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
