//go:build unix

package console

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// keyboard gets single keys from a terminal: without waiting for a line and without echo, but
// with its signals. The terminal is the program's while it is in the foreground. In the
// background it is not touched, which would stop the program (SIGTTIN, SIGTTOU).
type keyboard struct {
	mu     sync.Mutex
	in     *os.File
	fd     int
	before *term.State // nil while the terminal is as it was
	over   bool
	guards sync.Once
}

// look is how often the keyboard looks for signals, and whether it is in the foreground.
const look = 200 * time.Millisecond

// suspend is the key Ctrl-Z, which is no signal here: Go can't stop by a signal that it has
// caught, and the terminal is to be given back first.
const suspend = 'Z' - '@'

func (k *keyboard) run(ctx context.Context, in *os.File, screen bool, press func(rune), hide func()) {
	k.in, k.fd = in, int(in.Fd())
	if !screen || !term.IsTerminal(k.fd) {
		return
	}
	defer context.AfterFunc(ctx, k.release)()
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	defer signal.Stop(goesOn)
	for ctx.Err() == nil {
		select {
		case <-goesOn:
			k.giveBack(false) // A shell may have changed it meanwhile.
		default:
		}
		if !k.take() {
			sleep(ctx, look)
			continue
		}
		key, ok := k.read()
		switch {
		case !ok:
			return
		case key == suspend:
			hide()
			k.giveBack(false)
			// To the group, as the terminal would. Who has no shell to go back to is not stopped.
			_ = syscall.Kill(0, syscall.SIGTSTP)
			sleep(ctx, look)
		case key != 0:
			press(key)
		}
	}
}

// take has the terminal give keys, if the program is in the foreground. It reports whether it
// does.
func (k *keyboard) take() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.over || !foreground(k.fd):
		return false
	case k.before != nil:
		return true
	}
	k.guards.Do(func() { guard(k.in) })
	before, err := term.GetState(k.fd)
	if err != nil {
		return false
	}
	mode, err := unix.IoctlGetTermios(k.fd, getMode)
	if err != nil {
		return false
	}
	mode.Lflag &^= unix.ICANON | unix.ECHO
	mode.Cc[unix.VMIN], mode.Cc[unix.VTIME], mode.Cc[unix.VSUSP] = 1, 0, noKey
	if err := unix.IoctlSetTermios(k.fd, setMode, mode); err != nil {
		return false
	}
	k.before = before
	return true
}

// giveBack has the terminal as it was, if it is still the program's.
func (k *keyboard) giveBack(over bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over = k.over || over
	if k.before != nil && foreground(k.fd) {
		_ = term.Restore(k.fd, k.before) // Nobody is left to report it to.
	}
	k.before = nil
}

func (k *keyboard) release() { k.giveBack(true) }

// read waits a moment for a key; 0 is none. What comes as several bytes at once is no key that
// means something, or was pasted. ok is false when the terminal is gone.
func (k *keyboard) read() (key rune, ok bool) {
	ready, err := unix.Poll([]unix.PollFd{{Fd: int32(k.fd), Events: unix.POLLIN}}, int(look/time.Millisecond))
	if err != nil || ready == 0 {
		return 0, err == nil || err == unix.EINTR
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.before == nil || !foreground(k.fd) {
		return 0, true
	}
	var text [64]byte
	n, err := unix.Read(k.fd, text[:])
	switch {
	case err == unix.EINTR || err == unix.EAGAIN:
		return 0, true
	case err != nil || n == 0:
		return 0, false
	case n > 1:
		return 0, true
	}
	return rune(text[0]), true
}

// foreground reports whether the process is in the foreground of the terminal that it belongs
// to.
func foreground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// enableEscapes is of no use but on Windows.
func enableEscapes(*os.File) bool { return false }
