package history

import (
	"errors"
)

// ErrInMemory means that what is counted is in memory alone.
var ErrInMemory = errors.New("it is in memory alone")

// InMemory reports whether the history has no file at present, so that what is counted may be lost
// with it.
func (h *History) InMemory() bool {
	h.fileMu.RLock()
	defer h.fileMu.RUnlock()
	return h.file == nil
}

// Copy writes a file at a path that is as the history is at one moment, with all that was counted
// by now: see boltcheck.DB.Copy.
func (h *History) Copy(path string) (bytes int64, err error) {
	if err := h.Flush(); err != nil {
		return 0, err
	}
	h.fileMu.RLock()
	defer h.fileMu.RUnlock()
	if h.file == nil {
		return 0, ErrInMemory
	}
	return h.file.Copy(path)
}
