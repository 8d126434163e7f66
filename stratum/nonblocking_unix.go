//go:build unix

package stratum

import (
	"net"
	"syscall"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// socket is a connection's file descriptor.
type socket struct{ raw syscall.RawConn }

// socketOf is that of plain TCP.
func socketOf(conn net.Conn) (socket, bool) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return socket{}, false
	}
	raw, err := tcp.SyscallConn()
	return socket{raw}, err == nil
}

// nonblockingWriterOf returns nil for a connection that is no plain TCP.
func nonblockingWriterOf(conn net.Conn) nonblockingWriter {
	if s, ok := socketOf(conn); ok {
		return s
	}
	return nil
}

// newReader reads the lines of a connection. If that is plain TCP, it holds no buffer while nothing
// comes.
func newReader(conn net.Conn) *wire.Reader {
	if s, ok := socketOf(conn); ok {
		return wire.NewWaitingReader(conn, s.wait)
	}
	return wire.NewReader(conn)
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

// wait returns when there is something to read, be it the end of the connection, or the error of its
// deadline.
func (s socket) wait() error { return s.raw.Read(readable) }

// readable looks at what a socket has to read, and leaves it there.
func readable(fd uintptr) bool {
	for {
		var first [1]byte
		_, _, err := syscall.Recvfrom(int(fd), first[:], syscall.MSG_PEEK)
		if err != syscall.EINTR {
			return err != syscall.EAGAIN
		}
	}
}
