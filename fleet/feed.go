package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// FeedConfig is what a Feed needs.
type FeedConfig struct {
	// Nodes are those whose work is served, the best liked first.
	Nodes []PublicKey
	// Program is the control program that work must pay.
	Program []byte
	// Quiet is after how long without news of a node the work of another is served, Silent
	// after how long without news of any it is said that there are none, and MaxAge after how
	// long no work is given any more. 0 takes 10 s, 30 s and 2 minutes.
	Quiet, Silent, MaxAge time.Duration
	// Settings takes what the node whose work is served says of whom rigs' work is paid to; where there is
	// no work yet, what any of them says. It is called behind the work, of each Work once, and must call no
	// method of the Feed's but Current, State, Now and Tip. nil does nothing.
	Settings func(node PublicKey, split bool, owners map[string]string)
	// Clock is what ages go by; nil takes the time since the start.
	Clock func() time.Duration
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// Feed is the work of nodes elsewhere, as a server of rigs takes it: what a mining.Generator is
// where the chain is. Of several nodes it serves the best liked that there is news of. All
// methods are safe for concurrent use.
type Feed struct {
	cfg     FeedConfig
	log     *slog.Logger
	current atomic.Pointer[served]
	tip     chan struct{} // closed, and replaced, when another tip is served; guarded by mu

	mu       sync.Mutex
	nodes    []*feedNode
	sequence uint64
	subs     map[chan *mining.Template]struct{}
	refused  *tellings // of work
	strange  *tellings // of messages that anybody can have sent
	silent   bool
	used     settled
}

// settled is whose settings were taken last, and of which work.
type settled struct {
	node     PublicKey
	boot     int64
	sequence uint64
}

// served is what Current returns.
type served struct {
	template *mining.Template
	err      error
	node     PublicKey
	at       time.Duration // when the template came
	tip      bc.Hash       // what it builds on; or did before, where the node is there and has none for a moment
}

// feedNode is what is known of a node.
type feedNode struct {
	key      PublicKey
	news     time.Duration // when it was last heard of
	heard    bool
	boot     int64
	sequence uint64 // of its newest work
	split    bool
	owners   map[string]string
	template *mining.Template
	came     time.Duration
	why      string // why it has no work
	lags     time.Duration
	parts    *parts
	newest   news
}

// news is when something was sent: in which run of the node, with or behind which work, and at what time by
// its clock, in Unix milliseconds.
type news struct {
	boot     int64
	sequence uint64
	at       int64
}

// after reports whether news is later than other. The clock counts between two works alone: it can be set
// back, which must not make all that comes an hour long a recording.
func (n news) after(o news) bool {
	if n.boot != o.boot || n.sequence != o.sequence {
		return older(o.boot, o.sequence, n.boot, n.sequence)
	}
	return n.at > o.at
}

// NewFeed returns a Feed that has heard of nothing yet.
func NewFeed(cfg FeedConfig) *Feed {
	fill := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	fill(&cfg.Quiet, 10*time.Second)
	fill(&cfg.Silent, 30*time.Second)
	fill(&cfg.MaxAge, 2*time.Minute)
	if cfg.Settings == nil {
		cfg.Settings = func(PublicKey, bool, map[string]string) {}
	}
	if cfg.Clock == nil {
		start := time.Now()
		cfg.Clock = func() time.Duration { return time.Since(start) }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	f := &Feed{
		cfg: cfg, log: cfg.Log, tip: make(chan struct{}), subs: make(map[chan *mining.Template]struct{}),
		sequence: uint64(rand.Uint32()), refused: newTellings(mostOwn), strange: newTellings(mostStrange),
	}
	for _, key := range cfg.Nodes {
		f.nodes = append(f.nodes, &feedNode{key: key})
	}
	f.current.Store(&served{err: fmt.Errorf("%w: no news of the node yet", mining.ErrNotReady)})
	return f
}

// Run looks after the age of the news until ctx ends, and returns its error.
func (f *Feed) Run(ctx context.Context) error {
	each := time.NewTicker(500 * time.Millisecond)
	defer each.Stop()
	for {
		select {
		case <-each.C:
			f.mu.Lock()
			f.choose()
			f.mu.Unlock()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// node is what is known of a node; nil of a stranger. The caller holds mu.
func (f *Feed) node(key PublicKey) *feedNode {
	for _, n := range f.nodes {
		if n.key == key {
			return n
		}
	}
	return nil
}

// older reports whether the first pair is of before the second.
func older(boot int64, sequence uint64, thanBoot int64, thanSequence uint64) bool {
	return boot < thanBoot || boot == thanBoot && sequence < thanSequence
}

// Work takes a node's newest work. The error says why it is not served.
func (f *Feed) Work(from PublicKey, w *Work) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.node(from)
	if n == nil {
		return fmt.Errorf("work of %s: expected one of this front's nodes", from)
	}
	if older(w.Boot, w.Sequence, n.boot, n.sequence) {
		f.tellOlder(n, w.Boot)
		return nil // On the way for too long, or somebody's who has kept it.
	}
	again := n.boot == w.Boot && n.sequence == w.Sequence && n.heard && (n.template != nil || w.Parts == nil)
	f.heard(n, news{w.Boot, w.Sequence, w.At})
	if again {
		return nil
	}
	n.boot, n.sequence, n.split, n.owners, n.template, n.why = w.Boot, w.Sequence, w.Split, w.Owners, nil, w.Why
	var err error
	if w.Parts != nil {
		var t *mining.Template
		if t, err = f.template(n, w); err == nil {
			n.template, n.came = t, f.cfg.Clock()
		} else {
			n.why = err.Error()
			f.refuse(from, err)
		}
	}
	f.choose()
	if f.current.Load().template == nil {
		f.use(n)
	}
	return err
}

// use has the settings taken that came with a node's work. The caller holds mu.
func (f *Feed) use(n *feedNode) {
	if now := (settled{n.key, n.boot, n.sequence}); f.used != now {
		f.used = now
		f.cfg.Settings(n.key, n.split, n.owners)
	}
}

// tellOlder says why a node that sends something is not heard of: recordings are passed over, but a node can
// be of an earlier start than before, too. The caller holds mu.
func (f *Feed) tellOlder(n *feedNode, boot int64) {
	if boot < n.boot && f.cfg.Clock()-n.news >= f.cfg.Quiet {
		f.refuse(n.key, errEarlierStart)
	}
}

var errEarlierStart = errors.New("it is of an earlier start of the node than what came before, and so may be a recording: if the node's home was put back from a copy, start this front again")

// Beat takes a sign of life. It returns whether the node has newer work than has come.
func (f *Feed) Beat(from PublicKey, b *Beat) (missing bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.node(from)
	if n == nil {
		return false
	}
	if b.Boot < n.boot {
		f.tellOlder(n, b.Boot)
		return false
	}
	f.heard(n, news{b.Boot, b.Sequence, b.At})
	f.choose()
	return older(n.boot, n.sequence, b.Boot, b.Sequence) || n.template == nil && n.why != ""
}

// heard notes news of a node. What was sent before its latest news, and is seen only now, says nothing of
// now.
func (f *Feed) heard(n *feedNode, sent news) {
	if n.heard && !sent.after(n.newest) {
		return
	}
	n.heard, n.news, n.newest = true, f.cfg.Clock(), sent
}

// refuse logs why work is not served, once a minute for each reason. The caller holds mu.
func (f *Feed) refuse(from PublicKey, err error) {
	if f.refused.worth(from.String()+err.Error(), time.Now()) {
		f.log.Warn("a node's work is not served", "node", from.String(), "error", err)
	}
}

// serve makes something current, and sends it to the subscribers. The caller holds mu.
func (f *Feed) serve(s *served) {
	old := f.current.Load()
	if old.template == s.template && (s.template != nil || old.err.Error() == s.err.Error()) {
		return
	}
	if s.template != nil && old.template != nil && old.node != s.node {
		f.log.Warn("the work of another node is served", "node", s.node.String(), "before", old.node.String(), "height", s.template.Height)
	}
	f.current.Store(s)
	if s.template != nil && (old.template == nil || old.template.Tip.Hash != s.template.Tip.Hash) {
		close(f.tip)
		f.tip = make(chan struct{})
	}
	for c := range f.subs {
		select {
		case <-c: // Nobody read it, and now nobody needs to.
		default:
		}
		c <- s.template
	}
}

// Subscribe is as mining.Generator's.
func (f *Feed) Subscribe() (templates <-chan *mining.Template, cancel func()) {
	c := make(chan *mining.Template, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.subs[c] = struct{}{}
	if t := f.current.Load().template; t != nil {
		c <- t
	}
	return c, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.subs, c)
	}
}

// Current is the newest template, or an error that says why there is none.
func (f *Feed) Current() (*mining.Template, error) {
	s := f.current.Load()
	return s.template, s.err
}

// State is what a job of a template is worth now.
func (f *Feed) State(t *mining.Template) mining.JobState {
	s := f.current.Load()
	switch {
	case s.template == t:
		return mining.Active
	case s.tip != t.Tip.Hash:
		return mining.Stale
	}
	return mining.Past
}

// Force does nothing: a node has its own reasons for a new template.
func (f *Feed) Force() {}

// Now is the clock of the node whose work is served, so that a front's own may be wrong.
func (f *Feed) Now() time.Time {
	s := f.current.Load()
	if s.template == nil {
		return time.Now()
	}
	return time.Unix(int64(s.template.Timestamp), 0).Add(f.cfg.Clock() - s.at)
}

// Tip is what the work that is served builds on; zero where there was none yet.
func (f *Feed) Tip() mining.Tip {
	if t := f.current.Load().template; t != nil {
		return t.Tip
	}
	return mining.Tip{}
}

// NodeNews is what a Feed knows of a node.
type NodeNews struct {
	Key PublicKey
	// Heard tells whether there was ever news of it, Ago is how long ago the latest came.
	Heard bool
	Ago   time.Duration
	// Height is that of its work's block, 0 without work, and Why why it has none.
	Height uint64
	Why    string
	// Served tells whether rigs have its work.
	Served bool
}

// News is what is known of each node, in the order of the configuration.
func (f *Feed) News() []NodeNews {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, now := f.current.Load(), f.cfg.Clock()
	all := make([]NodeNews, 0, len(f.nodes))
	for _, n := range f.nodes {
		news := NodeNews{Key: n.key, Heard: n.heard, Why: n.why, Served: s.template != nil && s.node == n.key}
		if n.heard {
			news.Ago = now - n.news
		}
		if n.template != nil {
			news.Height = n.template.Height
		}
		all = append(all, news)
	}
	return all
}

// Refuse logs why a message to a node's fronts is not taken, of which it is not known who sent it.
func (f *Feed) Refuse(node PublicKey, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.strange.worth(err.Error(), time.Now()) {
		f.log.Warn("a message to this node's fronts is refused", "node", node.String(), "error", err)
	}
}
