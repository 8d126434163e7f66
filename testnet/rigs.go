package testnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// RigsRequest says what rigs to add.
type RigsRequest struct {
	// Node is the index of the node that they mine for.
	Node int `json:"node"`
	// Front is the index of the front that they connect to; nil is the node itself.
	Front *int `json:"front,omitempty"`
	// Owner is the index of the node by whose address they log in; nil is Node.
	Owner *int `json:"owner,omitempty"`
	// Count is how many, Rate the hashes a second of each at most; 0 takes 2.
	Count int     `json:"count"`
	Rate  float64 `json:"rate"`
	// Difficulty is what each asks for, 1 hash a share or more; 0 leaves that to the node.
	Difficulty float64 `json:"difficulty,omitempty"`
	// Dialect is fakerig.Plain, B3 or Backward; empty is plain.
	Dialect string         `json:"dialect"`
	Faults  fakerig.Faults `json:"faults"`
}

// rigsMost is how many rigs can be added at a time.
const rigsMost = 10_000

func (r *RigsRequest) check() error {
	if r.Dialect == "" {
		r.Dialect = fakerig.Plain
	}
	if r.Rate == 0 {
		r.Rate = 2
	}
	if r.Count < 1 || r.Count > rigsMost {
		return fmt.Errorf("%d rigs: expected 1 to %d", r.Count, rigsMost)
	}
	if !(r.Rate > 0 && r.Rate <= 1e9) {
		return fmt.Errorf("rate %v: expected a positive number of hashes a second", r.Rate)
	}
	if d := r.Difficulty; d != 0 && !(d >= 1 && d <= 1<<32) {
		return fmt.Errorf("difficulty %v: expected 1 to %d hashes a share", d, 1<<32)
	}
	return errors.Join(fakerig.CheckDialect(r.Dialect), r.Faults.Check())
}

// RigBatch is rigs that were added together. They are one process.
type RigBatch struct {
	Number  int         `json:"number"`
	Request RigsRequest `json:"request"`
	// Front is the address of the port for rigs, the node's or a front's, Login what their names begin
	// with.
	Front   string  `json:"front"`
	Login   string  `json:"login"`
	Process process `json:"process"`
}

func (n *Network) rigsDir() string { return filepath.Join(n.Dir, "rigs") }

func (n *Network) rigFile(number int, suffix string) string {
	return filepath.Join(n.rigsDir(), strconv.Itoa(number)+suffix)
}

// AddRigs adds rigs on the LAN of a node, with real proofs, and waits until they are
// logged in. They outlive this process, but not the network.
func (n *Network) AddRigs(ctx context.Context, r RigsRequest) (added []fakerig.Report, err error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	m, err := n.ours(r.Node, "take rigs")
	if err != nil {
		return nil, err
	}
	if o := r.Owner; o != nil && (*o < 0 || *o >= len(n.Nodes)) {
		return nil, fmt.Errorf("owner %d: expected a node, 0 to %d", *o, len(n.Nodes)-1)
	}
	if f := r.Front; f != nil {
		if _, err := n.front(*f); err != nil {
			return nil, err
		}
	}
	err = n.locked(ctx, func() error {
		b, err := n.startRigs(n.Nodes[m.Index], r)
		if err != nil {
			return err
		}
		return Poll(ctx, 30*time.Second, func() error {
			if added, err = n.report(b); err != nil {
				return err
			}
			for _, rig := range added {
				if rig.Connections == 0 {
					return fmt.Errorf("rig %s is not logged in: %s", rig.Name, rig.Error)
				}
			}
			return nil
		})
	})
	return added, err
}

// startRigs starts a process of rigs.
func (n *Network) startRigs(m *Member, r RigsRequest) (*RigBatch, error) {
	b := &RigBatch{Request: r, Front: m.Stratum, Login: m.Address}
	if r.Owner != nil {
		b.Login = n.Nodes[*r.Owner].Address
	}
	if r.Front != nil {
		b.Front = n.Fronts[*r.Front].Stratum
	}
	for _, old := range n.Rigs {
		b.Number = max(b.Number, old.Number+1)
	}
	if err := os.MkdirAll(n.rigsDir(), 0o700); err != nil {
		return nil, err
	}
	_ = os.Remove(n.rigFile(b.Number, ".json")) // Of an earlier network.
	log, err := os.Create(n.rigFile(b.Number, ".log"))
	if err != nil {
		return nil, err
	}
	n.Rigs = append(n.Rigs, b)
	if err := n.save(); err != nil { // The process reads it.
		return nil, errors.Join(err, log.Close())
	}
	cmd := exec.Command(m.Program, "testnet", "--dir", n.Dir, "rigs", "serve", strconv.Itoa(b.Number))
	cmd.Stdout, cmd.Stderr = log, log
	b.Process, err = spawn(cmd, n.tied)
	if err == nil {
		go func() { _ = cmd.Wait() }()
	}
	return b, errors.Join(err, log.Close(), n.save())
}

// errNeverRan is of rigs whose process ended before it wrote anything.
var errNeverRan = errors.New("the rigs ended at their start")

