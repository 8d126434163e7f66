//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"github.com/bytom-solo/bytom-solo/compute"
)

const (
	// headersFrom is the hashes per second from which on a device computes the header hashes
	// itself: at that they take the CPU 9 % of a core, and a card next to nothing.
	headersFrom = 20_000
	// headersSize is how many of them a workgroup computes.
	headersSize = 32
	nonceSize   = 8 // bytes
)

// drawing is a batch of nonces on the device, and what the chains are to read of each.
type drawing struct {
	engine *engine
	// nonces are a header's first 128 bytes and then the nonces.
	nonces, drawn *buffer
	pool          vk.DescriptorPool
	set           vk.DescriptorSet
}

func (e *engine) newDrawing(batch int, drawn place) (_ *drawing, err error) {
	d := &drawing{engine: e}
	defer func() {
		if err != nil {
			d.free()
		}
	}()
	if d.nonces, err = e.newBuffer(compute.NonceAt+batch*nonceSize, vk.BufferUsageStorageBufferBit, onHost); err != nil {
		return nil, err
	}
	if d.drawn, err = e.newBuffer(batch*indicesSize, vk.BufferUsageStorageBufferBit, drawn); err != nil {
		return nil, err
	}
	var result vk.Result
	d.pool, d.set, result = createSet(e.device, e.headers.set, d.nonces.handle, d.drawn.handle)
	return d, e.check("vkAllocateDescriptorSets", result)
}

// free frees it; the device must have finished.
func (d *drawing) free() {
	if d != nil {
		vk.DestroyDescriptorPool(d.engine.device, d.pool, nil)
		d.nonces.free()
		d.drawn.free()
	}
}

// fillNonces writes what the shader reads.
func fillNonces(in []byte, header *compute.BlockHeader, nonces []uint64) {
	copy(in, header[:compute.NonceAt])
	for i, nonce := range nonces {
		binary.LittleEndian.PutUint64(in[compute.NonceAt+i*nonceSize:], nonce)
	}
}

// record has the shader draw what there are so many nonces for.
func (d *drawing) record(commands vk.CommandBuffer, hashes uint32) {
	k := d.engine.headers
	k.bind(commands, d.set)
	vk.CmdPushConstants(commands, k.layout, vk.ShaderStageFlags(vk.ShaderStageComputeBit), 0, 4, unsafe.Pointer(&hashes))
	vk.CmdDispatch(commands, (hashes+headersSize-1)/headersSize, 1, 1)
}

// nonceHasher is a hasher whose device computes the header hashes too.
type nonceHasher struct {
	*hasher
	drawing *drawing
	pool    vk.DescriptorPool // of set, which is for the chains
	set     vk.DescriptorSet
}

// newNonceHasher extends a hasher, which it closes on failure.
func newNonceHasher(h *hasher) (*nonceHasher, error) {
	n := &nonceHasher{hasher: h}
	if err := n.allocate(); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *nonceHasher) allocate() (err error) {
	e := n.engine
	if n.drawing, err = e.newDrawing(n.batch, onDevice); err != nil {
		return err
	}
	var result vk.Result
	n.pool, n.set, result = createSet(e.device, e.chains.set, n.matrices.handle, n.drawing.drawn.handle, n.rows.handle)
	return e.check("vkAllocateDescriptorSets", result)
}

// HashNonces implements compute.NonceHasher.
func (n *nonceHasher) HashNonces(ctx context.Context, results [][32]byte, header *compute.BlockHeader, nonces []uint64) error {
	if err := compute.CheckNonces(results, nonces); err != nil {
		return err
	}
	return n.inBatches(ctx, len(results), func(from, to int) error {
		fillNonces(n.drawing.nonces.bytes(), header, nonces[from:to])
		return n.make(results[from:to], n.set, func(commands vk.CommandBuffer) {
			n.drawing.record(commands, uint32(to-from))
			barrier(commands, shaderWrites, shaderReads)
		})
	})
}

