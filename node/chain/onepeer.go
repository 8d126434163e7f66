package chain

import (
	"fmt"
	"sync"

	"github.com/bytom/bytom/p2p"
)

// onePerPeer lets a peer have one connection. Bytom looks for another before the handshake, which takes
// half a second at the least: two nodes that dial each other within it get two. It knows a peer by its key
// alone, so that the second one's end takes the first out of its lists, and leaves it open: whatever
// comes on it is then left without an answer, and the other end counts that against us. It is safe for
// concurrent use.
type onePerPeer struct {
	mu    sync.Mutex
	peers map[string]*p2p.Peer // by p2p.Peer.Key
}

// add notes a peer's connection; false is that it has another one already.
func (o *onePerPeer) add(peer *p2p.Peer) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if other := o.peers[peer.Key]; other != nil && other.IsRunning() {
		return false
	}
	o.peers[peer.Key] = peer
	return true
}

// remove forgets a connection, and returns the one that the peer has if that is another.
func (o *onePerPeer) remove(peer *p2p.Peer) (other *p2p.Peer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if other = o.peers[peer.Key]; other != peer {
		return other
	}
	delete(o.peers, peer.Key)
	return nil
}

// has reports whether this is the peer's connection.
func (o *onePerPeer) has(peer *p2p.Peer) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.peers[peer.Key] == peer
}

// onePeerReactor is a reactor that peers have one connection to.
type onePeerReactor struct {
	p2p.Reactor
	open *onePerPeer
}

// AddPeer satisfies p2p.Reactor. A connection that is refused is stopped first: the end of one that runs
// would take the peer's other one out of Bytom's lists.
func (r onePeerReactor) AddPeer(peer *p2p.Peer) error {
	if !r.open.add(peer) {
		peer.Stop()
		return p2p.ErrDuplicatePeer
	}
	err := r.Reactor.AddPeer(peer)
	if err == nil && !r.open.has(peer) {
		err = fmt.Errorf("the connection of peer %s has ended", peer.Addr())
	}
	if err != nil {
		peer.Stop()
		r.open.remove(peer)
	}
	return err
}

// RemovePeer satisfies p2p.Reactor. Where the peer has another connection, Bytom has forgotten that by
// now: it is closed, so that both ends know.
func (r onePeerReactor) RemovePeer(peer *p2p.Peer, reason any) {
	if other := r.open.remove(peer); other != nil {
		other.Stop()
		r.open.remove(other)
	}
	r.Reactor.RemovePeer(peer, reason)
}
