//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	vk "github.com/vulkan-go/vulkan"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/shaders"
)

// engine is a logical device with the pipelines of one variant and the matrices of the
// latest seeds. It lives until its last user has left: the backend that it belongs to,
// each of its Hashers and each seed.
type engine struct {
	device  vk.Device
	queue   vk.Queue
	family  uint32
	memory  []vk.MemoryPropertyFlags // by the type's number
	pools   sync.Mutex               // guards the queue, which is used by one at a time
	variant Variant
	// patience is how long the device may take for anything.
	patience time.Duration
	// statistics says that the driver keeps what there is to say of compiled shaders, and with
	// some drivers that it uses no cache.
	statistics bool

	cache          vk.PipelineCache
	chains, finish *kernel
	headers        *kernel // nil if header hashes are computed on the CPU
	seeds          *compute.SeedCache[*buffer]

	used atomic.Bool // something was submitted
	lost atomic.Bool // the device no longer works: nothing but closing is left
	hooks

	mu    sync.Mutex
	users int
}

// hooks are what tests change.
type hooks struct {
	// fault may have a call of Vulkan fail that did not.
	fault func(call string) vk.Result
	// expand computes a seed's matrices, and steps is how many products a chain has.
	expand func(seed [32]byte) *compute.Matrices
	steps  int
	// headersCode is the shader that computes header hashes.
	headersCode []byte
}

func noHooks() hooks {
	return hooks{func(string) vk.Result { return vk.Success }, compute.NewMatrices, 64, shaders.Headers}
}

// openEngine creates a logical device with what a variant needs of it. cached is the
// compiler's cache of an earlier one.
func openEngine(p *physical, v Variant, cached []byte, h hooks) (e *engine, err error) {
	return openEngineFor(p, needsOf(p, v), v, cached, h)
}

// needsOf is what a variant needs of a device.
func needsOf(p *physical, v Variant) needs {
	return needs{family: p.offer.family, dot: flag(v.Path == PathDot), matrix: flag(v.Path == PathMatrix), sized: flag(v.Subgroup > 0)}
}

func openEngineFor(p *physical, w needs, v Variant, cached []byte, h hooks) (e *engine, err error) {
	device, result := createDevice(p.handle, &p.offer, w)
	if err := failure("vkCreateDevice", result); err != nil {
		return nil, err
	}
	e = &engine{device: device, family: uint32(p.offer.family), variant: v, statistics: w.statistics != 0, hooks: h, users: 1}
	e.memory = memoryTypes(p.handle)
	e.patience = longestBatch
	if kindOf(p.offer) == "cpu" {
		e.patience *= 10
	}
	liveDevices.Add(1)
	defer func() {
		if err != nil {
			e.leave()
			e = nil
		}
	}()
	var queue vk.Queue
	vk.GetDeviceQueue(device, e.family, 0, &queue)
	e.queue = queue
	e.seeds = compute.NewSeedCache(compute.SeedsKept, e.upload, e.forget)
	if e.cache, result = createCache(device, cached); result != vk.Success {
		// A cache is an optimization.
		if e.cache, result = createCache(device, nil); result != vk.Success {
			return e, failure("vkCreatePipelineCache", result)
		}
	}
	return e, nil
}

func memoryTypes(p vk.PhysicalDevice) []vk.MemoryPropertyFlags {
	var all vk.PhysicalDeviceMemoryProperties
	vk.GetPhysicalDeviceMemoryProperties(p, &all)
	defer all.Free()
	all.Deref()
	var types []vk.MemoryPropertyFlags
	for _, t := range all.MemoryTypes[:all.MemoryTypeCount] {
		t.Deref()
		types = append(types, t.PropertyFlags)
	}
	runtime.KeepAlive(&all)
	return types
}

// enter counts a user; it fails if the last one has left already.
func (e *engine) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.users == 0 {
		return false
	}
	e.users++
	return true
}

// leave takes a user off, and frees the device after the last.
func (e *engine) leave() {
	e.mu.Lock()
	e.users--
	last := e.users == 0
	e.mu.Unlock()
	if last {
		e.destroy()
	}
}

// retire is the leave of the backend, which lets go of the seeds too.
func (e *engine) retire() {
	e.seeds.Close()
	e.leave()
}

