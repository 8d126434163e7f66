package compute

import (
	"context"
	"sync"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// resultsKept is how many results a Verifier remembers: more than the solutions
// that can be on their way at a time.
const resultsKept = 1024

// SpreadMost is how many Hashers at most share a hash. A CPU's core is left with
// two or three milliseconds of work then; more of them would gain little.
const SpreadMost = 16

// Verifier computes single hashes for many goroutines, each with the seed that
// its header happens to need. At most as many run at a time as the backend has
// workers; the others wait. Hashers are kept for the seeds used most recently.
//
// Where the backend can share a hash among cores, one that finds workers idle
// takes them all, as somebody is waiting for it: a peer for a block, a rig for its
// verdict. It never waits for them, so that many hashes at a time get a worker
// each, and the rate stays the same. Nor does it wait for one that is away when the
// result is known: that one comes back in its own time.
//
// It remembers its latest results, and who asks for one that is being computed waits for
// it: a solution is verified where it comes in and again where its block enters the
// chain, and costs one hash all the same.
// Safe for concurrent use.
type Verifier struct {
	backend Backend
	idlers  chan int     // the numbers of the workers that have nothing to do
	hashes  atomic.Int32 // that somebody waits for, with a worker at least
	closing chan struct{}
	close   func()
	results *lru.Cache[proofKey, [32]byte]

	mu       sync.Mutex
	kept     *simplelru.LRU[[32]byte, []Hasher] // nil after Close
	underWay map[proofKey]chan struct{}         // closed when the result is there, or never will be
}

type proofKey struct{ header, seed [32]byte }

// NewVerifier returns a Verifier on a backend, which it does not close.
func NewVerifier(b Backend) *Verifier {
	kept, err := simplelru.NewLRU[[32]byte](SeedsKept, func(_ [32]byte, hs []Hasher) { closeAll(hs) })
	if err != nil {
		panic(err) // only a size below 1 is refused
	}
	results, err := lru.New[proofKey, [32]byte](resultsKept)
	if err != nil {
		panic(err) // as above
	}
	v := &Verifier{
		backend: b,
		idlers:  make(chan int, max(1, b.Info().Workers)),
		closing: make(chan struct{}),
		kept:    kept,
		results: results,

		underWay: make(map[proofKey]chan struct{}),
	}
	for n := range cap(v.idlers) {
		v.idlers <- n
	}
	v.close = sync.OnceFunc(v.shutDown)
	return v
}

// Hash returns Tensority(header, seed). It returns ctx's error if ctx ends
// first, ErrClosed after Close, or the backend's error.
func (v *Verifier) Hash(ctx context.Context, header, seed [32]byte) ([32]byte, error) {
	key := proofKey{header, seed}
	for {
		if result, ok := v.results.Get(key); ok {
			return result, nil
		}
		known, done := v.begin(key)
		if done != nil {
			defer done()
			return v.compute(ctx, key)
		}
		select {
		case <-known: // If that one failed, it is this one's turn.
		case <-ctx.Done():
			return [32]byte{}, ctx.Err()
		}
	}
}

// begin has the caller compute a hash, and call done after; or somebody else does so, until
// known is closed.
func (v *Verifier) begin(key proofKey) (known <-chan struct{}, done func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if known, ok := v.underWay[key]; ok {
		return known, nil
	}
	mine := make(chan struct{})
	v.underWay[key] = mine
	return nil, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.underWay, key)
		close(mine)
	}
}

// compute waits for a worker, and remembers the result.
func (v *Verifier) compute(ctx context.Context, key proofKey) ([32]byte, error) {
	var number int
	select {
	case number = <-v.idlers:
	case <-v.closing:
		return [32]byte{}, ErrClosed
	case <-ctx.Done():
		return [32]byte{}, ctx.Err()
	}
	only := v.hashes.Add(1) == 1
	defer v.hashes.Add(-1)
	first, err := v.lend(ctx, number, key.seed)
	if err != nil {
		return [32]byte{}, err
	}
	result, err := v.hashWith(ctx, first, key.header, key.seed, only)
	if err != nil {
		return [32]byte{}, err
	}
	v.results.Add(key, result)
	return result, nil
}

// lend turns an idle worker into one of a seed.
func (v *Verifier) lend(ctx context.Context, number int, seed [32]byte) (Worker, error) {
	h, err := v.take(ctx, seed)
	if err != nil {
		v.idlers <- number
		return Worker{}, err
	}
	return Worker{Hasher: h, Number: number, Idle: func(err error) {
		if err != nil {
			h.Close() // what state an error leaves a Hasher in is its own affair
		} else {
			v.put(seed, h)
		}
		v.idlers <- number
	}}, nil
}

// hashWith computes one hash, together with whoever is idle if the Hasher can share. If
// nobody is, it goes the way that miners go, which is a little faster; unless it is
// the only one: then those who are busy still are so with one that is over.
func (v *Verifier) hashWith(ctx context.Context, first Worker, header, seed [32]byte, only bool) ([32]byte, error) {
	s, ok := first.Hasher.(spreader)
	if ok && (len(v.idlers) > 0 || only && cap(v.idlers) > 1) {
		return s.Spread(ctx, header, first, v.recruiter(ctx, seed))
	}
	var result [1][32]byte
	err := first.Hash(ctx, result[:], [][32]byte{header})
	first.Idle(err)
	return result[0], err
}

// recruiter returns a function that finds an idle worker for a hash that has one.
func (v *Verifier) recruiter(ctx context.Context, seed [32]byte) func() (Worker, bool) {
	var recruited atomic.Int32
	return func() (Worker, bool) {
		if recruited.Load() >= SpreadMost-1 {
			return Worker{}, false
		}
		select {
		case number := <-v.idlers:
			recruited.Add(1)
			w, err := v.lend(ctx, number, seed)
			return w, err == nil // without it, the hash does with the others
		default:
			return Worker{}, false
		}
	}
}

// Close waits for the hashes under way and frees all Hashers. It may be called
// more than once, and must be called before the backend is closed.
func (v *Verifier) Close() { v.close() }

func (v *Verifier) shutDown() {
	close(v.closing)
	for range cap(v.idlers) {
		<-v.idlers // never given back: nothing starts from here on
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.kept.Purge()
	v.kept = nil
}

// take finds an idle Hasher of the seed or opens one.
func (v *Verifier) take(ctx context.Context, seed [32]byte) (Hasher, error) {
	v.mu.Lock()
	if hs, _ := v.kept.Get(seed); len(hs) > 0 {
		h := hs[len(hs)-1]
		v.kept.Add(seed, hs[:len(hs)-1])
		v.mu.Unlock()
		return h, nil
	}
	v.mu.Unlock()
	return v.backend.NewHasher(ctx, seed)
}

// put keeps a Hasher for the next hash of its seed, at the price of those of
// the seed that has not been asked for the longest.
func (v *Verifier) put(seed [32]byte, h Hasher) {
	v.mu.Lock()
	defer v.mu.Unlock()
	hs, _ := v.kept.Get(seed)
	v.kept.Add(seed, append(hs, h))
}

func closeAll(hs []Hasher) {
	for _, h := range hs {
		h.Close()
	}
}
