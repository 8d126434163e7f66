//go:build !linux

package stratum

import "net"

// boundUnconfirmed does nothing: this system ends connections whose host is gone in a time of its own.
func boundUnconfirmed(net.Conn) {}
