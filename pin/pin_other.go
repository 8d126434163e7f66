//go:build !linux

package pin

// Not every system lets a thread be kept on a processor.
func goroutine(int, int) (unpin func()) { return func() {} }
