//go:build unix

package outbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/fleet/natsengine"
	"github.com/bytom-solo/bytom-solo/fleet/natsserver"
	"github.com/bytom-solo/bytom-solo/ledger"
)

// BenchmarkNode10000 is what of a core a node takes for 10,000 shares a second that four fronts in
// another process bring over NATS: taken from the engine, checked, booked, brought to the ledger's
// disk and acknowledged. It is the whole process's time, less what it takes without shares. The
// engine is in the node's process, or not. 50,000 rigs are as many as send so many shares at 12 a
// minute; a ledger counts 10,000 by name. Run it with -benchtime 10x: each is a second.
func BenchmarkNode10000(b *testing.B) {
	for _, rigs := range []int{1000, 50_000} {
		for _, embedded := range []bool{true, false} {
			b.Run(fmt.Sprintf("rigs=%d/embedded=%v", rigs, embedded), func(b *testing.B) { benchmarkNode(b, rigs, embedded) })
		}
	}
}

const (
	// bringsFronts is how many fronts bring bringsShares shares a second in all.
	bringsFronts, bringsShares = 4, 10_000
	// bringsVariable is set where this program is to be those fronts: to a bringsConfig in JSON.
	bringsVariable = "BYTOM_SOLO_TEST_FRONTS"
)

// bringsConfig is what the fronts' process needs.
type bringsConfig struct {
	URL  string // of the engine; empty has the process run one
	Node fleet.PublicKey
	Home string // has a folder for each front
	Rigs int
}

