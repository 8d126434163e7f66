//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"context"
	"errors"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"github.com/bytom-solo/bytom-solo/compute"
)

// hasher implements compute.Hasher: buffers for one batch and the commands that work on
// it.
type hasher struct {
	engine   *engine // nil after Close
	release  func()  // releases the seed
	commands *commands
	batch    int

	matrices               *buffer // the seed's
	indices, rows, results *buffer
	chainsPool, finishPool vk.DescriptorPool
	chainsSet, finishSet   vk.DescriptorSet
	hangs                  bool // the device may still write to all this
}

// newHasher returns a Hasher on an engine that the caller has entered, and leaves it on
// failure.
func newHasher(ctx context.Context, e *engine, seed [32]byte, batch int) (*hasher, error) {
	matrices, release, err := e.seed(ctx, seed)
	if err != nil {
		e.leave()
		return nil, err
	}
	h := &hasher{engine: e, release: release, batch: batch, matrices: matrices}
	if err := h.allocate(); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

func (h *hasher) allocate() (err error) {
	e, v := h.engine, h.engine.variant
	if h.commands, err = e.newCommands(); err != nil {
		return err
	}
	if h.indices, err = e.newBuffer(h.batch*indicesSize, vk.BufferUsageStorageBufferBit, onHost); err != nil {
		return err
	}
	if h.rows, err = e.newBuffer(h.batch*v.groups()*rowSize, vk.BufferUsageStorageBufferBit, onDevice); err != nil {
		return err
	}
	if h.results, err = e.newBuffer(h.batch*32, vk.BufferUsageStorageBufferBit, toHost); err != nil {
		return err
	}
	var result vk.Result
	h.chainsPool, h.chainsSet, result = createSet(e.device, e.chains.set, h.matrices.handle, h.indices.handle, h.rows.handle)
	if err := e.check("vkAllocateDescriptorSets", result); err != nil {
		return err
	}
	h.finishPool, h.finishSet, result = createSet(e.device, e.finish.set, h.rows.handle, h.results.handle)
	return e.check("vkAllocateDescriptorSets", result)
}

const (
	indicesSize = 128 // bytes of a hash's matrix numbers
	rowSize     = 256 // bytes of a row
)

func (h *hasher) Batch() int { return h.batch }

func (h *hasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	if err := compute.CheckBatch(results, headers); err != nil {
		return err
	}
	return h.inBatches(ctx, len(results), func(from, to int) error { return h.hash(results[from:to], headers[from:to]) })
}

// inBatches does n hashes, a batch at a time.
func (h *hasher) inBatches(ctx context.Context, n int, do func(from, to int) error) error {
	if h.engine == nil {
		return compute.ErrClosed
	}
	for from := 0; from < n; from += h.batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := do(from, min(n, from+h.batch)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// hash computes one batch.
func (h *hasher) hash(results, headers [][32]byte) error {
	fillIndices(h.indices.bytes(), headers)
	return h.make(results, h.chainsSet, func(vk.CommandBuffer) {})
}

// fillIndices writes what the chains read of each header hash.
func fillIndices(in []byte, headers [][32]byte) {
	for i, header := range headers {
		indices := compute.Indices(header)
		for c := range indices {
			copy(in[i*indicesSize+c*32:], indices[c][:])
		}
	}
}

// make makes one batch of the indices in a set of the chains, after what is done before.
func (h *hasher) make(results [][32]byte, set vk.DescriptorSet, before func(vk.CommandBuffer)) error {
	e, n := h.engine, uint32(len(results))
	err := h.commands.once(func(commands vk.CommandBuffer) {
		before(commands)
		e.chains.bind(commands, set)
		vk.CmdDispatch(commands, uint32(e.variant.groups()), n, 1)
		barrier(commands, shaderWrites, shaderReads)
		e.finish.bind(commands, h.finishSet)
		vk.CmdPushConstants(commands, e.finish.layout, vk.ShaderStageFlags(vk.ShaderStageComputeBit), 0, 4, unsafe.Pointer(&n))
		vk.CmdDispatch(commands, (n+finishSize-1)/finishSize, 1, 1)
		barrier(commands, shaderWrites, hostReads)
	})
	h.hangs = h.hangs || errors.Is(err, errHangs)
	if err != nil {
		return err
	}
	out := h.results.bytes()
	for i := range results {
		copy(results[i][:], out[i*32:])
	}
	return nil
}

// Close implements compute.Hasher. What a hanging device still works on is never freed.
func (h *hasher) Close() error {
	e := h.engine
	if e == nil || h.hangs {
		return nil
	}
	h.engine = nil
	vk.DestroyDescriptorPool(e.device, h.chainsPool, nil)
	vk.DestroyDescriptorPool(e.device, h.finishPool, nil)
	for _, b := range []*buffer{h.indices, h.rows, h.results} {
		b.free()
	}
	h.commands.free()
	h.release()
	e.leave()
	return nil
}
