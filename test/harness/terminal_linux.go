package harness

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Terminal is one that a process has for itself: a master of 80 columns, with somebody at its
// keys.
type Terminal struct {
	*Program
	fd         int
	quit, done chan struct{}
}

// StartOnTerminal starts a process at a terminal of its own.
func StartOnTerminal(t *testing.T, args ...string) *Terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	p := &Program{t: t, cmd: exec.Command(args[0], args[1:]...), Log: master, ended: make(chan error, 1)}
	// master.Fd made its reads block, so that only the other end's close ends them: the
	// one who closes it must not read.
	term := &Terminal{Program: p, fd: int(master.Fd()), quit: make(chan struct{}), done: make(chan struct{})}
	number, err := unix.IoctlGetInt(term.fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(term.fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	term.Resize(80)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	p.cmd.Dir = t.TempDir() // nohup may write a file.
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	go func() { defer close(term.done); readTerminal(term.fd, p, term.quit) }()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("%q:\n%q", args, p.Text())
		}
	})
	return term
}

// HangUp closes the terminal.
func (t *Terminal) HangUp() {
	close(t.quit)
	<-t.done
	t.Log.Close()
}

// Type presses keys.
func (t *Terminal) Type(keys string) {
	t.t.Helper()
	if _, err := unix.Write(t.fd, []byte(keys)); err != nil {
		t.t.Error(err)
	}
}

// Resize has the window so many columns.
func (t *Terminal) Resize(columns uint16) {
	t.t.Helper()
	if err := unix.IoctlSetWinsize(t.fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.t.Fatal(err)
	}
}

// Mode is what the terminal does with keys: whether lines are edited before they are read, and
// whether keys are shown.
func (t *Terminal) Mode() (lines, echo bool) {
	t.t.Helper()
	mode, err := unix.IoctlGetTermios(t.fd, unix.TCGETS)
	if err != nil {
		t.t.Fatal(err)
	}
	return mode.Lflag&unix.ICANON != 0, mode.Lflag&unix.ECHO != 0
}

// readTerminal copies what is said to a terminal until quit.
func readTerminal(fd int, to io.Writer, quit <-chan struct{}) {
	buffer := make([]byte, 1<<16)
	for {
		select {
		case <-quit:
			return
		default:
		}
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 20)
		if ready == 0 || err != nil {
			continue
		}
		n, err := unix.Read(fd, buffer)
		if err != nil {
			return
		}
		_, _ = to.Write(buffer[:n])
	}
}
