//go:build linux || darwin

package node

import "golang.org/x/sys/unix"

// diskRoom is how large the disk of a directory is, and how much of it this process may still
// use, in bytes; false where the system does not say.
func diskRoom(dir string) (free, size uint64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, false
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), true
}
