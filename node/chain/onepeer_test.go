package chain_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/config"
	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/p2p"
	"github.com/bytom/bytom/p2p/connection"

	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// reactor welcomes peers after a while, as Bytom's own does, and keeps what they send.
type reactor struct {
	p2p.BaseReactor
	welcome time.Duration

	mu    sync.Mutex
	peers []*p2p.Peer // that it was told of
	heard []netsync.BlockchainMessage
}

func (r *reactor) GetChannels() []*connection.ChannelDescriptor {
	return []*connection.ChannelDescriptor{{ID: netsync.BlockchainChannel, Priority: 5, SendQueueCapacity: 100}}
}

func (r *reactor) AddPeer(p *p2p.Peer) error {
	r.mu.Lock()
	r.peers = append(r.peers, p)
	r.mu.Unlock()
	time.Sleep(r.welcome)
	return nil
}

func (r *reactor) Receive(_ byte, _ *p2p.Peer, raw []byte) {
	if _, m, err := netsync.DecodeMessage(raw); err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.heard = append(r.heard, m)
	}
}

// lister welcomes peers after another reactor does or before, as the order of a map has it: it stands for a
// busy machine, where a connection may end between its welcome and its place in the switch's list.
type lister struct{ p2p.BaseReactor }

func (l *lister) AddPeer(*p2p.Peer) error {
	time.Sleep(100 * time.Millisecond)
	return nil
}

// forgotten is how many connections run that are not in the switch's list.
func (r *reactor) forgotten(in *p2p.PeerSet) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.peers {
		if p.IsRunning() && in.Get(p.Key) != p {
			n++
		}
	}
	return n
}

// peer is a switch of Bytom's with a reactor, which a BulkSync stands before if there is one.
type peer struct {
	*p2p.Switch
	reactor *reactor
	address *p2p.NetAddress
}

func newPeer(t *testing.T, bulk *chain.BulkSync) peer {
	t.Helper()
	r := &reactor{welcome: 200 * time.Millisecond}
	r.BaseReactor = *p2p.NewBaseReactor("test", r)
	p := newPeerWith(t, bulk, r)
	p.reactor = r
	return p
}

// newPeerWith is newPeer with a reactor of the test's.
func newPeerWith(t *testing.T, bulk *chain.BulkSync, r p2p.Reactor) peer {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = free.Close()
	c := config.DefaultConfig()
	c.SetRoot(t.TempDir())
	c.ChainID = "solonet"
	c.P2P.ListenAddress, c.P2P.SkipUPNP, c.P2P.LANDiscover, c.P2P.Seeds = "tcp://"+free.Addr().String(), true, false, ""
	if err := os.MkdirAll(filepath.Join(c.RootDir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	sw, err := p2p.NewSwitch(c)
	if err != nil {
		t.Fatal(err)
	}
	if bulk != nil {
		bulk.Over(sw).AddReactor("test", r)
	} else {
		sw.AddReactor("test", r)
	}
	l := new(lister)
	l.BaseReactor = *p2p.NewBaseReactor("lister", l)
	sw.AddReactor("lister", l)
	if _, err := sw.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sw.Stop() })
	if bulk != nil {
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = bulk.Run(ctx) })
		t.Cleanup(running.Wait)
		t.Cleanup(cancel)
	}
	return peer{Switch: sw, address: sw.Listeners()[0].InternalAddress()}
}

func newBulkSync(t *testing.T) *chain.BulkSync {
	f := chaintest.NewQuick(t)
	return chain.NewBulkSync(f.Bytom, f.Gate, 1, slog.New(slog.DiscardHandler))
}

// TestNoConnectionIsForgotten has two nodes dial each other at the same moment, again and again.
func TestNoConnectionIsForgotten(t *testing.T) {
	a, b := newPeer(t, newBulkSync(t)), newPeer(t, newBulkSync(t))
	for round := range 5 {
		var both sync.WaitGroup
		both.Go(func() { _ = a.DialPeerWithAddress(b.address) })
		both.Go(func() { _ = b.DialPeerWithAddress(a.address) })
		both.Wait()
		within(t, func() error { return wellConnected(a, b) })
		for _, p := range a.Peers().List() {
			a.StopPeerGracefully(p.Key)
		}
		within(t, func() error {
			if n, m := a.Peers().Size(), b.Peers().Size(); n+m > 0 {
				return fmt.Errorf("round %d: %d and %d peers after the end of the connection", round, n, m)
			}
			return nil
		})
	}
	if err := a.DialPeerWithAddress(b.address); err != nil || a.Peers().Size() != 1 {
		t.Errorf("after that a peer can't be dialled: %v", err)
	}
	// Nor does it take a second one at the same moment: the other end alone is enough, a while later.
	_ = b.DialPeerWithAddress(a.address)
	within(t, func() error { return wellConnected(a, b) })
}

// wellConnected is nil if two peers know of one connection, and there is no other.
func wellConnected(a, b peer) error {
	if n, m := a.reactor.forgotten(a.Peers()), b.reactor.forgotten(b.Peers()); n+m > 0 {
		return fmt.Errorf("%d and %d connections run that are in no list", n, m)
	}
	if n, m := a.Peers().Size(), b.Peers().Size(); n != 1 || m != 1 {
		return fmt.Errorf("%d and %d peers, expected one each", n, m)
	}
	return nil
}

