package testnet

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// place is a part of the loopback network, and a range of ports, that nobody else uses
// as long as its file is open. Nodes inherit that, so a place is free again when the
// last of them has ended, whatever became of who started them.
//
// Bytom distinguishes peers by their IP address, so each node has one of its own, and all
// can answer RPC on the same port. The p2p ports must differ, as Bytom's discovery
// listens on all addresses.
type place struct {
	prefix string // of the addresses 127.x.y.1 and so on
	port   int    // the first of the ports for p2p
	lock   *os.File
}

// Of all places, the p2p ports are below those that the system gives to whoever asks
// for any.
const (
	firstP2PPort = 10_000
	lastP2PPort  = 32_767
	nodesMost    = 64
	placesMost   = (lastP2PPort - firstP2PPort + 1) / nodesMost

	rpcPort     = 9888 // unless somebody listens there on all addresses
	rigPort     = 9119
	profilePort = 6060
)

// reserve takes a place for so many nodes: the one that belongs to name, or the first
// free one after it.
func reserve(name string, nodes int) (*place, error) {
	h := fnv.New32a()
	h.Write([]byte(name))
	last := errors.New("all are taken by other networks")
	for i := range placesMost {
		p, err := reservePlace((int(h.Sum32()%placesMost) + i) % placesMost)
		if err == nil && p != nil {
			if err = p.usable(nodes); err == nil {
				return p, nil
			}
			err = errors.Join(err, p.close())
		}
		if err != nil {
			last = err
		}
	}
	return nil, fmt.Errorf("reserve loopback addresses: %w", last)
}

// reservePlace takes one place; it is nil where that is another's.
func reservePlace(number int) (*place, error) {
	path := placePath(number)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	_ = os.Chmod(dir, 0o777|os.ModeSticky) // Other users have networks too; it fails for all but one.
	f, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	free, err := tryLock(f)
	if err != nil || !free {
		return nil, errors.Join(err, f.Close())
	}
	return &place{placePrefix(number), firstP2PPort + number*nodesMost, f}, nil
}

// reserveAgain takes the place whose first port is known; it is nil where that is
// another's by now.
func reserveAgain(port int) (*place, error) { return reservePlace((port - firstP2PPort) / nodesMost) }

// borrow is a place that others hold: it stays theirs, and what is started by this does not hold it.
func borrow(port int) (*place, error) {
	number := (port - firstP2PPort) / nodesMost
	f, err := os.Open(placePath(number))
	if err != nil {
		return nil, err
	}
	return &place{placePrefix(number), firstP2PPort + number*nodesMost, f}, nil
}

func placePath(number int) string {
	return filepath.Join(os.TempDir(), "bytom-testnet-places", strconv.Itoa(number))
}

// placePrefix leaves out 127.0 and 127.1, which others use.
func placePrefix(number int) string { return fmt.Sprintf("127.%d.%d.", 2+number/256, number%256) }

// ip is the address of the node of an index.
func (p *place) ip(index int) string { return p.prefix + strconv.Itoa(index+1) }

// p2p is the port of the node of an index.
func (p *place) p2p(index int) int { return p.port + index }

// close leaves the place to the nodes that have inherited it.
func (p *place) close() error { return p.lock.Close() }

// usable is nil if no program uses the ports without having reserved them.
func (p *place) usable(nodes int) error {
	for i := range nodes {
		udp, err := net.ListenUDP("udp4", &net.UDPAddr{Port: p.p2p(i)})
		if err != nil {
			return err
		}
		if err := errors.Join(udp.Close(), canListen(p.ip(i), p.p2p(i))); err != nil {
			return err
		}
	}
	return nil
}

// openPort is the first port from first on that nothing listens on at all of these
// addresses.
func openPort(first int, ips ...string) (int, error) {
	var last error
	for port := first; port < first+100; port++ {
		last = nil
		for _, ip := range ips {
			last = errors.Join(last, canListen(ip, port))
		}
		if last == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port from %d to %d: %w", first, first+99, last)
}

func canListen(ip string, port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort(ip, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}
