package stratum

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAHostThatIsGoneKeepsNoPlace: the system is told to end a rig's connection a minute after its host has confirmed nothing.
func TestAHostThatIsGoneKeepsNoPlace(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	rig, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer rig.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	newSession(&Server{}, conn, hostOf(conn))
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	ms := 0
	if failed := raw.Control(func(fd uintptr) { ms, err = unix.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, unix.TCP_USER_TIMEOUT) }); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	if ms != 60_000 {
		t.Errorf("%d ms, expected 60,000", ms)
	}
}
