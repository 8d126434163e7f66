//go:build unix

package stratum

import (
	"bytes"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/pin"
)

// BenchmarkNewJob1000 is the time from a new tip, sent to the generator, to the last of
// 1,000 jobs being written, over loopback; and, where the rigs' reading shares the
// machine, to the last one being read. Each rig's job is looked at.
func BenchmarkNewJob1000(b *testing.B) {
	b.Run("written", func(b *testing.B) { benchmarkWritten(b, 1000) })
	b.Run("read", func(b *testing.B) { benchmarkRead(b, 1000) })
}

// BenchmarkNewJob10000 is the same for 10,000 rigs. Beside other work, what counts is not the
// milliseconds but last/bare and core/bare-core: what the jobs take as a multiple of as many
// writes to the same sockets and nothing else, measured right after each tip.
func BenchmarkNewJob10000(b *testing.B) {
	b.Run("written", func(b *testing.B) { benchmarkWritten(b, 10_000) })
}

func benchmarkWritten(b *testing.B, rigs int) {
	var count atomic.Int64
	written := make([]time.Time, rigs)
	all := make(chan struct{})
	f := tcpFront(b, func(f *front, cfg *Config) {
		cfg.Gap, cfg.MaxSessions = time.Microsecond, rigs
		cfg.Handouts = mining.OpenHandouts(mining.HandoutsConfig{
			Path: filepath.Join(b.TempDir(), "handouts.jsonl"), Network: "solonet", Source: f.chain,
		})
		go cfg.Handouts.Run(b.Context())
		cfg.Observe = func(s mining.Stage, _ time.Duration) {
			if s != StageJob {
				return
			}
			n := count.Add(1)
			written[n-1] = time.Now()
			if n == int64(rigs) {
				all <- struct{}{}
			}
		}
	})
	defer f.close()
	farm := startFarm(b, f, rigs)
	defer farm.close()
	var last, each, bare []time.Duration
	var cores, bareCores time.Duration
	tip := byte(1) // the first one
	stolen := computetest.Stolen(b)
	for b.Loop() {
		count.Store(0)
		began, used := time.Now(), processTime(b)
		tip++
		f.connect(tip)
		<-all
		b.StopTimer()
		cores += processTime(b) - used
		worst := time.Duration(0)
		for _, at := range written {
			took := at.Sub(began)
			each, worst = append(each, took), max(worst, took)
		}
		last = append(last, worst)
		farm.check(f.chain.Tip())
		time.Sleep(20 * time.Millisecond)
		used = processTime(b)
		bare = append(bare, writeBare(f.server.all()))
		bareCores += processTime(b) - used
		farm.ask("skip")
		time.Sleep(20 * time.Millisecond)
		b.StartTimer()
	}
	stolen()
	ratios := make([]float64, len(last))
	for i := range last {
		ratios[i] = float64(last[i]) / float64(bare[i])
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "last/bare")
	b.ReportMetric(float64(cores)/float64(bareCores), "core/bare-core")
	reportTimes(b, last, "last")
	reportTimes(b, bare, "bare")
	reportTimes(b, each, "rig")
	b.ReportMetric(float64(cores.Nanoseconds())/1000/float64(len(each)), "core-µs/rig")
	b.Logf("last of %d, %s", rigs, histogram(last))
}

// writeBare writes a line as long as a job's to each session's socket, by as many workers as a
// new tip has, and does nothing else: no server can be faster. It returns how long that took.
// What the machine does besides hits it as it does the jobs, since it is measured after each tip.
func writeBare(all []*session) time.Duration {
	line := append(bytes.Repeat([]byte{'x'}, bareLine-1), '\n')
	began := time.Now()
	var taken atomic.Int64
	var workers sync.WaitGroup
	count := pin.Cores()
	for n := range count {
		workers.Go(func() {
			defer pin.Goroutine(n, count)()
			for i := int(taken.Add(1)); i <= len(all); i = int(taken.Add(1)) {
				all[i-1].nonblocking.write(line)
			}
		})
	}
	workers.Wait()
	return time.Since(began)
}

// bareLine is how long a job's line is in this benchmark.
const bareLine = 576

// processTime is what this process has had of the processors.
func processTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchmarkRead(b *testing.B, rigs int) {
	f := tcpFront(b, func(_ *front, cfg *Config) { cfg.Gap, cfg.MaxSessions = time.Microsecond, rigs })
	defer f.close()
	quiet := f.quietRigs(rigs)
	var last, each []time.Duration
	tip := byte(1)
	for b.Loop() {
		began := time.Now()
		tip++
		f.connect(tip)
		worst := time.Duration(0)
		for _, r := range quiet {
			took := (<-r.heights).at.Sub(began)
			each, worst = append(each, took), max(worst, took)
		}
		last = append(last, worst)
		b.StopTimer()
		time.Sleep(20 * time.Millisecond)
		b.StartTimer()
	}
	reportTimes(b, last, "last")
	reportTimes(b, each, "rig")
	b.Logf("last of %d, %s", rigs, histogram(last))
	for _, r := range quiet {
		_ = r.conn.Close()
	}
}
