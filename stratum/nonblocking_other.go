//go:build !unix

package stratum

import "net"

// directOf gives the direct way to a connection, of which there is none here.
func directOf(net.Conn) direct { return nil }
