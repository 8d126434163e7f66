//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"

	vk "github.com/vulkan-go/vulkan"
)

// ValidateVariable is the environment variable that, set to 1, has everything checked by
// Vulkan's validation layer, if that is installed. Its messages are logged to the
// standard error.
const ValidateVariable = "TENSORITY_VULKAN_VALIDATE"

// host is the instance of Vulkan with its devices.
type host struct {
	devices   []Device
	physicals []physical // one a device
}

// physical is what is needed to open a device.
type physical struct {
	handle vk.PhysicalDevice
	offer  offer
}

// theHost is created once a process: the binding keeps the instance's functions in global
// variables.
var theHost = sync.OnceValues(openHost)

func openHost() (*host, error) {
	proc, why := openLoader()
	if proc == nil {
		return nil, fmt.Errorf("%w: no loader: %s", ErrNone, why)
	}
	vk.SetGetInstanceProcAddr(proc)
	if err := vk.Init(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	instance, version, result := createInstance(os.Getenv(ValidateVariable) == "1")
	if result != vk.Success {
		return nil, fmt.Errorf("%w: %w", ErrNone, withBrokenManifests(failure("vkCreateInstance", result)))
	}
	if vk.Version(version).Minor() < 1 && vk.Version(version).Major() == 1 {
		return nil, fmt.Errorf("%w: the loader knows Vulkan %s, 1.1 is needed", ErrNone, vk.Version(version))
	}
	if err := vk.InitInstance(instance); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	return enumerate(instance)
}

// enumerate lists the devices, graphics cards first.
func enumerate(instance vk.Instance) (*host, error) {
	var count uint32
	if result := vk.EnumeratePhysicalDevices(instance, &count, nil); result < 0 {
		return nil, fmt.Errorf("%w: %w", ErrNone, failure("vkEnumeratePhysicalDevices", result))
	}
	handles := make([]vk.PhysicalDevice, count)
	if count > 0 {
		if result := vk.EnumeratePhysicalDevices(instance, &count, handles); result < 0 {
			return nil, fmt.Errorf("%w: %w", ErrNone, failure("vkEnumeratePhysicalDevices", result))
		}
	}
	all := make([]physical, 0, count)
	for _, handle := range handles[:count] {
		o, result := query(handle)
		if result < 0 {
			return nil, fmt.Errorf("%w: %w", ErrNone, failure("the query of a device", result))
		}
		all = append(all, physical{handle, o})
	}
	if len(all) == 0 {
		return nil, withBrokenManifests(fmt.Errorf("%w: no driver offers one", ErrNone))
	}
	slices.SortStableFunc(all, func(a, b physical) int { return cmp.Compare(rank(a.offer), rank(b.offer)) })
	h := &host{physicals: all}
	for i := range all {
		h.devices = append(h.devices, describe(i, &all[i], h.devices))
	}
	return h, nil
}

// kinds are the names of the values of VkPhysicalDeviceType.
var kinds = []string{"other", "integrated", "discrete", "virtual", "cpu"}

// rank orders devices: discrete, integrated, virtual, other, cpu.
func rank(o offer) int {
	return slices.Index([]string{"discrete", "integrated", "virtual", "other", "cpu"}, kindOf(o))
}

func kindOf(o offer) string {
	if int(o._type) < len(kinds) {
		return kinds[o._type]
	}
	return kinds[0]
}

const lavapipe = 13 // VK_DRIVER_ID_MESA_LLVMPIPE

func describe(index int, p *physical, before []Device) Device {
	o := &p.offer
	d := Device{
		Name: fmt.Sprintf("%s:%d", Prefix, index), Index: index,
		Title: text(o.name[:]), Kind: kindOf(*o), API: vk.Version(o.api).String(),
		Memory: ownMemory(p.handle), Paths: paths(o),
	}
	d.Driver = text(o.driver_name[:])
	if info := text(o.driver_info[:]); info != "" {
		d.Driver += " " + info
	}
	if o.driver_id == lavapipe {
		d.Driver = "lavapipe, " + d.Driver
		// One of it is enough for anybody; a second one keeps its number.
		if !slices.ContainsFunc(before, func(d Device) bool { return d.Name == Prefix+":lavapipe" }) {
			d.Name = Prefix + ":lavapipe"
		}
	}
	d.Key = fmt.Sprintf("%s-%08x", hex.EncodeToString(cBytes(o.uuid[:])), uint32(o.driver_version))
	return d
}

// ownMemory is the size of the largest heap that is on the device.
func ownMemory(p vk.PhysicalDevice) (most uint64) {
	var all vk.PhysicalDeviceMemoryProperties
	vk.GetPhysicalDeviceMemoryProperties(p, &all)
	defer all.Free()
	all.Deref()
	for _, heap := range all.MemoryHeaps[:all.MemoryHeapCount] {
		heap.Deref()
		if heap.Flags&vk.MemoryHeapFlags(vk.MemoryHeapDeviceLocalBit) != 0 {
			most = max(most, uint64(heap.Size))
		}
	}
	runtime.KeepAlive(&all)
	return most
}

// paths says of each path whether the device offers it. Whether matrices have a size
// that will do shows only when it is opened.
func paths(o *offer) []Path {
	missing := func(checks ...any) string {
		for i := 0; i < len(checks); i += 2 {
			if checks[i].(cUint) == 0 {
				return checks[i+1].(string)
			}
		}
		return ""
	}
	matrix := missing(
		o.matrix_extension, "the driver has no VK_KHR_cooperative_matrix",
		o.matrix, "the driver lists VK_KHR_cooperative_matrix but does not offer the feature",
		o.int8, "the driver offers no arithmetic on bytes (shaderInt8)",
		o.memory_model, "the driver offers no Vulkan memory model",
		o.device_scope, "the driver's memory model has no device scope",
		o.sized, "the driver cannot fix the size of subgroups",
		o.full, "the driver cannot promise full subgroups")
	dot := missing(o.dot, "the driver offers no integer dot product")
	all := []Path{
		{PathMatrix, matrix == "", matrix},
		{PathDot, dot == "", dot},
		{PathMul, true, ""},
	}
	if all[1].Usable && o.dot_accelerated == 0 {
		all[1].Reason = "the driver does not call it accelerated"
	}
	if why := unfit(o); why != "" {
		for i := range all {
			all[i].Usable, all[i].Reason = false, why
		}
	}
	return all
}

// unfit says why a device cannot be used at all.
func unfit(o *offer) string {
	switch {
	case vk.Version(o.api).Major() == 1 && vk.Version(o.api).Minor() < 1:
		return fmt.Sprintf("the driver knows Vulkan %s, 1.1 is needed", vk.Version(o.api))
	case o.family == ^cUint(0):
		return "the device has no queue for computing"
	case o.storage_range < 16<<20:
		return "the driver's buffers are too small for a seed's matrices"
	}
	return ""
}

// Devices lists what the drivers of this machine offer. An error wraps ErrNone.
func Devices() ([]Device, error) {
	h, err := theHost()
	if err != nil {
		return nil, err
	}
	return slices.Clone(h.devices), nil
}

// Error is a failed call of Vulkan.
type Error struct {
	Call   string
	Result vk.Result
}

// Error implements error.
func (e *Error) Error() string {
	name, ok := resultNames[e.Result]
	if !ok {
		name = fmt.Sprintf("VkResult %d", e.Result)
	}
	return fmt.Sprintf("vulkan: %s: %s", e.Call, name)
}

var resultNames = map[vk.Result]string{
	vk.ErrorOutOfHostMemory:      "out of memory",
	vk.ErrorOutOfDeviceMemory:    "out of the device's memory",
	vk.ErrorInitializationFailed: "the driver failed to start",
	vk.ErrorDeviceLost:           "the device is lost",
	vk.ErrorMemoryMapFailed:      "memory cannot be mapped",
	vk.ErrorLayerNotPresent:      "the validation layer is not installed",
	vk.ErrorExtensionNotPresent:  "an extension is missing",
	vk.ErrorFeatureNotPresent:    "a feature is missing",
	vk.ErrorIncompatibleDriver:   "no driver that the loader can use",
	vk.ErrorTooManyObjects:       "too many objects",
	vk.Timeout:                   "it did not finish in time",
}

// failure is the error of a call's result, nil if it is none.
func failure(call string, result vk.Result) error {
	if result == vk.Success || result == vk.Incomplete {
		return nil
	}
	return &Error{call, result}
}
