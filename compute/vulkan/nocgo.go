//go:build !cgo || !(linux || windows) || !(amd64 || arm64)

package vulkan

import (
	"context"
	"fmt"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

var errBuild = fmt.Errorf("%w: this binary was built without cgo, or for a system that it has no Vulkan on", ErrNone)

// Devices returns an error that wraps ErrNone.
func Devices() ([]Device, error) { return nil, errBuild }

// Open returns an error that wraps ErrNone.
func Open(context.Context, Device, Config) (compute.Backend, error) { return nil, errBuild }

// Peaks returns none.
func Peaks(compute.Backend) []compute.Peak { return nil }

// Sweep returns an error that wraps ErrNone.
func Sweep(context.Context, Device, Config, time.Duration) (SweepReport, error) {
	return SweepReport{}, errBuild
}
