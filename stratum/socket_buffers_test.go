package stratum

import (
	"net"
	"testing"
	"time"
)

// sessionConns are the two ends of a session's connection, as it is when the session has just begun.
func sessionConns(t *testing.T) (rig, ours net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if rig, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rig.Close() })
	if ours, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	newSession(NewServer(Config{}), ours, hostOf(ours))
	return rig, ours
}

// TestUnreadIsLittle has one side of a session's connection send without end and the other not read: the
// system takes far less of it than the megabytes that it would by itself.
func TestUnreadIsLittle(t *testing.T) {
	rig, ours := sessionConns(t)
	if err := rig.(*net.TCPConn).SetReadBuffer(4096); err != nil { // What the rig keeps is not ours to bound.
		t.Fatal(err)
	}
	if err := rig.(*net.TCPConn).SetWriteBuffer(4096); err != nil {
		t.Fatal(err)
	}
	for name, conn := range map[string]net.Conn{"rig": rig, "server": ours} {
		taken := 0
		for text := make([]byte, 4096); ; {
			if err := conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			n, err := conn.Write(text)
			if taken += n; err != nil {
				break
			}
			if taken > 1<<20 {
				t.Errorf("of what the %s sends more than %d KB are taken and not read", name, taken>>10)
				break
			}
		}
	}
}
