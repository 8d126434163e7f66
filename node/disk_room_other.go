//go:build !linux && !darwin && !windows

package node

// diskRoom is not known here.
func diskRoom(string) (free, size uint64, known bool) { return 0, 0, false }
