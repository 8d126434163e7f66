package compute

import (
	"context"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// resultsKept is how many results a Verifier remembers: more than the solutions
// that can be on their way at a time.
const resultsKept = 1024

// spreadMost is how many Hashers at most share a hash. A CPU's core is left with
// two or three milliseconds of work then; more of them would gain little.
const spreadMost = 16

// Verifier computes single hashes for many goroutines, each with the seed that
// its header happens to need. At most as many run at a time as the backend has
// workers; the others wait. Hashers are kept for the seeds used most recently.
//
// Where the backend can share a hash among cores, one that finds workers idle
// takes them all, as somebody is waiting for it: a peer for a block, a rig for its
// verdict. It never waits for them, so that many hashes at a time get a worker
// each, which makes as many a second.
//
// It remembers its latest results: a solution is verified where it comes in and
// again where its block enters the chain, and costs one hash all the same.
// Safe for concurrent use.
type Verifier struct {
	backend Backend
	slots   chan struct{} // a token for every Hasher at work
	closing chan struct{}
	close   func()
	results *lru.Cache[proofKey, [32]byte]

	mu   sync.Mutex
	idle *simplelru.LRU[[32]byte, []Hasher] // nil after Close
}

type proofKey struct{ header, seed [32]byte }

// NewVerifier returns a Verifier on a backend, which it does not close.
func NewVerifier(b Backend) *Verifier {
	idle, err := simplelru.NewLRU[[32]byte](SeedsKept, func(_ [32]byte, hs []Hasher) { closeAll(hs) })
	if err != nil {
		panic(err) // only a size below 1 is refused
	}
	results, err := lru.New[proofKey, [32]byte](resultsKept)
	if err != nil {
		panic(err) // as above
	}
	v := &Verifier{
		backend: b,
		slots:   make(chan struct{}, max(1, b.Info().Workers)),
		closing: make(chan struct{}),
		idle:    idle,
		results: results,
	}
	v.close = sync.OnceFunc(v.shutDown)
	return v
}

// Hash returns Tensority(header, seed). It returns ctx's error if ctx ends
// first, ErrClosed after Close, or the backend's error.
func (v *Verifier) Hash(ctx context.Context, header, seed [32]byte) ([32]byte, error) {
	key := proofKey{header, seed}
	if result, ok := v.results.Get(key); ok {
		return result, nil
	}
	select {
	case v.slots <- struct{}{}:
		defer func() { <-v.slots }()
	case <-v.closing:
		return [32]byte{}, ErrClosed
	case <-ctx.Done():
		return [32]byte{}, ctx.Err()
	}

	h, err := v.take(ctx, seed)
	if err != nil {
		return [32]byte{}, err
	}
	helpers := v.recruit(ctx, h, seed)
	result, err := hashWith(ctx, h, helpers, header)
	v.dismiss(helpers, seed, err)
	if err != nil {
		h.Close() // what state an error leaves a Hasher in is its own affair
		return [32]byte{}, err
	}
	v.put(seed, h)
	v.results.Add(key, result)
	return result, nil
}

// recruit finds Hashers to share h's next hash with, one for each slot that is
// idle, if h can share.
func (v *Verifier) recruit(ctx context.Context, h Hasher, seed [32]byte) []Hasher {
	if _, ok := h.(spreader); !ok {
		return nil
	}
	var helpers []Hasher
	for 1+len(helpers) < spreadMost {
		select {
		case v.slots <- struct{}{}:
		default:
			return helpers
		}
		helper, err := v.take(ctx, seed)
		if err != nil { // then the hash does without
			<-v.slots
			return helpers
		}
		helpers = append(helpers, helper)
	}
	return helpers
}

// dismiss gives back what recruit has taken. err is how the hash ended.
func (v *Verifier) dismiss(helpers []Hasher, seed [32]byte, err error) {
	for _, helper := range helpers {
		if err != nil {
			helper.Close()
		} else {
			v.put(seed, helper)
		}
		<-v.slots
	}
}

// hashWith computes one hash with h and the helpers, which there are none of if h
// is not a spreader. Alone it goes the way that miners go, which is a little faster.
func hashWith(ctx context.Context, h Hasher, helpers []Hasher, header [32]byte) ([32]byte, error) {
	if len(helpers) > 0 {
		return h.(spreader).Spread(ctx, header, helpers)
	}
	var result [1][32]byte
	err := h.Hash(ctx, result[:], [][32]byte{header})
	return result[0], err
}

// Close waits for the hashes under way and frees all Hashers. It may be called
// more than once, and must be called before the backend is closed.
func (v *Verifier) Close() { v.close() }

func (v *Verifier) shutDown() {
	close(v.closing)
	for range cap(v.slots) {
		v.slots <- struct{}{} // never given back: nothing starts from here on
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.idle.Purge()
	v.idle = nil
}

// take finds an idle Hasher of the seed or makes one.
func (v *Verifier) take(ctx context.Context, seed [32]byte) (Hasher, error) {
	v.mu.Lock()
	if hs, _ := v.idle.Get(seed); len(hs) > 0 {
		h := hs[len(hs)-1]
		v.idle.Add(seed, hs[:len(hs)-1])
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
	hs, _ := v.idle.Get(seed)
	v.idle.Add(seed, append(hs, h))
}

func closeAll(hs []Hasher) {
	for _, h := range hs {
		h.Close()
	}
}