func TestMain(m *testing.M) {
	text := os.Getenv(bringsVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	if err := bringShares(text, os.Stdin, os.Stdout); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func benchmarkNode(b *testing.B, rigs int, embedded bool) {
	if !natsserver.Built {
		b.Skip("no engine is built in: go test -tags engine")
	}
	cfg := bringsConfig{Home: b.TempDir(), Rigs: rigs}
	node := fleet.NewKey()
	cfg.Node = node.Public()
	dial := natsengine.Config{Name: "node"}
	if embedded {
		server, err := natsserver.Run(natsserver.Config{Listen: "127.0.0.1:0"})
		must(b, err)
		defer server.Stop()
		cfg.URL, dial.URL, dial.InProcess = server.URL, "nats://embedded", server.Dial
	}
	fronts := make(map[fleet.PublicKey]string)
	for i := range bringsFronts {
		home := filepath.Join(cfg.Home, fmt.Sprint(i))
		must(b, os.Mkdir(home, 0o700))
		key, err := fleet.OpenKey(filepath.Join(home, "front.key"))
		must(b, err)
		fronts[key.Public()] = fmt.Sprint("front", i)
	}
	far := startFronts(b, cfg)
	if url := far.line(); !embedded {
		dial.URL = url
	}
	engine, err := natsengine.Dial(dial)
	must(b, err)
	defer engine.Close()
	l := ledger.Open(ledger.Config{Path: filepath.Join(b.TempDir(), "rigs.db")})
	defer l.Close()
	filled := fill(b, l, cfg)
	term, err := l.RaiseTerm()
	must(b, err)
	h := fleet.NewHub(fleet.HubConfig{
		Engine: engine, Key: node, Network: "solonet", Templates: noTemplates{}, Fronts: fronts, Books: l,
		Grant: func(string, uint64, int) ([]uint16, error) { return []uint16{1}, nil }, Ledger: fleet.LedgerState{ID: l.ID(), Term: term},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = h.Run(ctx) })
	parts.Go(func() { l.Run(ctx) })
	defer parts.Wait()
	defer cancel()

	far.line()                  // They are let in.
	time.Sleep(7 * time.Second) // What filling the ledger has left behind is over then, and its first deleting of what is old.
	idle := coreOver(b, func() { time.Sleep(2 * time.Second) })
	_, err = io.WriteString(far.in, "go\n")
	must(b, err)
	time.Sleep(time.Second)
	before := l.Total().Accepted
	began, stolen := time.Now(), computetest.Stolen(b)
	core := coreOver(b, func() {
		for b.Loop() {
			time.Sleep(time.Second)
		}
	})
	b.ReportMetric(float64(l.Total().Accepted-before)/time.Since(began).Seconds(), "shares/s")
	stolen()
	b.ReportMetric(100*(core-idle), "%-of-a-core")
	b.ReportMetric(100*idle, "%-idle")
	b.ReportMetric(0, "ns/op")
	must(b, far.in.Close())
	var added uint64
	if _, err := fmt.Sscan(far.line(), &added); err != nil || added != l.Total().Accepted-filled || added == 0 {
		b.Errorf("of %d shares %d are booked: %v", added, l.Total().Accepted-filled, err)
	}
	must(b, far.process.Wait())
}

// coreOver is what of a core this process takes while something runs.
func coreOver(b *testing.B, run func()) float64 {
	used := func() time.Duration {
		var u syscall.Rusage
		must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before, began := used(), time.Now()
	run()
	return float64(used()-before) / float64(time.Since(began))
}

// frontsProcess is the fronts' process.
type frontsProcess struct {
	b       *testing.B
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

func startFronts(b *testing.B, cfg bringsConfig) *frontsProcess {
	text, err := json.Marshal(cfg)
	must(b, err)
	c := exec.Command(os.Args[0])
	c.Env, c.Stderr = append(os.Environ(), bringsVariable+"="+string(text)), os.Stderr
	in, err := c.StdinPipe()
	must(b, err)
	out, err := c.StdoutPipe()
	must(b, err)
	must(b, c.Start())
	return &frontsProcess{b, c, in, bufio.NewScanner(out)}
}

func (f *frontsProcess) line() string {
	f.b.Helper()
	if !f.out.Scan() {
		f.b.Fatal("the fronts' process has ended: ", f.out.Err())
	}
	return f.out.Text()
}

// bringShares is the fronts: they say where the engine is, that they are let in, and, when in has
// ended and all is booked, how many shares there were.
func bringShares(text string, in io.Reader, out io.Writer) error {
	var cfg bringsConfig
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		return err
	}
	if cfg.URL == "" {
		server, err := natsserver.Run(natsserver.Config{Listen: "127.0.0.1:0"})
		if err != nil {
			return err
		}
		defer server.Stop()
		cfg.URL = server.URL
	}
	_, _ = fmt.Fprintln(out, cfg.URL)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all []*Outbox
	for i := range bringsFronts {
		o, err := openBringing(ctx, cfg, filepath.Join(cfg.Home, fmt.Sprint(i)))
		if err != nil {
			return err
		}
		all = append(all, o)
	}
	_, _ = fmt.Fprintln(out, "let in")
	lines := bufio.NewScanner(in)
	lines.Scan()
	over := make(chan struct{})
	go func() { lines.Scan(); close(over) }()
	added := addAtPace(cfg, all, over)
	for _, o := range all {
		for s := o.Status(); s.Entries+s.Waiting > 0; s = o.Status() {
			time.Sleep(10 * time.Millisecond)
		}
	}
	_, _ = fmt.Fprintln(out, added)
	return nil
}

// openBringing opens a front's outbox, and all that brings what is in it to the node.
func openBringing(ctx context.Context, cfg bringsConfig, home string) (*Outbox, error) {
	key, err := fleet.OpenKey(filepath.Join(home, "front.key"))
	if err != nil {
		return nil, err
	}
	engine, err := natsengine.Dial(natsengine.Config{URL: cfg.URL, Name: "front"})
	if err != nil {
		return nil, err
	}
	o, err := Open(Config{Path: filepath.Join(home, "outbox.db")})
	if err != nil {
		return nil, err
	}
	sender := NewSender(SenderConfig{Outbox: o, Engine: engine, Key: key, Network: "solonet", Node: cfg.Node})
	nodes := []fleet.PublicKey{cfg.Node}
	feed := fleet.NewFeed(fleet.FeedConfig{Nodes: nodes})
	let := make(chan struct{}, 1)
	l := fleet.NewLink(fleet.LinkConfig{
		Engine: engine, Key: key, Network: "solonet", Epoch: o.Epoch(), Nodes: nodes, Feed: feed, Acks: sender,
		Chain:  fleet.NewChain(fleet.ChainConfig{Engine: engine, Key: key, Network: "solonet", Feed: feed}),
		Ranges: func(uint16) { signal(let) }, Left: func() int { return 0 },
	})
	for _, run := range []func(context.Context) error{o.Run, sender.Run, l.Run} {
		go func() { _ = run(ctx) }()
	}
	select {
	case <-let:
		return o, nil
	case <-time.After(time.Minute):
		return nil, errors.New("the node does not let the front in")
	}
}

// addAtPace adds bringsShares shares a second until over is closed, and returns how many.
func addAtPace(cfg bringsConfig, all []*Outbox, over <-chan struct{}) (added int) {
	entries := cfg.entries()
	each := time.NewTicker(20 * time.Millisecond)
	defer each.Stop()
	for began := time.Now(); ; {
		select {
		case <-each.C:
		case <-over:
			return added
		}
		for now := time.Now(); added < int(bringsShares*now.Sub(began).Seconds()); added++ {
			e := entries[added%len(entries)]
			e.At = now
			all[added%len(all)].Add(e, nil)
		}
	}
}

// entries is a share of each rig.
func (cfg bringsConfig) entries() []ledger.Entry {
	entries := make([]ledger.Entry, cfg.Rigs)
	for i := range entries {
		entries[i] = ledger.Entry{
			Rig: fmt.Sprintf("bm1q%038d.rig%d", i%100, i), Address: "10.0.0.1", Agent: "bench/1.0", Effective: 15_000, Network: 1e9,
			Owner: fmt.Sprintf("bm1q%038d", i%100), Work: 15_000,
		}
	}
	return entries
}

// fill has a ledger count what the same rigs sent in the minutes before: a file that is a few
// seconds old is mapped anew each time that it has doubled. It returns how many shares those are.
func fill(b *testing.B, l *ledger.Ledger, cfg bringsConfig) uint64 {
	const shares = 2_000_000
	entries, now := cfg.entries(), time.Now()
	for i := range shares {
		e := entries[i%len(entries)]
		e.At = now.Add(time.Duration(i-shares) * time.Second / bringsShares)
		l.Add(e)
		if i%bringsShares == bringsShares-1 {
			must(b, l.Flush())
		}
	}
	debug.FreeOSMemory() // What is given back later would be the time of a node at rest.
	return shares
}
