//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"crypto/sha3"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/shaders"
)

// collectAlways has the garbage collector never rest until the test ends: whatever
// belongs to a finalizer that runs too early is gone at once.
func collectAlways(t *testing.T) {
	done := make(chan struct{})
	var collector sync.WaitGroup
	collector.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				runtime.GC()
			}
		}
	})
	t.Cleanup(func() { close(done); collector.Wait() })
}

// TestGarbageCollection makes pipelines and batches on two devices at a time while the
// garbage collector never rests, and looks at the memory that all this takes.
func TestGarbageCollection(t *testing.T) {
	pipelines, warm, batches := 3, 10, 30
	if computetest.Long() {
		pipelines, warm, batches = 100, 500, 9_500
	}
	testDevice(t)
	collectAlways(t)

	want := [32]byte{}
	for range pipelines {
		b := openFew(t, 1, 1, nil)
		h := hasherOf(t, b)
		result, err := hashOne(t.Context(), h)
		if err != nil || want != [32]byte{} && result != want {
			t.Fatalf("%x and %v, want %x", result, err, want)
		}
		want = result
		h.Close()
		b.Close()
	}

	backends := []*backend{openFew(t, 1, 1, nil), openFew(t, 1, 1, nil)}
	var hashers []func(n int) error
	for _, b := range backends {
		h := hasherOf(t, b)
		defer h.Close()
		hashers = append(hashers, func(n int) error {
			for i := range n {
				if result, err := hashOne(t.Context(), h); err != nil || result != want {
					return fmt.Errorf("batch %d: %x and %v, want %x", i, result, err, want)
				}
			}
			return nil
		})
	}
	onEach := func(n int) {
		var devices sync.WaitGroup
		for _, hash := range hashers {
			devices.Go(func() {
				if err := hash(n); err != nil {
					t.Error(err)
				}
			})
		}
		devices.Wait()
	}
	onEach(warm)
	start := residentMemory(t)
	onEach(batches)
	end := residentMemory(t)
	t.Logf("%.1f MB after %d batches, %.1f MB after %d", float64(start)/1e6, 2*warm, float64(end)/1e6, 2*(warm+batches))
	if end-start > mostGrowth {
		t.Errorf("that is %.1f MB more", float64(end-start)/1e6)
	}
}

// mostGrowth is how much memory may come with batches, in bytes. One that forgot its
// descriptors or its commands would take more than a KB each time.
const mostGrowth = 16 << 20

// TestAMillionDispatches makes tiny batches, each with a copy, two dispatches, the
// barriers between them and descriptors of its own, on two devices at a time, while the
// garbage collector never rests. Devices, pipelines, caches and commands are made anew
// now and then. Each batch has an input of its own, and its result is looked at.
// BYTOM_SOLO_DISPATCHES is how many it makes in its long form.
func TestAMillionDispatches(t *testing.T) {
	dispatches := 2_000
	if computetest.Long() {
		dispatches = 1_000_000
		if n, err := strconv.Atoi(os.Getenv("BYTOM_SOLO_DISPATCHES")); err == nil {
			dispatches = n
		}
	}
	p := testPhysical(t, testDevice(t))
	collectAlways(t)
	const perRound = 5_000
	var devices sync.WaitGroup
	start := time.Now()
	for range 2 {
		devices.Go(func() {
			for left := dispatches / 4; left > 0 && !t.Failed(); left -= perRound { // two devices, two dispatches a batch
				if err := tinyBatches(p, min(left, perRound)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	devices.Wait()
	t.Logf("%d dispatches in %s, then %.1f MB", dispatches/4*4, time.Since(start).Round(time.Second), float64(residentMemory(t))/1e6)
}

// tinyBatches opens a device for so many batches of the last shader.
func tinyBatches(p *physical, n int) error {
	const commandsFor = 100 // batches
	e, err := openEngine(p, smallest, nil, noHooks())
	if err != nil {
		return err
	}
	defer e.retire()
	k, err := e.newKernel(shaders.Finish, 2, 4, 0, finishSize, smallest.groups())
	if err != nil {
		return err
	}
	defer k.destroy(e.device)
	b := &tinyBatch{engine: e, kernel: k}
	defer b.free()
	size := smallest.groups() * rowSize
	if b.staging, err = e.newBuffer(size, vk.BufferUsageTransferSrcBit, onHost); err != nil {
		return err
	}
	if b.rows, err = e.newBuffer(size, vk.BufferUsageStorageBufferBit|vk.BufferUsageTransferDstBit, onDevice); err != nil {
		return err
	}
	if b.results, err = e.newBuffer(32, vk.BufferUsageStorageBufferBit, toHost); err != nil {
		return err
	}
	for i := range n {
		if i%commandsFor == 0 {
			b.commands.free()
			if b.commands, err = e.newCommands(); err != nil {
				return err
			}
		}
		if err := b.run(); err != nil {
			return fmt.Errorf("batch %d: %w", i, err)
		}
	}
	return nil
}

// tinyBatch is what a batch of the last shader needs.
type tinyBatch struct {
	engine                 *engine
	kernel                 *kernel
	commands               *commands
	staging, rows, results *buffer
}

func (b *tinyBatch) free() {
	for _, one := range []*buffer{b.staging, b.rows, b.results} {
		one.free()
	}
	b.commands.free()
}

// run makes a batch of rows that nobody has seen before, and looks at what comes out.
func (b *tinyBatch) run() error {
	words := b.staging.words()
	for i := range words {
		words[i] = rand.Uint32()
	}
	want := endOf(words)
	pool, set, result := createSet(b.engine.device, b.kernel.set, b.rows.handle, b.results.handle)
	if result != vk.Success {
		return failure("vkAllocateDescriptorSets", result)
	}
	defer vk.DestroyDescriptorPool(b.engine.device, pool, nil)
	clear(b.results.bytes())
	err := b.commands.once(func(commands vk.CommandBuffer) {
		copyBuffer(commands, b.staging.handle, b.rows.handle, b.rows.size)
		barrier(commands, transferWrites, shaderReads)
		b.kernel.bind(commands, set)
		for hashes := range uint32(2) { // none, then the one
			vk.CmdPushConstants(commands, b.kernel.layout, vk.ShaderStageFlags(vk.ShaderStageComputeBit), 0, 4, unsafe.Pointer(&hashes))
			vk.CmdDispatch(commands, 1, 1, 1)
			barrier(commands, shaderWrites, shaderReads)
		}
		barrier(commands, shaderWrites, hostReads)
	})
	if err != nil {
		return err
	}
	if got := [32]byte(b.results.bytes()); got != want {
		return fmt.Errorf("%x, want %x", got, want)
	}
	return nil
}

// endOf is what the last shader makes of a hash's rows of 64 words.
func endOf(words []uint32) [32]byte {
	rows := append([]uint32(nil), words...)
	for n := len(rows) / 2; n >= 64; n /= 2 {
		for i := range n {
			rows[i] = rows[i]*0x01000193 ^ rows[i+n]
		}
	}
	var last []byte
	for _, word := range rows[:64] {
		last = binary.LittleEndian.AppendUint32(last, word)
	}
	return sha3.Sum256(last)
}

// residentMemory is what the process has of it, in bytes, or 0 if the system does not say.
func residentMemory(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
