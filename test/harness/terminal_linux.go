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

// StartOnTerminal starts a process at a terminal of its own, which hangUp closes.
func StartOnTerminal(t *testing.T, args ...string) (p *Program, hangUp func()) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	p = &Program{t: t, cmd: exec.Command(args[0], args[1:]...), Log: master, ended: make(chan error, 1)}
	p.cmd.Dir = t.TempDir() // nohup may write a file.
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	// master.Fd made its reads block, so that only the other end's close ends them: the
	// one who closes it must not read.
	quit := make(chan struct{})
	done := make(chan struct{})
	go func() { defer close(done); readTerminal(fd, p, quit) }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p, func() { close(quit); <-done; master.Close() }
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