// report is what the rigs of a batch have last written.
func (n *Network) report(b *RigBatch) (all []fakerig.Report, err error) {
	raw, err := os.ReadFile(n.rigFile(b.Number, ".json"))
	if err != nil {
		if !b.Process.alive() {
			log, _ := os.ReadFile(n.rigFile(b.Number, ".log"))
			return nil, fmt.Errorf("%w: %s", errNeverRan, log)
		}
		return nil, err
	}
	err = json.Unmarshal(raw, &all)
	if !b.Process.alive() {
		for i := range all {
			all[i].Connected = false
		}
	}
	return all, err
}

// ListRigs reports on all rigs, as of a fraction of a second ago.
func (n *Network) ListRigs() (all []fakerig.Report, err error) {
	all = []fakerig.Report{}
	for _, b := range n.Rigs {
		reports, err := n.report(b)
		if err != nil && !errors.Is(err, errNeverRan) { // Who added those was told.
			return all, err
		}
		all = append(all, reports...)
	}
	return all, nil
}

// RemoveRigs ends rigs: those of a name each, or all if none is named. It returns what
// they have sent in the end. Rigs that were added together end together.
func (n *Network) RemoveRigs(ctx context.Context, names ...string) (last []fakerig.Report, err error) {
	err = n.locked(ctx, func() error {
		var keep []*RigBatch
		for _, b := range n.Rigs {
			reports, _ := n.report(b) // None, if they failed to start.
			named := func(r fakerig.Report) bool { return slices.Contains(names, r.Name) }
			if len(names) > 0 && !slices.ContainsFunc(reports, named) {
				keep = append(keep, b)
				continue
			}
			if err := b.Process.end(ctx, rigGrace); err != nil {
				return err
			}
			reports, err := n.report(b)
			if err != nil && !errors.Is(err, errNeverRan) {
				return err
			}
			last = append(last, reports...)
		}
		if len(names) > 0 && len(last) == 0 {
			return fmt.Errorf("rigs %q: there are none of these names; 'rigs list' has them", names)
		}
		n.Rigs = keep
		n.Gone = append(n.Gone, last...)
		return n.save()
	})
	return last, err
}

// rigGrace is how long rigs get for the replies that are still to come.
const rigGrace = fakerig.LastReplies + 5*time.Second

// ServeRigs is the process of a batch of rigs. It mines until ctx ends.
func (n *Network) ServeRigs(ctx context.Context, number int, hash HashFunc) error {
	i := slices.IndexFunc(n.Rigs, func(b *RigBatch) bool { return b.Number == number })
	if i < 0 {
		return fmt.Errorf("no rigs of number %d were added", number)
	}
	b := n.Rigs[i]
	rigs := b.make(hash)
	save := func() error {
		all := make([]fakerig.Report, 0, len(rigs))
		for _, r := range rigs {
			all = append(all, r.Report())
		}
		raw, err := json.MarshalIndent(all, "", "  ")
		if err != nil {
			return err
		}
		path := n.rigFile(number, ".json")
		if err := os.WriteFile(path+".new", raw, 0o644); err != nil {
			return err
		}
		return os.Rename(path+".new", path)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		n.gone(ctx, number)
		cancel()
	}()
	return mineAll(ctx, rigs, save)
}

// orphanAfter is how long rigs wait for a node that has ended: a snapshot restarts it.
const orphanAfter = time.Minute

// gone waits until nobody needs the rigs of a number: the network has them no more, or
// its node has ended, and nobody starts it again.
func (n *Network) gone(ctx context.Context, number int) {
	alive := time.Now()
	for time.Since(alive) < orphanAfter && ctx.Err() == nil {
		wait(ctx, time.Second)
		now, err := Open(n.Dir)
		if errors.Is(err, ErrNone) {
			return
		}
		if err != nil {
			continue
		}
		i := slices.IndexFunc(now.Rigs, func(b *RigBatch) bool { return b.Number == number })
		if i < 0 {
			return
		}
		if node := now.Rigs[i].Request.Node; node < len(now.Nodes) && now.Nodes[node].Process.alive() {
			alive = time.Now()
		}
	}
}

// make makes the rigs of a batch.
func (b *RigBatch) make(hash HashFunc) (rigs []*fakerig.Rig) {
	for i := range b.Request.Count {
		name := fmt.Sprintf("%s.test-%d-%d", b.Login, b.Number, i)
		rigs = append(rigs, fakerig.New(fakerig.Config{
			Address: b.Front, Name: name, Node: b.Request.Node, Dialect: b.Request.Dialect, Rate: b.Request.Rate, Faults: b.Request.Faults,
			Difficulty: b.Request.Difficulty, Hash: hash, Random: rand.New(rand.NewPCG(uint64(b.Number), uint64(i))),
		}))
	}
	return rigs
}

// mineAll runs rigs until ctx ends, and saves their reports every 200 ms.
func mineAll(ctx context.Context, rigs []*fakerig.Rig, save func() error) error {
	var running sync.WaitGroup
	for _, r := range rigs {
		running.Go(func() { r.Run(ctx) })
	}
	for ctx.Err() == nil {
		if err := save(); err != nil {
			return err
		}
		wait(ctx, 200*time.Millisecond)
	}
	running.Wait()
	return save()
}
