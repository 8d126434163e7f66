package chain

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/bytom/bytom/netsync"
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

func newOnePerPeer() *onePerPeer { return &onePerPeer{peers: make(map[string]*p2p.Peer)} }

// list is all connections, in no order.
func (o *onePerPeer) list() []*p2p.Peer {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Collect(maps.Values(o.peers))
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

// remindPeriod is how often peers are reminded of this node, within the time that bulkTimeout gives them
// for an answer.
const remindPeriod = 20 * time.Second

// remindPeers tells each peer this node's best block, and asks for its own, until ctx ends. A stock node may
// have forgotten a connection as onePerPeer says, and neither answers on it nor tells of new blocks: a
// status has it know the peer again.
func (s *BulkSync) remindPeers(ctx context.Context) {
	each := time.NewTicker(s.remindEvery)
	defer each.Stop()
	for {
		select {
		case <-each.C:
		case <-ctx.Done():
			return
		}
		genesis, err := s.chain.GetHeaderByHeight(0)
		if err != nil {
			s.log.Debug("peers are not reminded of this node", "error", err)
			continue
		}
		id := genesis.Hash()
		status := message(netsync.NewStatusResponseMessage(s.chain.BestBlockHeader(), &id))
		for _, peer := range s.open.list() {
			// Where there is no room for it, the connection is busy with more than that.
			_ = peer.TrySend(netsync.BlockchainChannel, status) && peer.TrySend(netsync.BlockchainChannel, message(&netsync.StatusRequestMessage{}))
		}
	}
}