// Close implements compute.Hasher.
func (n *nonceHasher) Close() error {
	if e := n.engine; e != nil && !n.hangs {
		vk.DestroyDescriptorPool(e.device, n.pool, nil)
		n.drawing.free()
	}
	return n.hasher.Close()
}

// chooseHeaders decides where header hashes are computed, given the hashes per second that
// the device has been timed at, 0 if it has not. If the shader is of no use, the CPU makes
// them. The error is ctx's. It is for those who open a backend, before anybody uses it.
func (b *backend) chooseHeaders(ctx context.Context, rate float64) error {
	if !b.config.wantsHeaders(b.about, rate) {
		return nil
	}
	err := errors.New("the driver ended the process over its shader")
	if !b.config.ended.has(attemptHeaders) {
		err = b.config.attempting(ctx, b.about, attemptHeaders, func() error { return b.proveHeaders(ctx) })
	}
	if err == nil {
		b.config.log().Info("header hashes are made on the device", "device", b.about.Name)
		return nil
	}
	b.headers = false
	if ctx.Err() == nil {
		b.config.log().Warn("header hashes are made on the CPU", "device", b.about.Name, "error", err)
	}
	return ctx.Err()
}

// wantsHeaders reports whether a device that has been timed at so many hashes per second
// should compute the header hashes.
func (c Config) wantsHeaders(d Device, rate float64) bool {
	switch c.Headers {
	case HeadersDevice:
		return true
	case HeadersHost:
		return false
	}
	return rate >= headersFrom && !d.IsCPU()
}

// proveHeaders compiles the shader, compares what it draws with what the CPU does, and has
// the backend compute a known answer by it.
func (b *backend) proveHeaders(ctx context.Context) (err error) {
	e, err := b.enter()
	if err != nil {
		return err
	}
	defer func() {
		if !errors.Is(err, errHangs) { // or it would be waited for at its end
			e.leave()
		}
	}()
	if err := e.compileHeaders(); err != nil {
		return err
	}
	for _, batch := range []int{1, headersSize + 1, b.batch} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.compareHeaders(batch); err != nil {
			return err
		}
	}
	b.headers = true
	return compute.SelfTestNonces(ctx, b)
}

// compileHeaders compiles the kernel of header hashes.
func (e *engine) compileHeaders() (err error) {
	e.headers, err = e.newKernel(e.headersCode, 2, 4, 0, headersSize)
	return err
}

// compareHeaders draws a batch of a random header and nonces of all lengths.
func (e *engine) compareHeaders(batch int) error {
	var header compute.BlockHeader
	for i := range header {
		header[i] = byte(rand.Uint32())
	}
	nonces := make([]uint64, batch)
	for i := range nonces {
		nonces[i] = rand.Uint64() >> (i % 64)
	}
	got, err := e.draw(&header, nonces)
	if err != nil {
		return err
	}
	want := make([]byte, indicesSize)
	for i, nonce := range nonces {
		fillIndices(want, [][32]byte{header.Hash(nonce)})
		if got := got[i*indicesSize:][:indicesSize]; !bytes.Equal(got, want) {
			return fmt.Errorf("vulkan: header %x, nonce %#x, number %d of %d: the shader draws %x, the CPU %x",
				header[:compute.NonceAt], nonce, i, batch, got, want)
		}
	}
	return nil
}

// draw is what the shader draws, 128 bytes a nonce.
func (e *engine) draw(header *compute.BlockHeader, nonces []uint64) ([]byte, error) {
	d, err := e.newDrawing(len(nonces), toHost)
	if err != nil {
		return nil, err
	}
	c, err := e.newCommands()
	if err != nil {
		d.free()
		return nil, err
	}
	fillNonces(d.nonces.bytes(), header, nonces)
	err = c.once(func(commands vk.CommandBuffer) {
		d.record(commands, uint32(len(nonces)))
		barrier(commands, shaderWrites, hostReads)
	})
	if errors.Is(err, errHangs) {
		return nil, err // with all of it in the device's hands
	}
	drawn := bytes.Clone(d.drawn.bytes())
	c.free()
	d.free()
	return drawn, err
}
