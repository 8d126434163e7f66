package vulkan

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

// ErrNone means that there is nothing to compute on here; what wraps it says why. It is
// how most machines are, not a fault.
var ErrNone = errors.New("no Vulkan device")

// Prefix begins the name of every device of this package.
const Prefix = "vulkan"

// Config says how devices are opened. The zero value will do.
type Config struct {
	// Dir is where each device's choice of variant and its compiled shaders are kept, so
	// that the next start is quick. Empty keeps nothing.
	Dir string
	// Variant is the variant to use; the zero value lets the device's own measurements
	// choose.
	Variant Variant
	// Headers says where header hashes are computed; empty is HeadersAuto.
	Headers Headers
	// Behind has a device that was not measured yet open with the first variant that is right;
	// the others are timed while it is in use, and the fastest takes over.
	Behind bool
	// Progress is called while the variants of a device are timed, with its name, how many
	// are done and how many there are; nil is not.
	Progress func(device string, done, total int)
	// Log takes what was chosen and what was found wanting; nil discards it.
	Log *slog.Logger

	ended endings // of the device that is being opened
}

func (c Config) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

// Headers says where header hashes are computed, and the numbers of matrices drawn from
// them: on the CPU, or by a shader on the device.
type Headers string

const (
	// HeadersAuto computes them on the device if that is so fast that they would load the
	// CPU.
	HeadersAuto Headers = "auto"
	// HeadersDevice computes them on the device unless its shader computes wrong ones there.
	HeadersDevice Headers = "device"
	// HeadersHost computes them on the CPU.
	HeadersHost Headers = "host"
)

// HeadersVariable is the environment variable that those who open devices for an operator
// take Config.Headers from.
const HeadersVariable = "TENSORITY_VULKAN_HEADERS"

// ParseHeaders is the value with a name; the empty name is HeadersAuto.
func ParseHeaders(name string) (Headers, error) {
	switch h := Headers(name); h {
	case "":
		return HeadersAuto, nil
	case HeadersAuto, HeadersDevice, HeadersHost:
		return h, nil
	}
	return "", fmt.Errorf("environment variable %s: value %q: expected %s, %s or %s", HeadersVariable, name, HeadersAuto, HeadersDevice, HeadersHost)
}

// PathsVariable is the environment variable that those who open devices for an operator take
// the paths from which devices may use.
const PathsVariable = "TENSORITY_VULKAN_PATHS"

// ParsePaths reads the names of paths, separated by commas; none means all.
func ParsePaths(list string) ([]string, error) {
	all := []string{PathMatrix, PathDot, PathMul}
	if strings.TrimSpace(list) == "" {
		return all, nil
	}
	var some []string
	for _, name := range strings.Split(list, ",") {
		if name = strings.TrimSpace(name); !slices.Contains(all, name) {
			return nil, fmt.Errorf("environment variable %s: value %q: expected some of %s, separated by commas", PathsVariable, list, strings.Join(all, ", "))
		}
		some = append(some, name)
	}
	return some, nil
}

// Device is a device that a Vulkan driver offers.
type Device struct {
	// Name is what --mining.devices takes: "vulkan:0", "vulkan:lavapipe". Index counts
	// from 0, graphics cards before drivers that compute on the CPU.
	Name  string `json:"name"`
	Index int    `json:"index"`
	// Title is the driver's name for it, Driver the driver with its version, API the
	// version of Vulkan.
	Title  string `json:"title"`
	Driver string `json:"driver"`
	API    string `json:"api"`
	// Kind is discrete, integrated, virtual, cpu or other.
	Kind string `json:"kind"`
	// Memory is what the device has of its own, in bytes.
	Memory uint64 `json:"memory"`
	// Paths are the ways to compute here, the one that should be fastest first.
	Paths []Path `json:"paths"`
	// Key identifies this device with this driver.
	Key string `json:"key"`
}

// Path is one of the ways to multiply that a device may have.
type Path struct {
	Name string `json:"name"` // PathMatrix, PathDot or PathMul
	// Usable reports whether the device offers it; Reason why not, or what is odd about it.
	Usable bool   `json:"usable"`
	Reason string `json:"reason,omitempty"`
}

// The names of paths.
const (
	PathMatrix = "matrix" // VK_KHR_cooperative_matrix
	PathDot    = "dot"    // integer dot products of four bytes
	PathMul    = "mul"    // multiplications of floats
)

// IsCPU reports whether the "device" computes on the processor, as Mesa's lavapipe does.
// Such a one is used only if it is named: the CPU's own kernels are far faster.
func (d Device) IsCPU() bool { return d.Kind == "cpu" }

