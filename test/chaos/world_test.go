package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/common"
	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// stranger is whom the second node's blocks pay.
const stranger = "sm1qlps60tdd2070f3r4yqg0lkadmkjlv0eylql24d"

// victim is a process that faults come to.
type victim interface {
	Kill()
	Launch()
	Stop() time.Duration
	Running() bool
	Log() string
	Pause()
	Resume()
	Allow(parts ...string)
}

// process is a victim, and what the campaign knows of it.
type process struct {
	victim
	name  string
	stock bool
	url   string
	pid   func() int
	disk  *disk // nil where it has none of its own
	// before is what it took before the first fault, most the most since.
	before, most usage
}

// world is all that runs: nodes, the first of which has fronts and splits blocks, the second rigs and
// a device of its own; an engine; and the links between them.
type world struct {
	t        *testing.T
	scale    scale
	random   *rand.Rand
	nodes    []*testnet.Node
	fronts   []*testnet.Front
	engine   *testnet.Node
	all      []*process
	peers    map[[2]int]*link
	services []*link // of the engine, and of the fronts to their node
	owners   []string
	cards    string // the folder whose file "lost" takes the second node's device away
	start    uint64 // the height at which the campaign begins
	rigs     *rigs

	tending sync.WaitGroup
	calm    context.CancelFunc
}

func newWorld(t *testing.T, s scale, random *rand.Rand) *world {
	t.Helper()
	w := &world{t: t, scale: s, random: random, peers: make(map[[2]int]*link), cards: t.TempDir()}
	w.owners = owners(t, 3)
	listen := harness.RigAddress(t)
	w.engine = w.node("engine", "", false, "--wallet.disable", "--mining.address", stranger, "--engine", "embedded", "--engine.listen", listen)
	w.startFirst(listen)
	w.premine()
	w.startOthers(w.nodes[0].Home)
	w.nodes[0].Restart()
	w.startFronts(listen)
	w.startRigs()
	w.tend()
	return w
}

// add notes a process.
func (w *world) add(p *process) *process {
	w.all = append(w.all, p)
	return p
}

// keep has a copy of a process's folders in that of keepVariable, if any, where the test fails: taken once the process
// has ended, and before its disk goes.
func (w *world) keep(name string, folders ...string) {
	folder := os.Getenv(keepVariable)
	if folder == "" {
		return
	}
	w.t.Cleanup(func() {
		if !w.t.Failed() {
			return
		}
		for _, from := range folders {
			if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(from)); err != nil {
				w.t.Logf("%s is not kept whole: %v", from, err)
			}
		}
	})
}

// node starts a node, on the chain that another one's home has, if any is given.
func (w *world) node(name, chain string, stock bool, args ...string) *testnet.Node {
	w.t.Helper()
	home := w.t.TempDir()
	p := w.add(&process{name: name, stock: stock, disk: newDisk(w.t, home)})
	logs := w.t.TempDir()
	w.keep(name, home, logs)
	if chain != "" {
		if err := os.CopyFS(filepath.Join(home, coreDB), os.DirFS(filepath.Join(chain, coreDB))); err != nil {
			w.t.Fatal(err)
		}
		p.disk.sync()
	}
	if !stock {
		args = append(args, "--solonet.tools", "--node_alias", name)
	}
	n := testnet.Start(w.t, testnet.NodeOptions{
		Home: home, Stock: stock, Simulated: true, Args: args, LogPath: filepath.Join(logs, name+".log"),
	})
	p.victim, p.url, p.pid = n, n.URL, func() int { return n.Process.PID }
	return n
}

// link makes one of those between services.
func (w *world) link(name, target string) *link {
	w.t.Helper()
	l := newLink(w.t, name, target)
	w.services = append(w.services, l)
	return l
}

// startFirst starts the node that has fronts, and splits what their rigs find.
func (w *world) startFirst(engine string) {
	w.t.Helper()
	for i := range w.scale.fronts {
		name := fmt.Sprintf("front-%d", i)
		p := w.add(&process{name: name})
		home := w.t.TempDir()
		p.disk = newDisk(w.t, home)
		logs := w.t.TempDir()
		w.keep(name, home, logs)
		f := testnet.NewFront(w.t, testnet.FrontOptions{Name: name, Home: home, LogPath: filepath.Join(logs, name+".log")})
		p.victim, p.url, p.pid = f, f.URL, func() int { return f.Process.PID }
		w.fronts = append(w.fronts, f)
	}
	password := filepath.Join(w.t.TempDir(), "password")
	harness.WriteFile(w.t, password, "p\n", 0o600)
	to := w.link("node-0 to the engine", engine)
	args := append(testnet.FleetNode(w.t, "nats://"+to.address(), w.fronts...), "--payout.scheme", "pplns", "--payout.every", "5", "--payout.password-file", password)
	w.nodes = append(w.nodes, w.node("node-0", "", false, args...))
}

// coreDB is where a home has its chain.
const coreDB = "data/core.db"

// premine has the first node make the chain that the campaign begins on, and stops it.
func (w *world) premine() {
	w.t.Helper()
	harness.MakeAccount(w.t, w.nodes[0])
	if err := w.nodes[0].Call(node.SolonetMineRoute, map[string]int{"blocks": w.scale.premine}, nil); err != nil {
		w.t.Fatal(err)
	}
	w.start = uint64(w.scale.premine)
	w.nodes[0].Stop()
}

