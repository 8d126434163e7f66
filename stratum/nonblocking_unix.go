//go:build unix

package stratum

import (
	"net"
	"syscall"
)

// socket is a connection's file descriptor.
type socket struct{ raw syscall.RawConn }

// directOf gives the direct way to a connection, nil where there is none.
func directOf(conn net.Conn) direct {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return socket{raw}
}

// write satisfies direct. It is by Control, since Write would refuse after the deadline of
// an earlier one.
func (s socket) write(b []byte) (n int) {
	err := s.raw.Control(func(fd uintptr) { n, _ = syscall.Write(int(fd), b) })
	if err != nil {
		return 0
	}
	return max(n, 0)
}
