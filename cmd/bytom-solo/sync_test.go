package main

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
)

// TestSyncInAPipe follows a chain that catches up at ten blocks a second, loses its peer on the
// way, and is the peer's in the end: a line each ten seconds, and nothing where it is a few
// blocks behind. Its wallet follows, and reads the chain anew later, with a minute in which it
// stands still.
func TestSyncInAPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		log := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
				return slog.Attr{}
			}
			return a
		}}))
		start := time.Now()
		heights := func() node.Heights {
			d := time.Since(start) - time.Minute
			done := uint64(max(0, d) / (100 * time.Millisecond))
			switch {
			case d < 0: // The peers' chain grows, and this one follows soon after.
				return node.Heights{Own: 1000, Highest: 1001, Wallet: 990}
			case d > 20*time.Second && d < 35*time.Second:
				return node.Heights{Own: 1200, Wallet: 1100}
			case d > 2*time.Minute:
				read := done - 1200
				if read > 70 {
					read = max(70, read-min(read, 600))
				}
				return node.Heights{Own: 1400, Highest: 1400, Wallet: min(1400, 10*read)}
			}
			return node.Heights{Own: 1000 + min(400, done), Highest: 1400, Wallet: 1000 + min(400, done/2)}
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { followChain(ctx, heights, &text, log); close(ended) }()
		time.Sleep(5 * time.Minute)
		cancel()
		<-ended
		const want = `msg=syncing height=1100 of=1400 percent=78.6 blocks_a_second=10.0 left=30s
msg=syncing height=1200 of=1400 percent=85.7 blocks_a_second=10.0 left=20s
msg=syncing height=1200 of=1400 percent=85.7 blocks_a_second=6.7 left=30s
msg="caught up" height=1400 blocks=400 took=40s
msg="the wallet reads the chain" height=1250 of=1400 percent=89.3 blocks_a_second=5.0 left=30s
msg="the wallet reads the chain" height=1300 of=1400 percent=92.9 blocks_a_second=5.0 left=20s
msg="the wallet reads the chain" height=1350 of=1400 percent=96.4 blocks_a_second=5.0 left=10s
msg="the wallet has read the chain" height=1400 blocks=200 took=40s
msg="the wallet reads the chain" height=700 of=1400 percent=50.0 blocks_a_second=65.0 left=11s
msg="the wallet reads the chain" height=700 of=1400 percent=50.0 blocks_a_second=32.5 left=22s
msg="the wallet reads the chain" height=700 of=1400 percent=50.0 blocks_a_second=21.7 left=32s
msg="the wallet reads the chain" height=750 of=1400 percent=53.6 blocks_a_second=1.7 left=6m30s
msg="the wallet has read the chain" height=1400 blocks=1350 took=1m14s
`
		if got := text.String(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 1499 * time.Millisecond: "1s", 59*time.Minute + 29*time.Second: "59m29s",
		3*time.Hour + 29*time.Second: "3h0m", 26*time.Hour + 31*time.Minute: "26h31m",
	} {
		if got := duration(d); got != want {
			t.Errorf("%v: %s, expected %s", d, got, want)
		}
	}
}
