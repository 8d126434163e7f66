//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package console

import "golang.org/x/sys/unix"

const (
	getMode, setMode = unix.TIOCGETA, unix.TIOCSETA
	noKey            = 0xff // _POSIX_VDISABLE
)
