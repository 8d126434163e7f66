//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"runtime"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"github.com/bytom-solo/bytom-solo/shaders"
)

// kernel is a shader, compiled for the device.
type kernel struct {
	module   vk.ShaderModule
	set      vk.DescriptorSetLayout
	layout   vk.PipelineLayout
	pipeline vk.Pipeline
}

// newKernel compiles a shader. It has so many storage buffers, bytes of push constants,
// and the numbers given as specialization constants 0, 1, 2, …
func (e *engine) newKernel(code []byte, bindings, push, subgroup int, numbers ...int) (k *kernel, err error) {
	k = new(kernel)
	defer func() {
		if err != nil {
			k.destroy(e.device)
			k = nil
		}
	}()
	var result vk.Result
	if k.module, result = createModule(e.device, code); result != vk.Success {
		return k, e.check("vkCreateShaderModule", result)
	}
	if k.set, k.layout, result = createLayouts(e.device, bindings, push); result != vk.Success {
		return k, e.check("vkCreatePipelineLayout", result)
	}
	constants := make([]uint32, len(numbers))
	for i, n := range numbers {
		constants[i] = uint32(n)
	}
	k.pipeline, result = createPipeline(e.device, e.cache, k.module, k.layout, subgroup, e.statistics, constants)
	return k, e.check("vkCreateComputePipelines", result)
}

func (k *kernel) destroy(device vk.Device) {
	vk.DestroyPipeline(device, k.pipeline, nil)
	vk.DestroyPipelineLayout(device, k.layout, nil)
	vk.DestroyDescriptorSetLayout(device, k.set, nil)
	vk.DestroyShaderModule(device, k.module, nil)
}

// finishSize is how many hashes a workgroup of the last shader computes.
const finishSize = 32

// compiledEngine is an engine with the variant's kernels.
func compiledEngine(p *physical, v Variant, cached []byte, h hooks) (*engine, error) {
	e, err := openEngine(p, v, cached, h)
	if err != nil {
		return nil, err
	}
	if err := e.compile(); err != nil {
		e.retire()
		return nil, err
	}
	return e, nil
}

// compile compiles the variant's kernels.
func (e *engine) compile() (err error) {
	if e.chains, err = e.compileChains(); err != nil {
		return err
	}
	e.finish, err = e.newKernel(shaders.Finish, 2, 4, 0, finishSize, e.variant.groups())
	return err
}

func (e *engine) compileChains() (*kernel, error) {
	switch v := e.variant; v.Path {
	case PathMatrix:
		return e.newKernel(shaders.ChainsMatrix, 3, 0, v.Subgroup, v.invocations(), v.Rows, v.TileRows, v.TileWords, v.Pad, e.steps, v.M, v.N, v.K)
	case PathDot:
		return e.newKernel(shaders.ChainsDot, 3, 0, 0, v.invocations(), v.Rows, v.TileRows, v.TileWords, v.Pad, e.steps)
	default:
		return e.newKernel(shaders.ChainsMul, 3, 0, 0, v.invocations(), v.Rows, v.TileRows, v.TileWords, v.Pad, e.steps)
	}
}

// compiled is the cache of the driver's compiler, for the next start; nil if there is none.
func (e *engine) compiled() []byte {
	var size uint
	if vk.GetPipelineCacheData(e.device, e.cache, &size, nil) != vk.Success || size == 0 {
		return nil
	}
	data := make([]byte, size)
	if vk.GetPipelineCacheData(e.device, e.cache, &size, unsafe.Pointer(&data[0])) != vk.Success {
		return nil
	}
	return data[:size]
}

// commands is a command buffer with its fence, for one batch at a time.
type commands struct {
	engine *engine
	pool   vk.CommandPool
	buffer vk.CommandBuffer
	fence  vk.Fence
}

func (e *engine) newCommands() (c *commands, err error) {
	c = &commands{engine: e}
	defer func() {
		if err != nil {
			c.free()
			c = nil
		}
	}()
	pool := vk.CommandPoolCreateInfo{
		SType: vk.StructureTypeCommandPoolCreateInfo, QueueFamilyIndex: e.family,
		Flags: vk.CommandPoolCreateFlags(vk.CommandPoolCreateResetCommandBufferBit),
	}
	defer pool.Free()
	var made vk.CommandPool
	result := vk.CreateCommandPool(e.device, &pool, nil, &made)
	runtime.KeepAlive(&pool)
	if err := e.check("vkCreateCommandPool", result); err != nil {
		return c, err
	}
	c.pool = made

	one := vk.CommandBufferAllocateInfo{
		SType: vk.StructureTypeCommandBufferAllocateInfo, CommandPool: made,
		Level: vk.CommandBufferLevelPrimary, CommandBufferCount: 1,
	}
	defer one.Free()
	buffers := make([]vk.CommandBuffer, 1)
	result = vk.AllocateCommandBuffers(e.device, &one, buffers)
	runtime.KeepAlive(&one)
	if err := e.check("vkAllocateCommandBuffers", result); err != nil {
		return c, err
	}
	c.buffer = buffers[0]

	info := vk.FenceCreateInfo{SType: vk.StructureTypeFenceCreateInfo}
	defer info.Free()
	var fence vk.Fence
	result = vk.CreateFence(e.device, &info, nil, &fence)
	runtime.KeepAlive(&info)
	c.fence = fence
	return c, e.check("vkCreateFence", result)
}

// free frees them; the device must have finished.
func (c *commands) free() {
	if c != nil {
		vk.DestroyFence(c.engine.device, c.fence, nil)
		vk.DestroyCommandPool(c.engine.device, c.pool, nil)
	}
}

// once records commands, has them executed and waits for their end.
func (c *commands) once(record func(vk.CommandBuffer)) error {
	begin := vk.CommandBufferBeginInfo{
		SType: vk.StructureTypeCommandBufferBeginInfo,
		Flags: vk.CommandBufferUsageFlags(vk.CommandBufferUsageOneTimeSubmitBit),
	}
	defer begin.Free()
	result := vk.BeginCommandBuffer(c.buffer, &begin)
	runtime.KeepAlive(&begin)
	if err := c.engine.check("vkBeginCommandBuffer", result); err != nil {
		return err
	}
	record(c.buffer)
	if err := c.engine.check("vkEndCommandBuffer", vk.EndCommandBuffer(c.buffer)); err != nil {
		return err
	}
	return c.engine.run(c.buffer, c.fence)
}

// bind chooses a kernel and its buffers for the dispatches that follow.
func (k *kernel) bind(commands vk.CommandBuffer, set vk.DescriptorSet) {
	sets := []vk.DescriptorSet{set}
	vk.CmdBindPipeline(commands, vk.PipelineBindPointCompute, k.pipeline)
	vk.CmdBindDescriptorSets(commands, vk.PipelineBindPointCompute, k.layout, 0, 1, sets, 0, nil)
	runtime.KeepAlive(sets)
}
