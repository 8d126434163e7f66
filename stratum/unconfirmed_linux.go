package stratum

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// unconfirmedMost is how long a rig's host may not confirm what was sent to it. Linux by itself goes on for some fifteen minutes
// (tcp_retries2): rigs that are back behind a switch that was started again would need as many places once more.
const unconfirmedMost = time.Minute

// boundUnconfirmed has the system end a connection of plain TCP then.
func boundUnconfirmed(conn net.Conn) {
	if s, ok := socketOf(conn); ok {
		// A system that does not know the option ends connections as it did.
		_ = s.raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unconfirmedMost.Milliseconds()))
		})
	}
}
