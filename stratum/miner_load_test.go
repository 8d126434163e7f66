//go:build unix

package stratum

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

const (
	minedRigs    = 2000
	minedOffered = 500 // shares a second
	minedPercent = 25  // of the hashes, for verifying
)

// BenchmarkMiningUnderLoad is what a miner on all cores loses to 2,000 rigs that offer 500
// shares a second at difficulty 1, where a quarter of its hashes may go into verifying
// them: with the real hash and the real miner, in turns with and without the shares. The
// rigs are a process of their own on the same cores, whose part is reported apart. Run
// it with -benchtime 1x.
func BenchmarkMiningUnderLoad(b *testing.B) {
	const rounds, each = 5, 8 * time.Second
	backend, err := cpu.New(cpu.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer backend.Close()
	verifier := compute.NewVerifier(backend)
	defer verifier.Close()
	speed := verifierSpeed(b, verifier)
	f := tcpFront(b, func(_ *front, cfg *Config) {
		cfg.Hash, cfg.Workers, cfg.Budget = verifier.Hash, backend.Info().Workers, speed*minedPercent/100
		cfg.StartDifficulty, cfg.MaxSessions = 1, 2*minedRigs
	})
	defer f.close()
	rigs := startOfferers(b, f.listener.Addr().String())
	miner := mining.NewMiner(mining.MinerConfig{
		Devices: []compute.Backend{backend}, Settings: mining.MinerSettings{On: true, Devices: []string{backend.Info().Name}},
		Generator: f.generator, Submitter: f.server.cfg.Submitter, Extranonces: f.server.cfg.Extranonces,
	})
	var running sync.WaitGroup
	defer running.Wait()
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	running.Go(func() { _ = miner.Run(ctx) })
	time.Sleep(3 * time.Second) // The seed is prepared, and the rigs are measured.

	var mined, took [2]float64
	var used time.Duration
	verified := uint64(0)
	for b.Loop() {
		for round := range 2 * rounds {
			loaded := round % 2
			before, accepted := miner.Devices()[0].Hashes, f.server.Stats().Shares["accepted"]
			if loaded == 1 {
				rigs.send("offer")
			}
			start := time.Now()
			time.Sleep(each)
			took[loaded] += time.Since(start).Seconds()
			mined[loaded] += float64(miner.Devices()[0].Hashes - before)
			if loaded == 1 {
				used += rigs.send("rest")
				verified += f.server.Stats().Shares["accepted"] - accepted
				time.Sleep(3 * time.Second) // What waits is hashed.
			}
		}
	}
	rest, load := mined[0]/took[0], mined[1]/took[1]
	theirs := used.Seconds() / took[1] / float64(runtime.NumCPU())
	b.ReportMetric(rest, "H/s")
	b.ReportMetric(load, "loaded-H/s")
	b.ReportMetric(100*(1-load/rest), "loss-%")
	b.ReportMetric(100*theirs, "rigs'-own-%")
	b.ReportMetric(100*(1-load/rest-theirs), "front-%")
	b.ReportMetric(float64(verified)/took[1], "verified/s")
	b.ReportMetric(speed*minedPercent/100, "budget/s")
	b.ReportMetric(0, "ns/op")
	if loss := 100 * (1 - load/rest - theirs); loss > minedPercent {
		b.Errorf("the front takes %.1f %% of the hashes, expected at most %d", loss, minedPercent)
	}
}

// verifierSpeed is how many hashes a second a verifier makes, as the node times it.
func verifierSpeed(b *testing.B, v *compute.Verifier) float64 {
	best := time.Duration(math.MaxInt64)
	for i := range byte(3) {
		start := time.Now()
		if _, err := v.Hash(b.Context(), [32]byte{i}, [32]byte{}); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	return 1 / best.Seconds()
}

// offerers is the process of the rigs.
type offerers struct {
	b   *testing.B
	in  io.Writer
	out *bufio.Reader
}

const offerersEnv = "BYTOM_SOLO_TEST_OFFERERS"

func startOfferers(b *testing.B, address string) *offerers {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestOfferers$")
	cmd.Env = append(os.Environ(), offerersEnv+"="+address)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Wait() })
	o := &offerers{b, in, bufio.NewReader(out)}
	o.send("")
	return o
}

// send sends what to do, and returns what the process has used of the processor since it was
// asked before.
func (o *offerers) send(what string) time.Duration {
	o.b.Helper()
	if _, err := fmt.Fprintln(o.in, what); err != nil {
		o.b.Fatal(err)
	}
	line, err := o.out.ReadString('\n')
	if err != nil {
		o.b.Fatal(err)
	}
	used, err := time.ParseDuration(strings.TrimSpace(line))
	if err != nil {
		o.b.Fatal(err)
	}
	return used
}

// TestOfferers is the rigs of BenchmarkMiningUnderLoad, in their own process.
func TestOfferers(t *testing.T) {
	address := os.Getenv(offerersEnv)
	if address == "" {
		t.Skip("it is a part of BenchmarkMiningUnderLoad")
	}
	conns, jobs := make([]net.Conn, minedRigs), make([]wire.Job, minedRigs)
	for i := range conns {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(conn, `{"method":"login","params":{"login":"farm.%d"},"id":1}`+"\n", i); err != nil {
			t.Fatal(err)
		}
		text, err := bufio.NewReaderSize(conn, 1024).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		r := testRig{t: t}
		r.note(strings.TrimSpace(text))
		conns[i], jobs[i] = conn, r.job
		go func() { _, _ = io.Copy(io.Discard, conn) }()
	}
	said := make(chan string)
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			said <- lines.Text()
		}
	}()
	tick := time.NewTicker(time.Second / minedOffered)
	offering, before := false, time.Duration(0)
	for sent := 0; ; {
		select {
		case what, ok := <-said:
			if !ok {
				return
			}
			offering = what == "offer"
			var u syscall.Rusage
			if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
				t.Fatal(err)
			}
			now := time.Duration(u.Utime.Nano() + u.Stime.Nano())
			fmt.Println(now - before)
			before = now
		case <-tick.C:
			if !offering {
				continue
			}
			i := sent % minedRigs
			if sent++; sent%2 == 0 {
				i = sent / 2 % 20 // Half of all comes from twenty of them.
			}
			if _, err := fmt.Fprintf(conns[i], `{"method":"submit","params":{"job_id":"%s","nonce":"%016x"},"id":1}`+"\n", jobs[i].ID, jobs[i].Nonce+uint64(sent)); err != nil {
				t.Fatal(err)
			}
		}
	}
}
