package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// onHangup makes a clean stop of SIGHUP, which is the end of the terminal, or calls
// reload instead where that is not nil. Where the signal is ignored, as nohup has it, it
// stays so. stop ends the watch.
func onHangup(ctx context.Context, reload func()) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	if signal.Ignored(syscall.SIGHUP) {
		return ctx, cancel
	}
	hung := make(chan os.Signal, 1)
	signal.Notify(hung, syscall.SIGHUP)
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-hung:
				if reload == nil {
					cancel()
					continue
				}
				reload()
			case <-ctx.Done():
				return
			}
		}
	})
	return ctx, func() { signal.Stop(hung); cancel(); watch.Wait() }
}

// attended reports whether the process belongs to a terminal, whose end it learns by
// SIGHUP. What a service manager starts belongs to none.
func attended() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	_ = tty.Close()
	return true
}
