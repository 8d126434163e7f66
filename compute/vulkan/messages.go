//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

// #include <stdint.h>
import "C"

import (
	"log/slog"
	"sync"
)

// messages are what the validation layer has said, which it does from any thread.
var messages struct {
	sync.Mutex
	all []string
}

//export vulkanMessage
func vulkanMessage(severity C.uint32_t, text *C.char) {
	said := C.GoString(text)
	messages.Lock()
	messages.all = append(messages.all, said)
	messages.Unlock()
	slog.Warn("vulkan's validation layer", "severity", uint32(severity), "message", said)
}
