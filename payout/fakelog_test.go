package payout

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"
)

// fakeLog is a log of shares in memory.
type fakeLog struct {
	mu     sync.Mutex
	id     string
	first  uint64 // shares below are pruned
	shares []Share
	solved map[string]uint64
	kept   uint64
	// flushing is called by Flush.
	flushing func()
}

func newLog(id string) *fakeLog {
	return &fakeLog{id: id, solved: make(map[string]uint64), flushing: func() {}}
}

// add logs a share, and returns its number.
func (l *fakeLog) add(at time.Time, owner string, work uint64, policy uint32) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := uint64(len(l.shares))
	l.shares = append(l.shares, Share{n, at.UTC().Truncate(time.Millisecond), owner, work, policy})
	return n
}

func (l *fakeLog) ID() string { return l.id }

func (l *fakeLog) Flush() error {
	l.flushing()
	return nil
}

func (l *fakeLog) Keep(from uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = from
}

func (l *fakeLog) Solved(block string) (uint64, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, ok := l.solved[block]
	return n, ok, nil
}

func (l *fakeLog) all() []Share {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shares[l.first:]
}

func (l *fakeLog) SharesBefore(sequence uint64, visit func(Share) bool) error {
	for _, s := range slices.Backward(l.all()) {
		if s.Sequence <= sequence && !visit(s) {
			break
		}
	}
	return nil
}

func (l *fakeLog) SharesFrom(sequence uint64, visit func(Share) bool) error {
	for _, s := range l.all() {
		if s.Sequence >= sequence && !visit(s) {
			break
		}
	}
	return nil
}

// pool is rigs, a chain and the books of their payouts.
type pool struct {
	t          testing.TB
	chain      *fakeChain
	log        *fakeLog
	books      *Books
	settler    *Settler
	candidates []Candidate
	now        time.Time
}

func newPool(t testing.TB, policies ...Policy) *pool {
	p := &pool{t: t, chain: newChain(t), log: newLog("one"), now: time.Now().Add(-time.Hour)}
	p.open(pathIn(t))
	p.books.now = func() time.Time { return p.now } // Policies are older than shares.
	for _, policy := range policies {
		_, err := p.books.SetPolicy(policy)
		must(t, err)
	}
	return p
}

func (p *pool) open(path string) {
	p.books = open(p.t, path)
	p.settler = NewSettler(p.books, p.log, p.chain, func() ([]Candidate, error) { return p.candidates, nil })
}

// share has an owner's rig send a share.
func (p *pool) share(owner string, work uint64, policy uint32) uint64 {
	p.now = p.now.Add(time.Second)
	return p.log.add(p.now, owner, work, policy)
}

// found has the last share of the log make a block, which gets on the chain. It is logged
// that it did, or not.
func (p *pool) found(logged bool) *types.Block {
	b := p.chain.mine(program(1))
	last := p.log.shares[len(p.log.shares)-1]
	p.candidates = append(p.candidates, Candidate{Hash: b.Hash(), Height: b.Height, At: p.now, Finder: "rig", Owner: last.Owner, Work: last.Work})
	if logged {
		hash := b.Hash()
		p.log.solved[hash.String()] = last.Sequence
	}
	return b
}

func (p *pool) step() {
	p.t.Helper()
	p.settler.folded = time.Time{}
	if _, err := p.settler.Step(); err != nil {
		p.t.Fatal(err)
	}
}

// amounts are what a block pays each owner.
func (p *pool) amounts(b *types.Block) map[string]uint64 {
	p.t.Helper()
	m := p.manifest(b)
	all := make(map[string]uint64)
	for _, part := range m.Parts {
		all[part.Owner] = part.Amount
	}
	return all
}

func (p *pool) manifest(b *types.Block) *Manifest {
	p.t.Helper()
	m, err := p.books.Manifest(b.Hash())
	if err != nil || m == nil {
		p.t.Fatalf("block %d has no manifest: %v", b.Height, err)
	}
	return m
}

// verified is a verification that finds nothing wrong.
func (p *pool) verified() Report {
	p.t.Helper()
	r, err := p.books.Verify(p.t.Context(), p.log, p.chain)
	must(p.t, err)
	for _, problem := range r.Problems {
		p.t.Error(problem)
	}
	return r
}
