package stratum

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestAHostThatIsGoneKeepsNoPlace: the system is told to end a rig's connection a minute after its host has confirmed nothing.
func TestAHostThatIsGoneKeepsNoPlace(t *testing.T) {
	_, ours := sessionConns(t)
	s, ok := socketOf(ours)
	if !ok {
		t.Fatalf("%T is no plain TCP", ours)
	}
	ms, err := 0, error(nil)
	if failed := s.raw.Control(func(fd uintptr) { ms, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT) }); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	if ms != 60_000 {
		t.Errorf("%d ms, expected 60,000", ms)
	}
}
