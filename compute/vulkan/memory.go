//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"runtime"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"github.com/bytom-solo/bytom-solo/compute"
)

// matricesSize is the size of a seed's matrices in bytes.
const matricesSize = compute.Count * compute.Size * compute.Size

// place is where a buffer is to be, best first.
type place []vk.MemoryPropertyFlagBits

var (
	onDevice = place{vk.MemoryPropertyDeviceLocalBit, 0}
	onHost   = place{vk.MemoryPropertyHostVisibleBit | vk.MemoryPropertyHostCoherentBit}
	// toHost is for what the host reads.
	toHost = place{
		vk.MemoryPropertyHostVisibleBit | vk.MemoryPropertyHostCoherentBit | vk.MemoryPropertyHostCachedBit,
		vk.MemoryPropertyHostVisibleBit | vk.MemoryPropertyHostCoherentBit,
	}
)

// buffer is a buffer with memory of its own.
type buffer struct {
	device vk.Device
	handle vk.Buffer
	memory vk.DeviceMemory
	size   int
	mapped unsafe.Pointer // nil on the device
}

func (e *engine) newBuffer(size int, usage vk.BufferUsageFlagBits, where place) (_ *buffer, err error) {
	b := &buffer{device: e.device, size: size}
	info := vk.BufferCreateInfo{SType: vk.StructureTypeBufferCreateInfo, Size: vk.DeviceSize(size), Usage: vk.BufferUsageFlags(usage)}
	defer info.Free()
	var handle vk.Buffer
	result := vk.CreateBuffer(e.device, &info, nil, &handle)
	runtime.KeepAlive(&info)
	if err := e.check("vkCreateBuffer", result); err != nil {
		return nil, err
	}
	b.handle = handle
	defer func() {
		if err != nil {
			b.free()
		}
	}()

	var needs vk.MemoryRequirements
	vk.GetBufferMemoryRequirements(e.device, handle, &needs)
	defer needs.Free()
	needs.Deref()
	if b.memory, err = e.allocate(needs, where); err != nil {
		return nil, err
	}
	if err := e.check("vkBindBufferMemory", vk.BindBufferMemory(e.device, handle, b.memory, 0)); err != nil {
		return nil, err
	}
	if where[0]&vk.MemoryPropertyHostVisibleBit != 0 {
		var mapped unsafe.Pointer
		result := vk.MapMemory(e.device, b.memory, 0, vk.DeviceSize(vk.WholeSize), 0, &mapped)
		if err := e.check("vkMapMemory", result); err != nil {
			return nil, err
		}
		b.mapped = mapped
	}
	return b, nil
}

// allocate tries every type of memory that is right, the best place first: a full heap
// does not mean that there is none left.
func (e *engine) allocate(needs vk.MemoryRequirements, where place) (vk.DeviceMemory, error) {
	result := vk.ErrorOutOfDeviceMemory
	for _, wanted := range where {
		for i, has := range e.memory {
			if needs.MemoryTypeBits&(1<<i) == 0 || has&vk.MemoryPropertyFlags(wanted) != vk.MemoryPropertyFlags(wanted) {
				continue
			}
			info := vk.MemoryAllocateInfo{SType: vk.StructureTypeMemoryAllocateInfo, AllocationSize: needs.Size, MemoryTypeIndex: uint32(i)}
			var memory vk.DeviceMemory
			result = vk.AllocateMemory(e.device, &info, nil, &memory)
			runtime.KeepAlive(&info)
			info.Free()
			if result == vk.Success {
				return memory, nil
			}
		}
	}
	return vk.NullDeviceMemory, e.check("vkAllocateMemory", result)
}

// words are a mapped buffer's contents.
func (b *buffer) words() []uint32 { return unsafe.Slice((*uint32)(b.mapped), b.size/4) }

// bytes are a mapped buffer's contents.
func (b *buffer) bytes() []byte { return unsafe.Slice((*byte)(b.mapped), b.size) }

// free frees a buffer, whatever there is of it.
func (b *buffer) free() {
	if b != nil {
		vk.DestroyBuffer(b.device, b.handle, nil)
		vk.FreeMemory(b.device, b.memory, nil) // which unmaps it
	}
}

// layOut writes a seed's matrices as the shaders read them: matrix after matrix, of it
// chunk after chunk of each row's words, and in a chunk row after row. A row's word w is
// its columns w, w+64, w+128 and w+192, the first one lowest.
func layOut(words []uint32, m *compute.Matrices, chunk int) {
	at := 0
	for n := range compute.Count {
		matrix := m.Matrix(n)
		for first := 0; first < 64; first += chunk {
			for j := range matrix {
				row := &matrix[j]
				for w := first; w < first+chunk; w++ {
					words[at] = uint32(uint8(row[w])) | uint32(uint8(row[w+64]))<<8 |
						uint32(uint8(row[w+128]))<<16 | uint32(uint8(row[w+192]))<<24
					at++
				}
			}
		}
	}
}
