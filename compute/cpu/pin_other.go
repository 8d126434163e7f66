//go:build cgo && !linux

package cpu

// pin does nothing: not every system lets a thread be kept on a processor.
func pin(int, int) (unpin func()) { return func() {} }
