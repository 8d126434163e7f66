package main

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// TestSyncInAPipe follows a chain that catches up at ten blocks a second, loses its peer on the
// way, and is the peer's in the end: a line each ten seconds, and nothing where it is a few
// blocks behind.
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
		height := func() (own, highest uint64) {
			d := time.Since(start) - time.Minute
			switch {
			case d < 0: // The peers' chain grows, and this one follows soon after.
				return 1000, 1001
			case d > 20*time.Second && d < 35*time.Second:
				return 1200, 0
			}
			return 1000 + min(400, uint64(d/(100*time.Millisecond))), 1400
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { followSync(ctx, height, &text, log); close(ended) }()
		time.Sleep(5 * time.Minute)
		cancel()
		<-ended
		const want = `msg=syncing height=1100 of=1400 percent=78.6 blocks_a_second=10.0 left=30s
msg=syncing height=1200 of=1400 percent=85.7 blocks_a_second=10.0 left=20s
msg=syncing height=1200 of=1400 percent=85.7 blocks_a_second=6.7 left=30s
msg="caught up" height=1400 blocks=400 took=40s
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