// TestAListIsPutRight has a connection end while the switch is about to list it, and has the switch forget one
// that runs.
func TestAListIsPutRight(t *testing.T) {
	a, b := newPeer(t, newBulkSync(t)), newPeer(t, newBulkSync(t))
	for round := range 4 {
		dialled := make(chan struct{})
		go func() { defer close(dialled); _ = a.DialPeerWithAddress(b.address) }()
		var ended *p2p.Peer
		within(t, func() error { // It ends as its reactors welcome it.
			a.reactor.mu.Lock()
			defer a.reactor.mu.Unlock()
			if len(a.reactor.peers) == round {
				return fmt.Errorf("round %d: no peer is welcomed", round)
			}
			ended = a.reactor.peers[round]
			return nil
		})
		time.Sleep(time.Duration(round) * 80 * time.Millisecond)
		a.StopPeerForError(ended, "test")
		<-dialled
		within(t, func() error {
			if n, m := a.Peers().Size(), b.Peers().Size(); n+m > 0 {
				return fmt.Errorf("round %d: %d and %d peers after the end of the connection", round, n, m)
			}
			return nil
		})
	}
	if err := a.DialPeerWithAddress(b.address); err != nil {
		t.Fatalf("after that the peer can't be dialled: %v", err)
	}
	a.Peers().Remove(a.Peers().List()[0])
	within(t, func() error { return wellConnected(a, b) })
}

// TestALostConnectionYields has a peer dial again whose first connection is half open: nothing comes on it, and
// nobody ends it.
func TestALostConnectionYields(t *testing.T) {
	bulk := newBulkSync(t)
	bulk.SetSilentAfter(500 * time.Millisecond)
	a, b := newPeer(t, bulk), newPeer(t, nil)
	link, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	ends := make(chan net.Conn, 2)
	go func() { // Nothing passes any more when far is closed, and a keeps its end.
		far, err := link.Accept()
		if err != nil {
			return
		}
		near, err := net.Dial("tcp", a.address.String())
		if err != nil {
			return
		}
		ends <- far
		ends <- near
		go func() { _, _ = io.Copy(near, far) }()
		_, _ = io.Copy(far, near)
	}()
	if err := b.DialPeerWithAddress(p2p.NewNetAddress(link.Addr())); err != nil {
		t.Fatal(err)
	}
	far, near := <-ends, <-ends
	defer near.Close()
	_ = far.Close()
	within(t, func() error {
		if n := b.Peers().Size(); n != 0 {
			return fmt.Errorf("it has %d peers where its connection is gone", n)
		}
		return nil
	})
	within(t, func() error {
		err := b.DialPeerWithAddress(a.address)
		if n, m := a.Peers().Size(), b.Peers().Size(); n != 1 || m != 1 {
			return fmt.Errorf("%d and %d peers, after %w", n, m, err)
		}
		return nil
	})
	if n := a.reactor.forgotten(a.Peers()); n > 0 {
		t.Errorf("%d connections run that are in no list", n)
	}
}

// TestAForeignKeyIsRefused has a peer name itself by a key that is not its own.
func TestAForeignKeyIsRefused(t *testing.T) {
	bulk := newBulkSync(t)
	a, b := newPeer(t, bulk), newPeer(t, nil)
	b.NodeInfo().PubKey[0] ^= 1
	_ = b.DialPeerWithAddress(a.address)
	time.Sleep(2 * b.reactor.welcome)
	within(t, func() error {
		a.reactor.mu.Lock()
		defer a.reactor.mu.Unlock()
		if n := a.Peers().Size() + bulk.Known() + len(a.reactor.peers); n > 0 {
			return fmt.Errorf("it is known in %d places", n)
		}
		return nil
	})
}

// TestPeersAreReminded has a peer hear of this node's best block, and be asked for its own, each period.
func TestPeersAreReminded(t *testing.T) {
	f := chaintest.NewQuick(t)
	bulk := chain.NewBulkSync(f.Bytom, f.Gate, 1, slog.New(slog.DiscardHandler))
	bulk.SetRemindEvery(10 * time.Millisecond)
	ours, stock := newPeer(t, bulk), newPeer(t, nil)
	if err := stock.DialPeerWithAddress(ours.address); err != nil {
		t.Fatal(err)
	}
	f.Process(t, f.Block(t, 1))
	genesis, err := f.Bytom.GetHeaderByHeight(0)
	if err != nil {
		t.Fatal(err)
	}
	within(t, func() error {
		stock.reactor.mu.Lock()
		defer stock.reactor.mu.Unlock()
		var asked, told bool
		for _, m := range stock.reactor.heard {
			switch m := m.(type) {
			case *netsync.StatusRequestMessage:
				asked = true
			case *netsync.StatusResponseMessage:
				id := genesis.Hash()
				told = told || m.Height == 1 && *m.GetHash() == f.Bytom.BestBlockHeader().Hash() && *m.GetGenesisHash() == id
			default:
				t.Fatalf("it hears %v", m)
			}
		}
		if !asked || !told {
			return fmt.Errorf("of %d messages: asked %v, told of the best block %v", len(stock.reactor.heard), asked, told)
		}
		return nil
	})
}

// within waits until check has no error.
func within(t *testing.T, check func() error) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
