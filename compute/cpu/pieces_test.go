package cpu

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// coreWork has a core do pieces, each for as long as pause says on top of a millisecond,
// until none are left. added counts how often each was added.
func coreWork(t *testing.T, p *pieces, added []int, pause func() time.Duration) (last bool) {
	for {
		n, wait, ok := p.take()
		switch {
		case !ok:
			return last
		case wait > 0:
			time.Sleep(wait)
		default:
			start := time.Now()
			time.Sleep(time.Millisecond + pause())
			if p.finish(n, time.Since(start), func() { added[n]++ }) {
				if last {
					t.Error("two pieces were the last")
				}
				last = true
			}
		}
	}
}

func steady() time.Duration { return 0 }

// TestNobodyWaitsForACoreThatIsAway: one of two cores stops for a second in the middle of
// a piece. The other one does the rest, and that piece when it is overdue.
func TestNobodyWaitsForACoreThatIsAway(t *testing.T) {
	for turn := range 16 {
		synctest.Test(t, func(t *testing.T) {
			p, added := newPieces(32), make([]int, 32)
			var cores sync.WaitGroup
			var lasts [2]bool
			cores.Go(func() {
				var turns int
				lasts[0] = coreWork(t, p, added, func() time.Duration {
					if turns++; turns == turn+1 {
						return time.Second
					}
					return 0
				})
			})
			start := time.Now()
			lasts[1] = coreWork(t, p, added, steady)
			if took := time.Since(start); took > time.Duration(32-turn+1)*time.Millisecond {
				t.Errorf("a core away from its turn %d on: the other one ended after %v", turn, took)
			}
			cores.Wait()
			checkAdded(t, added, lasts[:])
		})
	}
}

// TestPiecesAreAddedOnce has up to 40 cores that are away at random.
func TestPiecesAreAddedOnce(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			p := newPieces(16 << random.IntN(2))
			added := make([]int, len(p.all))
			lasts := make([]bool, 1+random.IntN(40))
			var mu sync.Mutex
			pause := func() time.Duration {
				mu.Lock()
				defer mu.Unlock()
				return time.Duration(max(0, random.NormFloat64()) * float64(3*time.Millisecond))
			}
			var cores sync.WaitGroup
			for i := range lasts {
				cores.Go(func() { lasts[i] = coreWork(t, p, added, pause) })
			}
			cores.Wait()
			checkAdded(t, added, lasts)
		})
	}
}

func checkAdded(t *testing.T, added []int, lasts []bool) {
	t.Helper()
	for n, times := range added {
		if times != 1 {
			t.Errorf("piece %d was added %d times", n, times)
		}
	}
	count := 0
	for _, last := range lasts {
		if last {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d cores were told that they were the last", count)
	}
}

// TestNothingIsDoneTwiceInVain: cores of equal speed take each piece once.
func TestNothingIsDoneTwiceInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, added := newPieces(32), make([]int, 32)
		var taken [3]int
		var cores sync.WaitGroup
		for i := range taken {
			cores.Go(func() {
				coreWork(t, p, added, func() time.Duration { taken[i]++; return 0 })
			})
		}
		cores.Wait()
		if sum := taken[0] + taken[1] + taken[2]; sum != 32 {
			t.Errorf("%d pieces were done of 32", sum)
		}
	})
}
