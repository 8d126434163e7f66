//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/shaders"
)

// openWithHeaders is openFew with header hashes made on the device.
func openWithHeaders(t testing.TB, batch int, fault func(string) vk.Result) *backend {
	t.Helper()
	b := openFew(t, batch, 1, fault)
	if err := b.current.compileHeaders(); err != nil {
		t.Fatal(err)
	}
	b.headers = true
	return b
}

// anyNumber is a number of any length, often one at which a length changes.
func anyNumber() uint64 {
	if n := rand.IntN(65); rand.IntN(2) == 0 {
		return rand.Uint64() >> n
	} else {
		return 1<<n + rand.Uint64N(3) - 1
	}
}

// anyHeader has heights, timestamps and targets of all lengths.
func anyHeader() (h compute.BlockHeader) {
	for i := range h {
		h[i] = byte(rand.Uint32())
	}
	for _, at := range []int{0, 8, 48, 120, compute.NonceAt} {
		binary.LittleEndian.PutUint64(h[at:], anyNumber())
	}
	return h
}

// TestHeadersAreDrawnAsOnTheCPU compares the shader with the CPU: on nonces around every
// power of two, and batches that fill no workgroup, one and more than one.
func TestHeadersAreDrawnAsOnTheCPU(t *testing.T) {
	b := openWithHeaders(t, 1, nil)
	around := []uint64{0, 1<<64 - 1}
	for n := range 64 {
		around = append(around, 1<<n-1, 1<<n, 1<<n+1)
	}
	batches := [][]uint64{around}
	for _, n := range []int{1, 2, headersSize - 1, headersSize, headersSize + 1, 5*headersSize + 3} {
		nonces := make([]uint64, n)
		for i := range nonces {
			nonces[i] = anyNumber()
		}
		batches = append(batches, nonces)
	}
	rounds := 2
	if computetest.Long() {
		rounds = 500
	}
	want := make([]byte, indicesSize)
	for range rounds {
		for _, nonces := range batches {
			header := anyHeader()
			got, err := b.current.draw(&header, nonces)
			if err != nil {
				t.Fatal(err)
			}
			for i, nonce := range nonces {
				fillIndices(want, [][32]byte{header.Hash(nonce)})
				if got := got[i*indicesSize:][:indicesSize]; !bytes.Equal(got, want) {
					t.Fatalf("header %x, nonce %#x, number %d of %d: got %x, want %x", header, nonce, i, len(nonces), got, want)
				}
			}
		}
	}
	if err := b.current.compareHeaders(2*headersSize - 1); err != nil {
		t.Error(err)
	}
}