// startOthers starts the other nodes where the first one's chain is, and links all of them.
func (w *world) startOthers(chain string) {
	w.t.Helper()
	for i := 1; i < 4; i++ {
		stock := i >= 2 && w.scale.stock
		name := fmt.Sprintf("node-%d", i)
		if stock {
			name = fmt.Sprintf("stock-%d", i)
		}
		var args []string
		if i == 1 {
			w.t.Setenv("BYTOM_SOLO_SIMULATED_CARD", w.cards)
			args = []string{
				"--stratum.listen", harness.RigAddress(w.t), "--stratum.start-difficulty", "1", "--mining", "--mining.devices", "card",
			}
		}
		if !stock {
			args = append(args, "--wallet.disable", "--mining.address", stranger)
		}
		w.nodes = append(w.nodes, w.node(name, chain, stock, args...))
	}
	for i, a := range w.nodes {
		for j := i + 1; j < len(w.nodes); j++ {
			b := w.nodes[j]
			w.peers[[2]int{i, j}] = newLink(w.t, fmt.Sprintf("%d-%d", i, j), net.JoinHostPort(b.IP, strconv.Itoa(b.Port)))
			w.t.Logf("node %d is %s, node %d is %s", i, a.URL, j, b.URL)
		}
	}
}

// startFronts starts the fronts, whose ways to engine and node are links.
func (w *world) startFronts(engine string) {
	w.t.Helper()
	key, url, _ := strings.Cut(w.nodes[0].FleetAddress(), "@")
	var payee struct {
		MiningAddress string `json:"mining_address"`
	}
	if err := w.nodes[0].Call("/get-mining-address", nil, &payee); err != nil {
		w.t.Fatal(err)
	}
	for _, f := range w.fronts {
		hub, rpc := w.link(f.Name+" to the engine", engine), w.link(f.Name+" to node-0", strings.TrimPrefix(url, "http://"))
		f.Start("nats://"+hub.address(), payee.MiningAddress, key+"@http://"+rpc.address())
	}
}

// owners are addresses that nobody has a key of.
func owners(t *testing.T, count byte) (all []string) {
	t.Helper()
	for i := range count {
		a, err := common.NewAddressWitnessPubKeyHash(append(make([]byte, 19), i+1), &consensus.SoloNetParams)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a.EncodeAddress())
	}
	return all
}

// tend has nodes be peers whose link is whole, as an operator's keep_dial would, until calmDown.
func (w *world) tend() {
	ctx, cancel := context.WithCancel(context.Background())
	w.calm = cancel
	for ends, l := range w.peers {
		a, b := w.nodes[ends[0]], w.nodes[ends[1]]
		w.tending.Go(func() {
			for ctx.Err() == nil {
				if a.Running() && b.Running() && !l.cut.Load() {
					within, stop := context.WithTimeout(ctx, 10*time.Second)
					_ = a.ConnectBy(within, b.Member, l.ip, l.port) // It is tried again.
					stop()
				}
				select {
				case <-ctx.Done():
				case <-time.After(w.scale.tend):
				}
			}
		})
	}
	w.t.Cleanup(func() {
		cancel()
		w.tending.Wait()
	})
}

// rigs mine, and write down what they were told.
type rigs struct {
	solver  *harness.Solver
	fronts  []*fakerig.Rig // of the first node's fronts
	direct  []*fakerig.Rig // of the second node
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup

	mu sync.Mutex
	// solved are the blocks of shares that a rig knows were accepted, by who accepted them.
	solved map[string]map[string]time.Time
}

func (w *world) startRigs() {
	w.t.Helper()
	w.rigs = &rigs{solver: harness.NewSimulatedSolver(w.t), solved: make(map[string]map[string]time.Time)}
	w.rigs.ctx, w.rigs.stop = context.WithCancel(context.Background())
	w.t.Cleanup(w.rigs.end)
	for i, owner := range w.owners {
		f := w.fronts[i%len(w.fronts)]
		w.rigs.fronts = append(w.rigs.fronts, w.rigs.add(f.Stratum, f.Name, owner+".rig", uint64(i), w.scale.rate))
	}
	direct := argument(w.nodes[1].Args, "--stratum.listen")
	for i := range 2 {
		w.rigs.direct = append(w.rigs.direct, w.rigs.add(direct, "node-1", fmt.Sprintf("direct.rig%d", i), uint64(10+i), w.scale.rate))
	}
}

// argument is a flag's value.
func argument(args []string, flag string) string {
	for i, a := range args {
		if a == flag {
			return args[i+1]
		}
	}
	return ""
}

// add has a rig mine at so many hashes a second, each of which is a share.
func (r *rigs) add(at, server, name string, seed uint64, rate float64) *fakerig.Rig {
	solved := make(map[string]time.Time)
	if r.solved[server] == nil {
		r.solved[server] = solved
	}
	solved = r.solved[server]
	rig := fakerig.New(fakerig.Config{
		Address: at, Name: name, Dialect: fakerig.Plain, Rate: rate, Difficulty: 1, Hash: r.solver.Verifier.Hash,
		Faults: fakerig.Faults{Disconnect: 30 * time.Second}, Random: rand.New(rand.NewPCG(seed, 7)),
		Solved: func(id [32]byte) {
			r.mu.Lock()
			defer r.mu.Unlock()
			solved[fmt.Sprintf("%x", id)] = time.Now()
		},
	})
	r.running.Go(func() { rig.Run(r.ctx) })
	return rig
}

// end has the rigs wait for their last answers, and stop.
func (r *rigs) end() {
	r.stop()
	r.running.Wait()
}

// every is all rigs.
func (r *rigs) every() []*fakerig.Rig {
	return append(append([]*fakerig.Rig{}, r.fronts...), r.direct...)
}

// accepted is how many shares rigs know were accepted.
func accepted(all []*fakerig.Rig) (sum uint64) {
	for _, rig := range all {
		sum += rig.Report().Accepted
	}
	return sum
}