// Answers reports whether a name means this device: its Name, its place in the list as in
// "vulkan:1", or a part of its title or driver as in "vulkan:rtx 4090", in any case of
// letters. "vulkan" alone means every device that is not the CPU.
func (d Device) Answers(name string) bool {
	name = strings.ToLower(name)
	if name == Prefix {
		return !d.IsCPU()
	}
	which, ok := strings.CutPrefix(name, Prefix+":")
	if !ok || which == "" {
		return false
	}
	if index, err := strconv.Atoi(which); err == nil {
		return index == d.Index
	}
	return name == d.Name || strings.Contains(strings.ToLower(d.Title), which) || strings.Contains(strings.ToLower(d.Driver), which)
}

// Workers is how many Hashers keep the device busy: while it works on one's batch, the
// other's is prepared. What computes on the CPU has all the cores at work with one.
func (d Device) Workers() int {
	if d.IsCPU() {
		return 1
	}
	return 2
}

// Only is the device without all paths but some.
func (d Device) Only(paths []string) Device {
	d.Paths = slices.Clone(d.Paths)
	for i, p := range d.Paths {
		if !slices.Contains(paths, p.Name) {
			d.Paths[i].Usable, d.Paths[i].Reason = false, "left out by "+PathsVariable
		}
	}
	return d
}

// path finds a path by its name.
func (d Device) path(name string) Path {
	if i := slices.IndexFunc(d.Paths, func(p Path) bool { return p.Name == name }); i >= 0 {
		return d.Paths[i]
	}
	return Path{Name: name, Reason: "unknown"}
}

// Variant is a shader with the numbers that it is specialized by.
type Variant struct {
	Path string `json:"path"`
	// Rows is how many rows of a hash a workgroup has: 16, 32, 64, 128 or 256.
	Rows int `json:"rows"`
	// TileRows and TileWords are what an invocation computes, or with PathMatrix a
	// subgroup, counted in matrices: rows of the state by words of four bytes.
	TileRows  int `json:"tile_rows"`
	TileWords int `json:"tile_words"`
	// Pad is how many times four words lie unused between rows in shared memory.
	Pad int `json:"pad"`
	// M, N and K are the matrices' sizes and Subgroup the subgroups', with PathMatrix.
	M        int `json:"m,omitempty"`
	N        int `json:"n,omitempty"`
	K        int `json:"k,omitempty"`
	Subgroup int `json:"subgroup,omitempty"`
}

// matrixShape is a size of matrix that a device multiplies: m × k by k × n.
type matrixShape struct{ m, n, k int }

// String is the variant as the kernel of a device.
func (v Variant) String() string {
	s := fmt.Sprintf("%s r%d t%dx%d p%d", v.Path, v.Rows, v.TileRows, v.TileWords, v.Pad)
	if v.Path == PathMatrix {
		s += fmt.Sprintf(" %dx%dx%d s%d", v.M, v.N, v.K, v.Subgroup)
	}
	return s
}

// invocations is how many a workgroup has.
func (v Variant) invocations() int {
	if v.Path == PathMatrix {
		return v.Rows / v.M / v.TileRows * (64 / v.N / v.TileWords) * v.Subgroup
	}
	return v.Rows / v.TileRows * (64 / v.TileWords)
}

// sharedBytes is the shared memory that a workgroup needs.
func (v Variant) sharedBytes() int { return v.Rows * (16 + v.Pad) * 16 }

// groups is how many workgroups a hash has.
func (v Variant) groups() int { return 256 / v.Rows }

// chunk is how many words of a matrix row lie together on the device.
func (v Variant) chunk() int {
	if v.Path == PathMatrix {
		return v.K / 4
	}
	return 4
}

// check says what is wrong with a variant that did not come from this package.
func (v Variant) check() error {
	whole := func(n, part int) bool { return part > 0 && n%part == 0 }
	ok := slices.Contains([]int{16, 32, 64, 128, 256}, v.Rows) && v.Pad >= 0
	switch v.Path {
	case PathMatrix:
		ok = ok && v.K >= 4 && v.K%4 == 0 && whole(256, v.K) && whole(v.Rows, v.M) && whole(64, v.N) && v.Subgroup > 0 &&
			whole(v.Rows/v.M, v.TileRows) && whole(64/v.N, v.TileWords)
	case PathDot, PathMul:
		ok = ok && whole(v.Rows, v.TileRows) && whole(64, v.TileWords)
	default:
		ok = false
	}
	if !ok {
		return fmt.Errorf("vulkan: no such variant: %s", v)
	}
	return nil
}
