//go:build unix

package node

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/history"
	"github.com/bytom-solo/bytom-solo/ledger"
)

// BenchmarkPageCost has 500 rigs with twelve shares a minute, and reports what part of the
// machine's processor time goes into ten pages that are open, above what the node takes with
// none: mining takes the rest, so that is what it loses. The pages' readers are in this process
// and cost a part of it. A turn is 20 s with none and 20 s with ten; run it with -benchtime 3x,
// while the machine does nothing else.
func BenchmarkPageCost(b *testing.B) {
	config := soloConfig(home(b))
	config.Stratum.Listen = "127.0.0.1:0"
	n, _ := newWholeNode(b, config)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	go func() { _ = n.Node.events.run(ctx) }()
	go func() { _ = n.history.Run(ctx) }()
	go n.shareForever(ctx, 500)
	go n.keepDays(ctx, 500)
	server := httptest.NewServer(fromLoopback(n.server.Handler))
	defer server.Close()
	const turn = 20 * time.Second
	var with, without, read float64
	for b.Loop() {
		without += loadOver(turn)
		tabs, leave := context.WithCancel(ctx)
		var bytes atomic.Int64
		for range 10 {
			openStream(b, tabs, server.URL+EventsRoute, &bytes)
		}
		time.Sleep(2 * time.Second) // The snapshots are sent.
		with += loadOver(turn)
		leave()
		if read += float64(bytes.Load()); read == 0 {
			b.Fatal("the pages got nothing")
		}
		time.Sleep(time.Second)
	}
	b.ReportMetric(100*without/float64(b.N), "without-%")
	b.ReportMetric(100*(with-without)/float64(b.N), "pages-%")
	b.ReportMetric(read/float64(b.N)/turn.Seconds()/10/1000, "kB/s-a-page")
	b.ReportMetric(0, "ns/op")
}

// shareForever adds twelve shares a minute of each rig to the ledger.
func (n *wholeNode) shareForever(ctx context.Context, rigs int) {
	tick := time.NewTicker(time.Minute / 12 / time.Duration(rigs))
	defer tick.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		<-tick.C
		n.ledger.Add(ledger.Entry{At: time.Now(), Rig: fmt.Sprint("shed.", i%rigs), Kind: ledger.Accepted, Effective: 1000, Network: 2e9, Difficulty: 1200})
	}
}

// keepDays gives each rig a day that is known, as it is read from a week's file: that takes
// 19 ms each ten seconds by itself (BenchmarkDayOfAllRigs), a thousandth of two cores.
func (n *wholeNode) keepDays(ctx context.Context, rigs int) {
	series := make(map[string]history.RigSeries)
	for i := range rigs {
		s := history.RigSeries{}
		for part := range dayParts {
			s.Points = append(s.Points, &history.RigSample{Work: 1e6 + float64(i*part), Accepted: 360, Covered: dayPart.Seconds()})
		}
		series[fmt.Sprint("shed.", i)] = s
	}
	for ctx.Err() == nil {
		n.days.mu.Lock()
		n.days.series, n.days.read, n.days.from = series, time.Now(), time.Now().Truncate(5*time.Minute).Add(-24*time.Hour)
		n.days.mu.Unlock()
		time.Sleep(time.Second)
	}
}

// openStream reads events until ctx ends.
func openStream(b *testing.B, ctx context.Context, url string, bytes *atomic.Int64) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		b.Fatal(answer.Status)
	}
	go func() {
		defer answer.Body.Close()
		buffer := make([]byte, 64<<10)
		for err == nil {
			var got int
			got, err = io.ReadAtLeast(answer.Body, buffer, 1)
			bytes.Add(int64(got))
		}
	}()
}

// loadOver is the part of the machine's processor time that this process takes in a time.
func loadOver(d time.Duration) float64 {
	used := func() time.Duration {
		var u syscall.Rusage
		if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
			return 0
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before, start := used(), time.Now()
	time.Sleep(d)
	return (used() - before).Seconds() / time.Since(start).Seconds() / float64(runtime.NumCPU())
}
