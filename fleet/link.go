package fleet

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// LinkConfig is what a Link needs.
type LinkConfig struct {
	Engine  Engine
	Key     Key
	Network string
	// Name is this front's, and Epoch that of its outbox: a word of its own for each start.
	Name  string
	Epoch uint64
	// Nodes are those of the Feed.
	Nodes []PublicKey
	Feed  *Feed
	// Chain takes what nodes say of blocks by the engine.
	Chain *Chain
	// Ranges takes a range of extranonces that a node grants, each once; Left is how many of those
	// leases are left: more are asked for in time.
	Ranges func(uint16)
	Left   func() int
	// Acks takes what nodes say of shares; nil where none are sent.
	Acks Acks
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// Acks takes what nodes say of the shares of this front.
type Acks interface {
	// Ledger takes which ledger a node keeps shares in.
	Ledger(node PublicKey, s LedgerState)
	// Ack takes which batches are booked.
	Ack(node PublicKey, a *Ack)
}

// Link is a front's side of the engine: it says hello to the nodes until they answer, and takes
// what they send to where it goes. All methods are safe for concurrent use.
type Link struct {
	cfg LinkConfig
	log *slog.Logger

	mu    sync.Mutex
	nodes map[PublicKey]*linkNode
	held  map[uint16]bool // ranges of extranonces

	twin sync.Once // has told of another front with this one's key
}

// linkNode is what is known of a node.
type linkNode struct {
	welcome bool // it has answered this run's hello: what it sends is no recording
	missing bool // it has work that did not come
	granted int  // how many ranges of extranonces it has given
	refused string
}

const (
	// helloEvery is the time between two looks at whether a node is to be asked for something.
	helloEvery = time.Second
	// fewLeft is of how many leases on more are asked for.
	fewLeft = 1 << 14
)

// NewLink returns a Link, which Run starts.
func NewLink(cfg LinkConfig) *Link {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	l := &Link{cfg: cfg, log: cfg.Log, nodes: make(map[PublicKey]*linkNode), held: make(map[uint16]bool)}
	for _, key := range cfg.Nodes {
		l.nodes[key] = &linkNode{}
	}
	return l
}

// Run takes what nodes send until ctx ends, and returns its error, or why the engine can't be
// used.
func (l *Link) Run(ctx context.Context) error {
	for _, node := range l.cfg.Nodes {
		for _, last := range []string{".work", ".beat", ".to." + l.cfg.Key.Public().String()} {
			subject := Subject(node) + last
			cancel, err := l.cfg.Engine.Subscribe(subject, func(data []byte) { l.take(node, data) })
			if err != nil {
				return fmt.Errorf("subscribe to %s: %w", subject, err)
			}
			defer cancel()
		}
	}
	each := time.NewTicker(helloEvery)
	defer each.Stop()
	for {
		l.hello()
		select {
		case <-each.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hello asks the nodes for what is missing. Extranonces are one node's: the first that answers.
func (l *Link) hello() {
	few := l.cfg.Left() < fewLeft
	for _, key := range l.cfg.Nodes {
		l.mu.Lock()
		n := l.nodes[key]
		need := n.granted
		if few {
			need++
		}
		ask := !n.welcome || n.missing || few
		few = few && !n.welcome
		l.mu.Unlock()
		if !ask {
			continue
		}
		sealed, err := l.cfg.Key.Seal(l.cfg.Network, KindHello, &Hello{Name: l.cfg.Name, Epoch: l.cfg.Epoch, Need: need, At: time.Now().UnixMilli()})
		if err == nil {
			err = l.cfg.Engine.Publish(Subject(key)+".from", sealed)
		}
		if err != nil {
			l.log.Debug("a node can't be asked", "node", key.String(), "error", err)
		}
	}
}

// takeRanges takes what a node has granted in all. Two nodes may grant the same range, of which
// only one can be used here.
func (l *Link) takeRanges(node PublicKey, ranges []uint16) {
	l.mu.Lock()
	var fresh []uint16
	for _, r := range ranges {
		if !l.held[r] {
			l.held[r] = true
			fresh = append(fresh, r)
		}
	}
	l.nodes[node].granted = max(l.nodes[node].granted, len(ranges))
	l.mu.Unlock()
	for _, r := range fresh {
		l.cfg.Ranges(r)
	}
}

func (l *Link) welcomed(key PublicKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nodes[key].welcome
}

// take takes a message of a node.
func (l *Link) take(node PublicKey, data []byte) {
	m, err := Open(data, l.cfg.Network, func(key PublicKey) bool { return key == node })
	if err != nil {
		l.cfg.Feed.Refuse(node, err)
		return
	}
	switch body := m.Body.(type) {
	case *Welcome:
		l.takeWelcome(node, body)
	case *Refused:
		l.takeRefused(node, body)
	case *Verdict:
		l.cfg.Chain.Verdict(node, body)
	case *Work:
		if l.welcomed(node) {
			l.takeWork(node, body)
		}
	case *Body:
		l.cfg.Feed.Body(node, body)
	case *Beat:
		if !l.welcomed(node) {
			return
		}
		l.ledger(node, body.Ledger)
		if l.cfg.Feed.Beat(node, body) {
			l.setMissing(node, true)
		}
	case *Ack:
		if l.cfg.Acks != nil && l.welcomed(node) {
			l.cfg.Acks.Ack(node, body)
		}
	}
}

func (l *Link) ledger(node PublicKey, s LedgerState) {
	if l.cfg.Acks != nil {
		l.cfg.Acks.Ledger(node, s)
	}
}

// takeWork has work served.
func (l *Link) takeWork(node PublicKey, w *Work) {
	err := l.cfg.Feed.Work(node, w)
	l.setMissing(node, err != nil)
}

func (l *Link) setMissing(node PublicKey, missing bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nodes[node].missing = missing
}

// takeWelcome takes a node's answer. One to an earlier run may be a recording.
func (l *Link) takeWelcome(node PublicKey, w *Welcome) {
	if w.Epoch != l.cfg.Epoch {
		l.tellOfTwin(node)
		return
	}
	l.mu.Lock()
	n := l.nodes[node]
	first := !n.welcome
	n.welcome, n.refused = true, ""
	l.mu.Unlock()
	if first {
		l.log.Info("let in by a node", "node", node.String())
	}
	l.ledger(node, w.Ledger)
	l.takeRanges(node, w.Ranges)
	if len(w.Work) == 0 {
		return
	}
	m, err := Open(w.Work, l.cfg.Network, func(key PublicKey) bool { return key == node })
	if err != nil {
		l.cfg.Feed.Refuse(node, err)
		return
	}
	if work, ok := m.Body.(*Work); ok {
		l.takeWork(node, work)
	}
}

// tellOfTwin says, once, that a node lets a front in with this one's key which is not this one. What comes before
// this one is let in may be for its last run.
func (l *Link) tellOfTwin(node PublicKey) {
	if !l.welcomed(node) {
		return
	}
	l.twin.Do(func() {
		l.log.Warn("another front has this one's key: no share is lost or counted twice, but which of them did what can't be told; "+
			"stop that one, move its front.key away, and tell the nodes of the key that it makes then", "key", l.cfg.Key.Public().String())
	})
}

// takeRefused logs why a node does not let this front in, once for each reason.
func (l *Link) takeRefused(node PublicKey, r *Refused) {
	l.mu.Lock()
	n := l.nodes[node]
	again := n.refused == r.Why
	n.refused = r.Why
	l.mu.Unlock()
	if !again {
		l.log.Warn("a node does not let this front in", "node", node.String(), "reason", r.Why, "this_front", l.cfg.Key.Public().String())
	}
}

// Refused is why nodes do not let this front in; empty where they do, or have not answered.
func (l *Link) Refused() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.nodes {
		if n.refused != "" && !n.welcome {
			return n.refused
		}
	}
	return ""
}
