package console

import "golang.org/x/sys/unix"

const (
	getMode, setMode = unix.TCGETS, unix.TCSETS
	noKey            = 0 // _POSIX_VDISABLE
)
