#!/usr/bin/env bash
# Bytom 1.1.1 (github.com/bytom/bytom, package p2p, as its node and wallets have it): a peer that is
# connected, and connects once more, stays connected without the node's knowing it.
#
# A switch looks for a second connection to a peer before it starts one, by a text of the key that its
# list does not go by, so that it finds none. It looks again when its reactors have welcomed the peer, and
# closes the second one then. Its end is told by the key alone: the switch's list and the reactors lose the
# peer, while its first connection stays open.
#
# Seen: b dials a, and a has b in its list. Three seconds later a dials b, which gives "Duplicate peer".
# From then on one end or both have a connection that runs, answers pings, and is in no list. So it is
# where both dial at the same moment. netsync leaves unanswered what comes from a peer that is not in
# its list: a node behind asks for a block, waits 30 s, counts that against the peer, and at the sixth time
# bans it for an hour; and the socket and its goroutines are gone until somebody restarts.
#
# Whoever embeds it can wrap the reactor: refuse a second connection there, and stop it before the error
# is returned, so that its end is not told. node/chain/onepeer.go does.
#
# Fails if that is no longer so.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/bytom/bytom/config"
	"github.com/bytom/bytom/p2p"
	"github.com/bytom/bytom/p2p/connection"
	"github.com/sirupsen/logrus"
)

// reactor takes half a second to welcome a peer, as Bytom's own does at the least.
type reactor struct {
	p2p.BaseReactor
	mu       sync.Mutex
	welcomed []*p2p.Peer
}

func (r *reactor) GetChannels() []*connection.ChannelDescriptor {
	return []*connection.ChannelDescriptor{{ID: 0x40, Priority: 5, SendQueueCapacity: 100}}
}

func (r *reactor) AddPeer(p *p2p.Peer) error {
	r.mu.Lock()
	r.welcomed = append(r.welcomed, p)
	r.mu.Unlock()
	time.Sleep(500 * time.Millisecond)
	return nil
}

// open is how many connections run.
func (r *reactor) open() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.welcomed {
		if p.IsRunning() {
			n++
		}
	}
	return n
}

type node struct {
	*p2p.Switch
	reactor *reactor
	address *p2p.NetAddress
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func start(home string) node {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	must(free.Close())
	c := config.DefaultConfig()
	c.SetRoot(home)
	c.ChainID = "solonet"
	c.P2P.ListenAddress, c.P2P.SkipUPNP, c.P2P.LANDiscover, c.P2P.Seeds = "tcp://"+free.Addr().String(), true, false, ""
	must(os.MkdirAll(filepath.Join(home, "data"), 0o700))
	sw, err := p2p.NewSwitch(c)
	must(err)
	r := &reactor{}
	r.BaseReactor = *p2p.NewBaseReactor("test", r)
	sw.AddReactor("test", r)
	_, err = sw.Start()
	must(err)
	return node{sw, r, sw.Listeners()[0].InternalAddress()}
}

func main() {
	logrus.SetLevel(logrus.PanicLevel)
	a, b := start("a"), start("b")
	must(b.DialPeerWithAddress(a.address))
	time.Sleep(3 * time.Second)
	fmt.Printf("b has dialled a:  in a's list %d, running %d; in b's %d, %d\n", a.Peers().Size(), a.reactor.open(), b.Peers().Size(), b.reactor.open())
	right := a.Peers().Size() == 1 && b.Peers().Size() == 1
	fmt.Println("a dials b:       ", a.DialPeerWithAddress(b.address))
	time.Sleep(5 * time.Second)
	fmt.Printf("five seconds on:  in a's list %d, running %d; in b's %d, %d\n", a.Peers().Size(), a.reactor.open(), b.Peers().Size(), b.reactor.open())
	if forgotten := a.reactor.open() + b.reactor.open() - a.Peers().Size() - b.Peers().Size(); !right || forgotten < 1 {
		os.Exit(1)
	}
}
GO
# What Bytom was built with, where that has no versions, and go-wire by its later name.
cat >go.mod <<'MOD'
module example.test/peers

go 1.24

require (
	github.com/agl/ed25519 v0.0.0-20170116200512-5312a6153412
	github.com/btcsuite/btcd v0.20.1-beta
	github.com/bytom/bytom v1.1.1
	github.com/grandcat/zeroconf v0.0.0-20190424104450-85eadb44205c
	github.com/sirupsen/logrus v1.8.1
	github.com/syndtr/goleveldb v1.0.1-0.20200815110645-5c35d600f0ca
	github.com/tendermint/ed25519 v0.0.0-20171027050219-d8387025d2b9
	github.com/tendermint/go-crypto v0.2.0
	github.com/tendermint/go-wire v0.16.0
	github.com/tendermint/tmlibs v0.3.2
	gopkg.in/fatih/set.v0 v0.1.0
)

replace github.com/tendermint/go-wire => github.com/tendermint/go-amino v0.6.2

replace golang.org/x/crypto => golang.org/x/crypto v0.43.0
MOD
go build -o peers . 2>log || { cat log; exit 1; }
./peers
