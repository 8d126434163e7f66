//go:build !unix

package stratum

import (
	"net"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// nonblockingWriterOf returns nil: there is no such writer on this platform.
func nonblockingWriterOf(net.Conn) nonblockingWriter { return nil }

// newReader reads the lines of a connection.
func newReader(conn net.Conn) *wire.Reader { return wire.NewReader(conn) }
