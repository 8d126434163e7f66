//go:build unix

package node

import "syscall"

// openFilesLimit is how many files this process may open: Go has raised it as far as it
// may.
func openFilesLimit() uint64 {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0
	}
	return uint64(l.Cur)
}
