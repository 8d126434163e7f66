package process_test

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// TestMain has processes that tests start heed the signals that tests send them. In a shell's background and under nohup
// some are ignored, and what a process ignores those that it starts ignore, too, but not what it is
// told of. So this one is told, and goes on to do nothing.
func TestMain(m *testing.M) {
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	os.Exit(m.Run())
}
