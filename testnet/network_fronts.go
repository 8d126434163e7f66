package testnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// enginePort is where the engine in a node's process listens, unless somebody does on all addresses.
const enginePort = 4222

// daemons are all nodes and fronts.
func (n *Network) daemons() (all []*daemon) {
	for _, m := range n.Nodes {
		all = append(all, &m.daemon)
	}
	for _, f := range n.Fronts {
		all = append(all, &f.daemon)
	}
	return all
}

// front is the front of an index.
func (n *Network) front(index int) (*FrontMember, error) {
	if index < 0 || index >= len(n.Fronts) {
		return nil, fmt.Errorf("%w: front %d: the network has %d", ErrNoNode, index, len(n.Fronts))
	}
	return n.Fronts[index], nil
}

// makeFronts says which fronts are to run where, and has the first node let them in.
func (n *Network) makeFronts(c Config, page, rigs int) error {
	if c.Fronts == 0 {
		return nil
	}
	first := n.Nodes[0]
	key, err := FleetKey(first.Home)
	if err != nil {
		return err
	}
	engine, args := c.Engine, []string{"--engine", c.Engine}
	if engine == "" {
		port, err := openPort(enginePort, first.IP)
		if err != nil {
			return err
		}
		listen := net.JoinHostPort(first.IP, strconv.Itoa(port))
		engine, args = "nats://"+listen, []string{"--engine", "embedded", "--engine.listen", listen}
	}
	var let []string
	for i := range c.Fronts {
		ip, name := n.place.ip(c.Nodes+i), fmt.Sprintf("front-%d", i)
		f := &FrontMember{
			daemon: daemon{
				Home: filepath.Join(n.Dir, name), LogPath: filepath.Join(n.Dir, name+".log"), URL: fmt.Sprintf("http://%s:%d", ip, page), Program: c.Solo,
			},
			Index: i, Name: name, Stratum: net.JoinHostPort(ip, strconv.Itoa(rigs)), Engine: engine, Nodes: []string{key + "@" + first.URL},
		}
		if err := f.makeKey(); err != nil {
			return err
		}
		n.Fronts = append(n.Fronts, f)
		let = append(let, name+"="+f.Key)
	}
	first.Args = append(append(args, "--fleet.fronts", strings.Join(let, ",")), first.Args...)
	return nil
}

// startFronts starts fronts, and waits until they serve rigs, as far as their node runs.
func (n *Network) startFronts(ctx context.Context, all []*FrontMember) error {
	parts, partsCtx := errgroup.WithContext(ctx)
	for _, f := range all {
		f.Payee = n.Nodes[0].Address
		if err := f.start(n.place, n.tied); err != nil {
			return err
		}
		parts.Go(func() error { return f.ready(partsCtx, n.Nodes[0].Running()) })
	}
	return errors.Join(n.save(), parts.Wait())
}

// named is the node or the front of a name, node-0 or front-1.
func (n *Network) named(name string) (*daemon, error) {
	for _, d := range n.daemons() {
		if filepath.Base(d.Home) == name {
			return d, nil
		}
	}
	return nil, fmt.Errorf("%w: %q: expected node-0 to node-%d, or one of %d fronts, from front-0 on", ErrNoNode, name, len(n.Nodes)-1, len(n.Fronts))
}

// Kill ends a node or a front as a power cut would: node-0, or front-1.
func (n *Network) Kill(ctx context.Context, name string) error {
	return n.endOne(ctx, name, (*daemon).kill)
}

// Stop ends a node or a front as an operator would: node-0, or front-1.
func (n *Network) Stop(ctx context.Context, name string) error {
	return n.endOne(ctx, name, func(d *daemon) error { return d.stop(ctx, patience) })
}

func (n *Network) endOne(ctx context.Context, name string, end func(*daemon) error) error {
	return n.locked(ctx, func() error {
		d, err := n.named(name)
		if err != nil {
			return err
		}
		if !d.Running() {
			return fmt.Errorf("%s does not run", name)
		}
		if err := end(d); err != nil {
			return err
		}
		d.Process = process{}
		return n.save()
	})
}

// Start starts a node or a front again that was stopped or killed, and waits until it is where it
// was: a node with its peers, a front with rigs if its node runs.
func (n *Network) Start(ctx context.Context, name string) error {
	return n.locked(ctx, func() error {
		d, err := n.named(name)
		if err != nil {
			return err
		}
		if d.Running() {
			return fmt.Errorf("%s runs already", name)
		}
		if err := n.hold(ctx); err != nil {
			return err
		}
		for _, f := range n.Fronts {
			if d == &f.daemon {
				return n.startFronts(ctx, []*FrontMember{f})
			}
		}
		for _, m := range n.Nodes {
			if d == &m.daemon {
				err = n.start(ctx, []*Member{m})
			}
			if !m.Running() {
				return err // Peers are found when all are there.
			}
		}
		if err != nil {
			return err
		}
		return n.relink(ctx)
	})
}

// hold is for who starts a process of a network. Others of it hold its addresses, or nobody does.
func (n *Network) hold(ctx context.Context) error {
	if n.place != nil {
		return nil
	}
	running, err := n.running()
	if err != nil {
		return err
	}
	if len(running) == 0 {
		return n.retake(ctx)
	}
	n.place, err = borrow(n.Nodes[0].Port)
	return err
}
