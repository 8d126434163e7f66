package stratum

import "net"

// What the system keeps for a connection of what we have not read, and of what the rig has not: the
// longest message is 4 KB. By itself it would let that grow to megabytes for each that sends without
// end or never reads, and when all have taken what there is for TCP it drops what honest ones send.
const readBuffer, writeBuffer = 16 << 10, 64 << 10

// boundBuffers bounds what the system keeps for a connection. One that is no TCP has no such bounds.
func boundBuffers(conn net.Conn) {
	if c, ok := conn.(*net.TCPConn); ok {
		_ = c.SetReadBuffer(readBuffer) // A connection that has ended fails its next read.
		_ = c.SetWriteBuffer(writeBuffer)
	}
}
