//go:build unix

package stratum

import (
	"net"
	"syscall"
)

// socket is a connection's file descriptor.
type socket struct{ raw syscall.RawConn }

// nonblockingWriterOf returns nil for a connection that is no plain TCP.
func nonblockingWriterOf(conn net.Conn) nonblockingWriter {
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

// write satisfies nonblockingWriter. It goes by Control, since Write would refuse after the deadline of
// an earlier one.
func (s socket) write(b []byte) (n int) {
	err := s.raw.Control(func(fd uintptr) { n, _ = syscall.Write(int(fd), b) })
	if err != nil {
		return 0
	}
	return max(n, 0)
}