// TestHashNoncesIsHash compares hashes of nonces with those of their header hashes, in
// batches that do not come out even, by one Hasher in turns.
func TestHashNoncesIsHash(t *testing.T) {
	b := openWithHeaders(t, 3, nil)
	h := hasherOf(t, b).(compute.NonceHasher)
	defer h.Close()
	for _, n := range []int{7, 1, 0, 3} {
		header := anyHeader()
		nonces, headers := make([]uint64, n), make([][32]byte, n)
		for i := range nonces {
			nonces[i] = anyNumber()
			headers[i] = header.Hash(nonces[i])
		}
		got, want := make([][32]byte, n), make([][32]byte, n)
		if err := h.HashNonces(t.Context(), got, &header, nonces); err != nil {
			t.Fatal(err)
		}
		if err := h.Hash(t.Context(), want, headers); err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("header %x, nonce %#x, number %d of %d: got %x, want %x", header, nonces[i], i, n, got[i], want[i])
			}
		}
	}
	if err := h.HashNonces(t.Context(), make([][32]byte, 1), new(compute.BlockHeader), nil); err == nil {
		t.Error("a result of no nonce: no error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.HashNonces(ended, make([][32]byte, 1), new(compute.BlockHeader), []uint64{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("after its context has ended: %v", err)
	}
	h.Close()
	if err := h.HashNonces(t.Context(), make([][32]byte, 1), new(compute.BlockHeader), []uint64{1}); !errors.Is(err, compute.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := h.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

// TestHeadersAfterALoss loses the device in a batch of nonces.
func TestHeadersAfterALoss(t *testing.T) {
	before := liveDevices.Load()
	lose := false
	b := openWithHeaders(t, 2, func(call string) vk.Result {
		if call == "vkWaitForFences" && lose {
			lose = false
			return vk.ErrorDeviceLost
		}
		return vk.Success
	})
	header, nonces := anyHeader(), []uint64{anyNumber(), anyNumber(), anyNumber()}
	want, got := make([][32]byte, len(nonces)), make([][32]byte, len(nonces))
	h := hasherOf(t, b).(compute.NonceHasher)
	if err := h.HashNonces(t.Context(), want, &header, nonces); err != nil {
		t.Fatal(err)
	}
	lose = true
	if err := h.HashNonces(t.Context(), got, &header, nonces); err == nil {
		t.Fatal("a batch on a lost device: no error")
	}
	h.Close()
	again := hasherOf(t, b).(compute.NonceHasher)
	if err := again.HashNonces(t.Context(), got, &header, nonces); err != nil || got[0] != want[0] || got[2] != want[2] {
		t.Errorf("%x and %v, want %x", got, err, want)
	}
	again.Close()
	b.Close()
	if n := liveDevices.Load() - before; n != 0 {
		t.Errorf("%d logical devices after all was closed", n)
	}
}

// TestWhereHeadersAreMade has the CPU make them where it is to, where the device is slow,
// and where its shader does not compile or draws the wrong numbers.
func TestWhereHeadersAreMade(t *testing.T) {
	failing := ""
	b := openFew(t, 1, 1, func(call string) vk.Result {
		if call == failing {
			return vk.ErrorInitializationFailed
		}
		return vk.Success
	})
	wrong := bytes.Clone(shaders.Headers)
	at := bytes.Index(wrong, binary.LittleEndian.AppendUint32(nil, 0x8000808b)) // of a round
	if at < 0 {
		t.Fatal("the shader has not the constant that the test changes")
	}
	wrong[at] ^= 4
	for name, test := range map[string]struct {
		headers Headers
		kind    string
		rate    float64
		code    []byte
		fault   string
		log     string // in it; nothing if the CPU was to make them
	}{
		"as the operator says":    {headers: HeadersHost, kind: "discrete", rate: 1e6},
		"slow":                    {kind: "discrete", rate: headersFrom - 1},
		"not timed":               {headers: HeadersAuto, kind: "discrete"},
		"the CPU":                 {kind: "cpu", rate: 1e6},
		"wrong":                   {headers: HeadersDevice, kind: "cpu", code: wrong, log: "the shader draws"},
		"wrong and fast":          {kind: "discrete", rate: headersFrom, code: wrong, log: "the shader draws"},
		"not to be compiled":      {headers: HeadersDevice, kind: "discrete", fault: "vkCreateComputePipelines", log: "the driver failed to start"},
		"wrong but in the shader": {headers: HeadersDevice, kind: "cpu", log: "computed a wrong hash"}, // with one product a chain
	} {
		t.Run(name, func(t *testing.T) {
			if e := b.current; e.headers != nil { // of the case before
				e.headers.destroy(e.device)
				e.headers = nil
			}
			var log strings.Builder
			failing, b.about.Kind = test.fault, test.kind
			b.config = Config{Headers: test.headers, Log: slog.New(slog.NewTextHandler(&log, nil))}
			if b.current.headersCode = test.code; test.code == nil {
				b.current.headersCode = shaders.Headers
			}
			if err := b.chooseHeaders(t.Context(), test.rate); err != nil {
				t.Fatal(err)
			}
			failing = ""
			if text := log.String(); !strings.Contains(text, test.log) || test.log == "" && text != "" ||
				test.log != "" && !strings.Contains(text, "header hashes are made on the CPU") {
				t.Errorf("log: %s", text)
			}
			h := hasherOf(t, b)
			defer h.Close()
			if _, ok := h.(compute.NonceHasher); ok || strings.Contains(b.Info().Kernel, "headers") {
				t.Errorf("%s has them made on the device", b.Info().Kernel)
			}
			if _, err := hashOne(t.Context(), h); err != nil {
				t.Errorf("hash: %v", err)
			}
		})
	}
}

func TestParseHeaders(t *testing.T) {
	for name, want := range map[string]Headers{"": HeadersAuto, "auto": HeadersAuto, "device": HeadersDevice, "host": HeadersHost} {
		if got, err := ParseHeaders(name); got != want || err != nil {
			t.Errorf("%q: %q and %v", name, got, err)
		}
	}
	if _, err := ParseHeaders("gpu"); err == nil || !strings.Contains(err.Error(), `TENSORITY_VULKAN_HEADERS: value "gpu": expected auto, device or host`) {
		t.Errorf("gpu: %v", err)
	}
}

// BenchmarkHostWork is what a hash costs the CPU before the device has it, by where header
// hashes are made.
func BenchmarkHostWork(b *testing.B) {
	const batch = 8192
	header, nonces, headers := anyHeader(), make([]uint64, batch), make([][32]byte, batch)
	room := make([]byte, batch*indicesSize)
	perHash := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/hash")
		b.ReportMetric(0, "ns/op")
	}
	fill := func() {
		for i := range nonces {
			nonces[i] = uint64(i)
		}
	}
	b.Run(string(HeadersHost), func(b *testing.B) {
		for range b.N {
			fill()
			for i, nonce := range nonces {
				headers[i] = header.Hash(nonce)
			}
			fillIndices(room, headers)
		}
		perHash(b)
	})
	b.Run(string(HeadersDevice), func(b *testing.B) {
		for range b.N {
			fill()
			fillNonces(room, &header, nonces)
		}
		perHash(b)
	})
}
