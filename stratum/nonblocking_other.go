//go:build !unix

package stratum

import "net"

// nonblockingWriterOf returns nil: there is no such writer on this platform.
func nonblockingWriterOf(net.Conn) nonblockingWriter { return nil }
