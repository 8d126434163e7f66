package chain

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/p2p"
)

// onePerPeer lets a peer have one connection. Bytom finds out that there is a second one only after its
// handshake, half a second later at the least, and knows a peer by its key alone: the second one's end takes the
// first out of its lists, and leaves it open. Whatever comes on it is then left without an answer, and the
// other end counts that against us. It is safe for concurrent use.
type onePerPeer struct {
	mu    sync.Mutex
	peers map[string]heldPeer // by p2p.Peer.Key
}

type heldPeer struct {
	*p2p.Peer
	admitted time.Time // when Bytom was told that it may list it; zero until then
}

func newOnePerPeer() *onePerPeer { return &onePerPeer{peers: make(map[string]heldPeer)} }

// list is all connections, in no order.
func (o *onePerPeer) list() (all []heldPeer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, held := range o.peers {
		all = append(all, held)
	}
	return all
}

// get is the connection of a peer, nil if it has none.
func (o *onePerPeer) get(key string) *p2p.Peer {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.peers[key].Peer
}

// add notes a peer's connection; false is that it has another one already.
func (o *onePerPeer) add(peer *p2p.Peer) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if other := o.peers[peer.Key].Peer; other != nil && other.IsRunning() {
		return false
	}
	o.peers[peer.Key] = heldPeer{Peer: peer}
	return true
}

// admit notes that Bytom's handshake is over; false is that the peer has lost this connection since.
func (o *onePerPeer) admit(peer *p2p.Peer) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.peers[peer.Key].Peer != peer {
		return false
	}
	o.peers[peer.Key] = heldPeer{peer, time.Now()}
	return true
}

// remove forgets a connection, and reports whether the peer has another one.
func (o *onePerPeer) remove(peer *p2p.Peer) (other bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if held := o.peers[peer.Key].Peer; held != peer {
		return held != nil
	}
	delete(o.peers, peer.Key)
	return false
}

// onePeerReactor is a reactor that peers have one connection to.
type onePeerReactor struct {
	p2p.Reactor
	bulk *BulkSync
}

var errForeignKey = errors.New("the peer names itself by another key than its connection's")

// AddPeer satisfies p2p.Reactor. A connection that is refused is stopped first: the end of one that runs
// would take the peer's other one out of Bytom's lists.
func (r onePeerReactor) AddPeer(peer *p2p.Peer) error {
	if peer.NodeInfo.PubKey != peer.PubKey() { // Bytom believes it, and so it could keep another peer out.
		return r.refuse(peer, errForeignKey)
	}
	if old := r.bulk.open.get(peer.Key); old != nil && r.yields(old, peer) {
		r.bulk.sw.StopPeerForError(old, "a newer connection takes its place")
	}
	if !r.bulk.open.add(peer) {
		return r.refuse(peer, p2p.ErrDuplicatePeer)
	}
	err := r.Reactor.AddPeer(peer)
	if err == nil && !r.bulk.open.admit(peer) {
		err = fmt.Errorf("the connection of peer %s has ended", peer.Addr())
	}
	if err == nil {
		if listed := r.bulk.sw.Peers().Get(peer.Key); listed != nil && !listed.IsRunning() {
			r.bulk.sw.Peers().Remove(listed) // Bytom would find no place for this one, and end it.
		}
		return nil
	}
	if !r.bulk.open.remove(peer) {
		r.Reactor.RemovePeer(peer, err)
	}
	return r.refuse(peer, err)
}

// refuse ends a connection that Bytom's lists do not have.
func (r onePeerReactor) refuse(peer *p2p.Peer, why error) error {
	peer.Stop()
	r.bulk.forget(peer)
	return why
}

const (
	// silentAfter is twice what passes between a peer's pings, and more: who has sent nothing for so long is
	// gone, which TCP by itself finds out after a quarter of an hour.
	silentAfter = 90 * time.Second
	// crossingTime is how far apart two dials of the same pair can come.
	crossingTime = 10 * time.Second
)

// yields reports whether a peer's connection gives way to a new one: where the peer has sent nothing for
// long, it has lost it; and of two that both ends have just dialled, both keep the one of the greater key.
func (r onePeerReactor) yields(old, peer *p2p.Peer) bool {
	_, received := old.TrafficStatus()
	if received.Idle > r.bulk.silentAfter {
		return true
	}
	ours := r.bulk.sw.NodeInfo().PubKey.KeyString() > peer.Key
	return received.Duration < crossingTime && old.IsOutbound() != peer.IsOutbound() && peer.IsOutbound() == ours
}

// RemovePeer satisfies p2p.Reactor. The end of one connection can be told twice, by its two ends. Where the
// peer has another one by then, the switch has just forgotten that, and tidyList gives it back.
func (r onePeerReactor) RemovePeer(peer *p2p.Peer, reason any) {
	if r.bulk.open.remove(peer) {
		r.bulk.forget(peer)
		return
	}
	r.Reactor.RemovePeer(peer, reason)
}

// tidyPeriod is how often Bytom's list of peers is put right. It is longer than Bytom takes to list a peer
// that its reactors have welcomed: one that is put there before would be ended as its own duplicate.
const tidyPeriod = time.Second

// tidy puts the switch's list of peers right, until ctx ends. A connection that ends between the reactors'
// welcome and its place in the list would stay there for ever, and keep its peer from coming back and all
// others of its address from being dialled. One that runs is out of it where another of the same peer ended.
func (s *BulkSync) tidy(ctx context.Context) {
	each := time.NewTicker(tidyPeriod)
	defer each.Stop()
	for {
		select {
		case now := <-each.C:
			s.tidyList(now)
		case <-ctx.Done():
			return
		}
	}
}

func (s *BulkSync) tidyList(now time.Time) {
	if s.sw == nil {
		return // There is no network.
	}
	for _, listed := range s.sw.Peers().List() {
		if !listed.IsRunning() {
			s.sw.StopPeerForError(listed, "its connection has ended")
		}
	}
	for _, held := range s.open.list() {
		if held.IsRunning() && !held.admitted.IsZero() && now.Sub(held.admitted) > tidyPeriod {
			_ = s.sw.Peers().Add(held.Peer) // It has it, mostly.
		}
	}
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
