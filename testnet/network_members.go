package testnet

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// makeMembers says who is to run where.
func (n *Network) makeMembers(c Config) error {
	var ips []string
	for i := range c.Nodes + c.Fronts {
		ips = append(ips, n.place.ip(i))
	}
	rpc, err := openPort(rpcPort, ips...)
	if err != nil {
		return err
	}
	rigs, err := openPort(rigPort, ips...)
	if err != nil {
		return err
	}
	for i, ip := range ips[:c.Nodes] {
		name := fmt.Sprintf("node-%d", i)
		m := &Member{
			Index: i, Stock: i >= c.Nodes-c.Stock, IP: ip, Port: n.place.p2p(i),
			daemon: daemon{
				Home: filepath.Join(n.Dir, name), LogPath: filepath.Join(n.Dir, name+".log"), URL: fmt.Sprintf("http://%s:%d", ip, rpc), Program: c.Solo,
			},
		}
		// Our nodes' blocks differ by their aliases.
		m.Stratum = net.JoinHostPort(ip, strconv.Itoa(rigs))
		m.Args = append([]string{"--solonet.tools", "--node_alias", name, "--stratum.listen", m.Stratum, "--stratum.start-difficulty", "1"}, c.Args...)
		if m.Stock {
			m.Program, m.Args, m.Stratum = c.StockNode, nil, ""
		}
		n.Nodes = append(n.Nodes, m)
	}
	if err := n.makeFronts(c, rpc, rigs); err != nil {
		return err
	}
	// Who cleans up after a crash needs the homes, whatever the crash prevented.
	return n.save()
}

// start starts nodes and waits until they answer and have their accounts.
func (n *Network) start(ctx context.Context, members []*Member) error {
	for _, m := range members {
		if err := os.MkdirAll(m.Home, 0o700); err != nil {
			return err
		}
		if err := writeNodeKey(m.Home, n.Phrase, m.Index); err != nil {
			return err
		}
		if err := m.start(n.place, n.tied); err != nil {
			return err
		}
	}
	if err := n.save(); err != nil {
		return err
	}
	parts, partsCtx := errgroup.WithContext(ctx)
	for _, m := range members {
		parts.Go(func() error {
			if err := m.ready(partsCtx, startLimit); err != nil {
				return err
			}
			var err error
			m.Address, err = m.Client().ensureAccount(partsCtx, n.Phrase, m.Index)
			return err
		})
	}
	if err := parts.Wait(); err != nil {
		return err
	}
	return n.save()
}

// member is the node of an index.
func (n *Network) member(index int) (*Member, error) {
	if index < 0 || index >= len(n.Nodes) {
		return nil, fmt.Errorf("%w: node %d: expected 0 to %d", ErrNoNode, index, len(n.Nodes)-1)
	}
	return n.Nodes[index], nil
}

// ours is the node of an index, which must be of ours for this.
func (n *Network) ours(index int, what string) (*Member, error) {
	m, err := n.member(index)
	if err == nil && m.Stock {
		err = fmt.Errorf("%s can't %s", m, what)
	}
	return m, err
}
