//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

/*
#cgo CFLAGS: -std=gnu11 -Wall -Wextra
#cgo linux LDFLAGS: -ldl
#include <stdlib.h>
#include "companion.h"
*/
import "C"

import (
	"bytes"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

// This file wraps companion.c and nothing else. Handles are pointers to the binding and
// numbers to the companion; out-parameters are local variables, as a pointer into a
// struct with other pointers must not cross into C.

// number turns a handle of the binding into the companion's, and handleOf back.
func number[H any](h H) C.vkc_handle { return *(*C.vkc_handle)(unsafe.Pointer(&h)) }

func handleOf[H any](n C.vkc_handle) H { return *(*H)(unsafe.Pointer(&n)) }

type (
	offer = C.struct_vkc_offer
	needs = C.struct_vkc_needs
	cUint = C.uint32_t
)

// text is a C string.
func text(chars []C.char) string {
	raw := make([]byte, 0, len(chars))
	for _, c := range chars {
		raw = append(raw, byte(c))
	}
	before, _, _ := bytes.Cut(raw, []byte{0})
	return string(before)
}

func cBytes[B ~uint8](in []B) []byte {
	out := make([]byte, len(in))
	for i, b := range in {
		out[i] = byte(b)
	}
	return out
}

// openLoader returns the loader's vkGetInstanceProcAddr, or nil and the reason.
func openLoader() (unsafe.Pointer, string) {
	const room = 512
	why := (*C.char)(C.calloc(1, room))
	defer C.free(unsafe.Pointer(why))
	proc := C.vkc_open(why, room)
	return proc, C.GoString(why)
}

func createInstance(validate bool) (vk.Instance, uint32, vk.Result) {
	var instance C.vkc_handle
	var version C.uint32_t
	var on C.int
	if validate {
		on = 1
	}
	result := C.vkc_instance(on, &instance, &version)
	return handleOf[vk.Instance](instance), uint32(version), vk.Result(result)
}

func query(physical vk.PhysicalDevice) (offer, vk.Result) {
	var o offer
	result := C.vkc_query(number(physical), &o)
	return o, vk.Result(result)
}

func createDevice(physical vk.PhysicalDevice, o *offer, n needs) (vk.Device, vk.Result) {
	var device C.vkc_handle
	result := C.vkc_device(number(physical), o, &n, &device)
	return handleOf[vk.Device](device), vk.Result(result)
}

// matrixShapes may be called only once a device with the matrix feature has been made.
func matrixShapes(physical vk.PhysicalDevice) ([]matrixShape, vk.Result) {
	var all [C.VKC_SHAPES]C.struct_vkc_shape
	count := C.uint32_t(len(all))
	result := C.vkc_shapes(number(physical), &all[0], &count)
	if result < 0 {
		return nil, vk.Result(result)
	}
	var shapes []matrixShape
	for _, s := range all[:count] {
		shapes = append(shapes, matrixShape{int(s.m), int(s.n), int(s.k)})
	}
	return shapes, vk.Success
}

func createModule(device vk.Device, code []byte) (vk.ShaderModule, vk.Result) {
	words := C.CBytes(code) // aligned, as a file in the binary need not be
	defer C.free(words)
	var module C.vkc_handle
	result := C.vkc_module(number(device), (*C.uint32_t)(words), C.size_t(len(code)), &module)
	return handleOf[vk.ShaderModule](module), vk.Result(result)
}

func createCache(device vk.Device, data []byte) (vk.PipelineCache, vk.Result) {
	var cache C.vkc_handle
	var copied unsafe.Pointer
	if len(data) > 0 {
		copied = C.CBytes(data)
		defer C.free(copied)
	}
	result := C.vkc_cache(number(device), copied, C.size_t(len(data)), &cache)
	return handleOf[vk.PipelineCache](cache), vk.Result(result)
}

func createLayouts(device vk.Device, bindings, push int) (vk.DescriptorSetLayout, vk.PipelineLayout, vk.Result) {
	var set, layout C.vkc_handle
	result := C.vkc_layouts(number(device), C.uint32_t(bindings), C.uint32_t(push), &set, &layout)
	return handleOf[vk.DescriptorSetLayout](set), handleOf[vk.PipelineLayout](layout), vk.Result(result)
}

func createSet(device vk.Device, layout vk.DescriptorSetLayout, buffers ...vk.Buffer) (vk.DescriptorPool, vk.DescriptorSet, vk.Result) {
	var all [C.VKC_BINDINGS]C.vkc_handle
	for i, b := range buffers {
		all[i] = number(b)
	}
	var pool, set C.vkc_handle
	result := C.vkc_set(number(device), number(layout), &all[0], C.uint32_t(len(buffers)), &pool, &set)
	return handleOf[vk.DescriptorPool](pool), handleOf[vk.DescriptorSet](set), vk.Result(result)
}

func createPipeline(device vk.Device, cache vk.PipelineCache, module vk.ShaderModule, layout vk.PipelineLayout, subgroup int, statistics bool, constants []uint32) (vk.Pipeline, vk.Result) {
	var all [C.VKC_CONSTANTS]C.uint32_t
	for i, c := range constants {
		all[i] = C.uint32_t(c)
	}
	var pipeline C.vkc_handle
	result := C.vkc_pipeline(number(device), number(cache), number(module), number(layout),
		&all[0], C.uint32_t(len(constants)), C.uint32_t(subgroup), flag(statistics), &pipeline)
	return handleOf[vk.Pipeline](pipeline), vk.Result(result)
}

// statisticsOf is what the driver says of a pipeline that was made with statistics, by its own
// names; what has the same name is summed up.
func statisticsOf(device vk.Device, pipeline vk.Pipeline) (map[string]uint64, vk.Result) {
	var all [C.VKC_STATISTICS]C.struct_vkc_statistic
	count := C.uint32_t(len(all))
	result := C.vkc_statistics(number(device), number(pipeline), &all[0], &count)
	named := make(map[string]uint64)
	for _, s := range all[:count] {
		named[text(s.name[:])] += uint64(s.value)
	}
	return named, vk.Result(result)
}

func copyBuffer(commands vk.CommandBuffer, from, to vk.Buffer, size int) {
	C.vkc_copy(number(commands), number(from), number(to), C.uint64_t(size))
}

// scope is a side of a barrier.
type scope struct {
	stage  vk.PipelineStageFlagBits
	access vk.AccessFlagBits
}

var (
	shaderWrites   = scope{vk.PipelineStageComputeShaderBit, vk.AccessShaderWriteBit}
	shaderReads    = scope{vk.PipelineStageComputeShaderBit, vk.AccessShaderReadBit}
	hostReads      = scope{vk.PipelineStageHostBit, vk.AccessHostReadBit}
	transferWrites = scope{vk.PipelineStageTransferBit, vk.AccessTransferWriteBit}
)

func barrier(commands vk.CommandBuffer, from, to scope) {
	C.vkc_barrier(number(commands), C.uint32_t(from.stage), C.uint32_t(from.access), C.uint32_t(to.stage), C.uint32_t(to.access))
}

func queueSubmit(queue vk.Queue, commands vk.CommandBuffer, fence vk.Fence) vk.Result {
	return vk.Result(C.vkc_submit(number(queue), number(commands), number(fence)))
}