func (e *engine) destroy() {
	if e.used.Load() {
		vk.DeviceWaitIdle(e.device)
	}
	for _, k := range []*kernel{e.headers, e.chains, e.finish} {
		if k != nil {
			k.destroy(e.device)
		}
	}
	vk.DestroyPipelineCache(e.device, e.cache, nil)
	vk.DestroyDevice(e.device, nil)
	liveDevices.Add(-1)
}

// liveDevices counts logical devices, for tests.
var liveDevices atomic.Int64

// check is failure, but for the faults that a test injects, and notes a lost device.
func (e *engine) check(call string, result vk.Result) error {
	if result == vk.Success {
		result = e.fault(call)
	}
	return e.noted(failure(call, result), result)
}

// noted returns an error, having noted a lost device.
func (e *engine) noted(err error, result vk.Result) error {
	if result == vk.ErrorDeviceLost {
		e.lost.Store(true)
	}
	return err
}

// longestBatch is how long the device may take for anything, ten times that if it is
// the CPU, which others may keep busy. What takes longer hangs, and counts as lost.
const longestBatch = time.Minute

// run submits commands and waits for their end, which ctx does not shorten: the device
// still writes. Its error is not looked at.
func (e *engine) run(commands vk.CommandBuffer, fence vk.Fence) error {
	e.used.Store(true)
	e.pools.Lock()
	result := queueSubmit(e.queue, commands, fence)
	e.pools.Unlock()
	if err := e.check("vkQueueSubmit", result); err != nil {
		return err
	}
	return e.wait(fence)
}

// errHangs means that memory of a batch is still in the device's hands.
var errHangs = errors.New("the device hangs")

func (e *engine) wait(fence vk.Fence) error {
	fences := []vk.Fence{fence}
	result := vk.WaitForFences(e.device, 1, fences, vk.True, uint64(e.patience))
	runtime.KeepAlive(fences)
	if result == vk.Success {
		result = e.fault("vkWaitForFences") // Before it is looked at: a test has a device hang.
	}
	if result == vk.Timeout {
		e.lost.Store(true)
		return fmt.Errorf("%w: %w: nothing for %s", errHangs, failure("vkWaitForFences", result), e.patience)
	}
	if result != vk.Success {
		return e.noted(failure("vkWaitForFences", result), result)
	}
	result = vk.ResetFences(e.device, 1, fences)
	runtime.KeepAlive(fences)
	return failure("vkResetFences", result)
}

// seed returns a seed's matrices on the device, and what releases them.
func (e *engine) seed(ctx context.Context, seed [32]byte) (*buffer, func(), error) {
	return e.seeds.Acquire(ctx, seed)
}

// forget frees a seed's matrices.
func (e *engine) forget(b *buffer) {
	b.free()
	e.leave()
}

// upload expands a seed, lays its matrices out for the shaders and copies them to the
// device. What a hanging device still works on is never freed, nor is the device left, which
// would wait for its end.
func (e *engine) upload(seed [32]byte) (_ *buffer, err error) {
	if !e.enter() {
		return nil, compute.ErrClosed
	}
	defer func() {
		if err != nil && !errors.Is(err, errHangs) {
			e.leave()
		}
	}()
	staging, err := e.newBuffer(matricesSize, vk.BufferUsageTransferSrcBit, onHost)
	if err != nil {
		return nil, err
	}
	defer func() {
		if !errors.Is(err, errHangs) {
			staging.free()
		}
	}()
	layOut(staging.words(), e.expand(seed), e.variant.chunk())
	b, err := e.newBuffer(matricesSize, vk.BufferUsageStorageBufferBit|vk.BufferUsageTransferDstBit, onDevice)
	if err != nil {
		return nil, err
	}
	c, err := e.newCommands()
	if err == nil {
		err = c.once(func(commands vk.CommandBuffer) {
			copyBuffer(commands, staging.handle, b.handle, matricesSize)
			barrier(commands, transferWrites, shaderReads)
		})
		if errors.Is(err, errHangs) {
			return nil, err
		}
		c.free()
	}
	if err != nil {
		b.free()
		return nil, err
	}
	return b, nil
}

func flag(on bool) cUint {
	if on {
		return 1
	}
	return 0
}
