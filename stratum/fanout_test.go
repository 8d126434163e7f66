package stratum

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// quietRig is a connection over loopback that notes when each new height came.
type quietRig struct {
	conn    net.Conn
	heights chan arrival
}

type arrival struct {
	height uint64
	at     time.Time
}

// quietRigs logs rigs in that read as fast as they can, and parse next to nothing.
func (f *front) quietRigs(n int) []*quietRig {
	f.t.Helper()
	rigs := make([]*quietRig, n)
	for i := range rigs {
		conn := f.connection("")
		if _, err := fmt.Fprintf(conn, `{"method":"login","params":{"login":"farm.%d","pass":"d=1000"},"id":1}`+"\n", i); err != nil {
			f.t.Fatal(err)
		}
		r := &quietRig{conn, make(chan arrival, 256)}
		rigs[i] = r
		go r.read()
	}
	for _, r := range rigs {
		<-r.heights
	}
	return rigs
}

func (r *quietRig) read() {
	in := bufio.NewReaderSize(r.conn, 2048)
	var last uint64
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		now := time.Now()
		_, after, ok := strings.Cut(string(line), `"height":"`)
		if !ok {
			continue
		}
		if height, err := wire.ParseNumber(after[:16]); err == nil && height > last {
			last = height
			r.heights <- arrival{height, now}
		}
	}
}

// tcpFront is a front on loopback.
func tcpFront(t testing.TB, change func(*front, *Config)) *front {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return start(t, hardBits, func(f *front, cfg *Config) {
		cfg.Listener = listener
		if change != nil {
			change(f, cfg)
		}
	})
}

// TestNoTipIsMissed: each of 100 rigs gets a job on each of 200 tips, though two of them
// read nothing at all.
func TestNoTipIsMissed(t *testing.T) {
	f := tcpFront(t, func(_ *front, cfg *Config) { cfg.Gap = time.Millisecond })
	defer f.close()
	rigs := f.quietRigs(100)
	for i := range 2 {
		stuck := f.connection("")
		defer stuck.Close()
		if err := stuck.(*net.TCPConn).SetReadBuffer(1); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(stuck, `{"method":"login","params":{"login":"stuck.%d"},"id":1}`+"\n", i); err != nil {
			t.Fatal(err)
		}
	}
	for tip := range 200 {
		f.connect(byte(tip + 2))
		for i, r := range rigs {
			select {
			case a := <-r.heights:
				if a.height != uint64(12+tip) {
					t.Fatalf("rig %d: height %d after tip %d", i, a.height, 11+tip)
				}
			case <-time.After(time.Minute):
				t.Fatalf("rig %d: nothing after tip %d", i, 11+tip)
			}
		}
	}
	for _, r := range rigs {
		_ = r.conn.Close()
	}
}

func reportTimes(b *testing.B, times []time.Duration, what string) {
	slices.Sort(times)
	for _, p := range []int{50, 99} {
		at := times[min(len(times)*p/100, len(times)-1)]
		b.ReportMetric(float64(at.Microseconds())/1000, fmt.Sprintf("p%d-%s-ms", p, what))
	}
}

// histogram counts times by steps of 2.5 ms.
func histogram(times []time.Duration) string {
	counts := make(map[int]int)
	for _, t := range times {
		counts[int(t/(2500*time.Microsecond))]++
	}
	var out strings.Builder
	for step := range 400 {
		if counts[step] > 0 {
			fmt.Fprintf(&out, "%g ms: %d  ", float64(step+1)*2.5, counts[step])
		}
	}
	return out.String()
}

// BenchmarkLoad is 2,000 rigs that offer 500 shares a second at an easy difficulty to a
// budget of 50, of which some flood. It reports what was accepted, refused and hashed a
// second, how many waited at the most, and the memory of a session.
func BenchmarkLoad(b *testing.B) {
	const rigs, offered, budget = 2000, 500, 50
	f := tcpFront(b, func(_ *front, cfg *Config) { cfg.Budget = budget })
	defer f.close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	conns := make([]*testRig, rigs)
	for i := range conns {
		conn := f.connection("")
		if _, err := fmt.Fprintf(conn, `{"method":"login","params":{"login":"farm.%d"},"id":1}`+"\n", i); err != nil {
			b.Fatal(err)
		}
		conns[i] = &testRig{t: b, f: f, conn: conn}
		text, err := bufio.NewReaderSize(conn, 1024).ReadString('\n')
		if err != nil {
			b.Fatal(err)
		}
		conns[i].note(text)
		go func() { _, _ = io.Copy(io.Discard, conn) }()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	most, sent, began := 0, 0, time.Now()
	tick := time.NewTicker(time.Second / offered)
	defer tick.Stop()
	for b.Loop() {
		<-tick.C
		r := conns[sent%rigs]
		if sent%2 == 0 {
			r = conns[sent/2%20] // Half of all comes from twenty of them.
		}
		sent++
		if _, err := fmt.Fprintf(r.conn, `{"method":"submit","params":{"job_id":"%s","nonce":"%016x"},"id":1}`+"\n", r.job.ID, r.job.Nonce+uint64(sent)); err != nil {
			b.Fatal(err)
		}
		if sent%50 == 0 {
			most = max(most, f.server.queue.length())
		}
	}
	took, st := time.Since(began).Seconds(), f.server.Stats()
	b.ReportMetric(float64(sent)/took, "offered/s")
	b.ReportMetric(float64(st.Shares["accepted"])/took, "accepted/s")
	b.ReportMetric(float64(st.Shares["refused"])/took, "refused/s")
	b.ReportMetric(float64(f.backend.hashes.Load())/took, "hashes/s")
	b.ReportMetric(float64(most), "waiting")
	b.ReportMetric(float64(after.HeapAlloc+after.StackInuse-before.HeapAlloc-before.StackInuse)/rigs, "B/session")
	for _, r := range conns {
		r.close()
	}
}
