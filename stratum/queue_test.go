package stratum

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// misses reports whether a hash is no block of a job.
func misses(j *wire.Job) func([32]byte) bool {
	return func(hash [32]byte) bool { return !isBlock(j)(hash) }
}

// flood sends shares of a rig's job as fast as they are read, none of them a block, and
// takes the job's place where there is a new one.
func flood(r *testRig) {
	job, jobs := r.job, make(chan wire.Job, 1)
	go func() {
		for line := range r.lines {
			before := r.job.ID
			if r.note(line); r.job.ID != before {
				select {
				case <-jobs:
				default:
				}
				jobs <- r.job
			}
		}
	}()
	for nonce := uint64(0); ; nonce++ {
		select {
		case job = <-jobs:
			nonce = 0
		default:
		}
		nonce = find(&job, 1<<20+nonce, misses(&job)) - job.Nonce - 1<<20
		if _, err := fmt.Fprintf(r.conn, `{"method":"submit","params":{"job_id":"%s","nonce":"%016x"},"id":1}`+"\n", job.ID, job.Nonce+1<<20+nonce); err != nil {
			return
		}
	}
}

// TestAFloodOfLikelyBlocks: on a network where every share may be a block, twenty rigs
// send nothing but shares that are none. They are hashed at the budget's rate, and a
// rig at its pace has each of its blocks on the chain at once.
func TestAFloodOfLikelyBlocks(t *testing.T) {
	const budget, flooders, blocks = 5, 20, 10
	crowded := func(f *front, cfg *Config) { f.backend.took, cfg.Budget = 10*time.Millisecond, budget }
	inBubble(t, easyBits, crowded, func(t *testing.T, f *front) {
		r := f.dial().login("quiet.1+1")
		defer r.close()
		began, before := time.Now(), f.backend.hashes.Load()
		for i := range flooders {
			flooder := f.dial().login(fmt.Sprint("flood.", i, "+1"))
			defer flooder.close()
			go flood(flooder)
		}
		time.Sleep(20 * time.Second)
		for n := range blocks {
			time.Sleep(5 * time.Second)
			for len(r.lines) > 0 {
				r.message()
			}
			j, sent := r.job, time.Now()
			if err := r.submit(j.ID, wire.FormatNonce(find(&j, uint64(n)<<10, isBlock(&j)))); err != nil {
				t.Error(err)
			}
			if p, _ := f.chain.blocks(); p != n+1 {
				t.Errorf("%d blocks, expected %d", p, n+1)
			}
			// A turn of somebody else's, the hash, and the gap before the reply.
			if took := time.Since(sent); n > 0 && took > time.Second/budget+200*time.Millisecond {
				t.Errorf("block %d took %v", n, took)
			}
		}
		hashes, most := f.backend.hashes.Load()-before, budget*time.Since(began).Seconds()+burst(budget)+advance(budget)+blocks
		if float64(hashes) > most || float64(hashes) < 0.8*budget*time.Since(began).Seconds() {
			t.Errorf("%d hashes in %v, expected at most %v, and nearly that", hashes, time.Since(began), most)
		}
	})
}

// TestNoRivalOfOurBlockIsHashed: what a rig sends for a tip that our block has replaced is
// refused as stale, and costs no hash, be it a block or not. Where a peer's block replaced the
// tip, it may still win.
func TestNoRivalOfOurBlockIsHashed(t *testing.T) {
	inBubble(t, easyBits, nil, func(t *testing.T, f *front) {
		a, b := f.dial().login("a.1"), f.dial().login("b.1")
		defer a.close()
		defer b.close()
		old := b.job
		if err := a.submit(a.job.ID, wire.FormatNonce(find(&a.job, 0, isBlock(&a.job)))); err != nil {
			t.Fatal(err)
		}
		before := f.backend.hashes.Load()
		late := func(test func([32]byte) bool) {
			t.Helper()
			if err := b.submit(old.ID, wire.FormatNonce(find(&old, 0, test))); code(err) != wire.CodeJobNotFound {
				t.Errorf("told %v", err)
			}
			time.Sleep(time.Second)
		}
		late(isBlock(&old))
		late(misses(&old))
		if hashed := f.backend.hashes.Load() - before; hashed != 0 {
			t.Errorf("%d hashes", hashed)
		}
		f.expectBlocks(t, 1)

		for b.job.Height != 12 {
			b.message()
		}
		old = b.job
		f.connect(9)
		time.Sleep(time.Second)
		late(isBlock(&old))
		f.expectBlocks(t, 2)
	})
}

// TestQueueKeepsToItsBudget has sessions add shares at random, likely blocks and others,
// on tips that come and go. What is taken stays below the bound that the queue gives,
// and all that was added is taken in the end, or refused as too late.
func TestQueueKeepsToItsBudget(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 8))
		rate := spread(random, 0.1, 50)
		now := time.Unix(1e9, 0)
		began, tip := now, byte(0)
		q := newQueue(rate, now, func(t *mining.Template) bool { return t.Tip.Hash != bc.NewHash([32]byte{tip}) })
		template := func(easy bool) *mining.Template {
			bits := uint64(hardBits)
			if easy {
				bits = easyBits
			}
			return &mining.Template{Tip: mining.Tip{Hash: bc.NewHash([32]byte{tip})}, Target: mining.TargetFromBits(bits)}
		}
		templates := [2]*mining.Template{template(true), template(false)}
		sessions := make([]*session, 1+random.IntN(30))
		for i := range sessions {
			sessions[i] = &session{}
		}
		added, taken, refused, given := 0, 0, 0, 0
		take := func() bool {
			s, ok, wait := q.take(now)
			refused += len(q.takeLate())
			if !ok {
				if wait <= 0 && q.length() > 0 {
					t.Fatalf("seed %d: %d shares, and nothing to wait for", seed, q.length())
				}
				return false
			}
			taken++
			if most := rate*now.Sub(began).Seconds() + burst(rate) + advance(rate) + float64(given); float64(taken) > most+1e-6 {
				t.Fatalf("seed %d: %d taken after %v, expected at most %v", seed, taken, now.Sub(began), most)
			}
			if urgent := s.job.template == templates[0]; urgent && random.IntN(20) == 0 {
				tip++
				templates = [2]*mining.Template{template(true), template(false)}
				q.charge(-1)
				given++
			}
			return true
		}
		for range 1000 {
			now = now.Add(time.Duration(random.IntN(100)) * time.Millisecond)
			for range random.IntN(20) {
				if q.add(share{session: sessions[random.IntN(len(sessions))], job: sentJob{template: templates[random.IntN(2)], target: wire.TargetFor(1)}}) {
					added++
				}
			}
			for range random.IntN(20) {
				if !take() {
					break
				}
			}
		}
		for q.length() > 0 {
			if now = now.Add(time.Second); now.Sub(began) > 30*24*time.Hour {
				t.Fatalf("seed %d: %d shares are never taken", seed, q.length())
			}
			for take() {
				continue
			}
		}
		if taken+refused != added || len(q.urgent.round)+len(q.normal.round) > 0 {
			t.Errorf("seed %d: %d taken and %d refused of %d", seed, taken, refused, added)
		}
	}
}

// bounded is a queue, and shares of a session of its own each time. Likely ones are of an
// easy chain.
func bounded(rate float64, now time.Time) (*queue, func(s *session, likely bool) share) {
	q := newQueue(rate, now, func(*mining.Template) bool { return false })
	job := func(bits uint64) sentJob {
		t := &mining.Template{Tip: mining.Tip{Hash: bc.NewHash([32]byte{1})}, Target: mining.TargetFromBits(bits)}
		return sentJob{template: t, target: wire.TargetFor(1)}
	}
	easy, hard := job(easyBits), job(hardBits)
	return q, func(s *session, likely bool) share {
		if likely {
			return share{session: s, job: easy}
		}
		return share{session: s, job: hard}
	}
}

// TestPlacesOfASession: so many shares of a rig may wait, four times as many likely blocks,
// and neither takes the other's places.
func TestPlacesOfASession(t *testing.T) {
	q, make := bounded(0, time.Now())
	s, other := &session{}, &session{}
	for _, c := range []struct {
		likely bool
		want   int
	}{{false, 16}, {true, 64}} {
		added := 0
		for range 100 {
			if q.add(make(s, c.likely)) {
				added++
			}
		}
		if added != c.want || !q.add(make(other, c.likely)) {
			t.Errorf("likely blocks %v: %d places, expected %d, and more for others", c.likely, added, c.want)
		}
	}
}

// TestABudgetIsSavedForTwoSeconds, however long nobody sends anything, and whatever is
// given back.
func TestABudgetIsSavedForTwoSeconds(t *testing.T) {
	const rate = 10
	start := time.Unix(1e9, 0)
	for _, c := range []struct {
		likely bool
		want   int // the savings, and for likely blocks as much in advance
	}{{false, 2 * rate}, {true, 4 * rate}} {
		for name, idle := range map[string]func(*queue) time.Time{
			"nothing for an hour": func(*queue) time.Time { return start.Add(time.Hour) },
			"blocks that were given back": func(q *queue) time.Time {
				for range 100 {
					q.charge(-1)
				}
				return start
			},
			"a hash that was not planned, long ago": func(q *queue) time.Time {
				q.charge(5)
				return start.Add(time.Minute)
			},
		} {
			q, make := bounded(rate, start)
			for range 10 {
				s := &session{}
				for range mostWaiting {
					q.add(make(s, c.likely))
				}
			}
			now, taken := idle(q), 0
			for range 2 * 4 * rate {
				if _, ok, _ := q.take(now); ok {
					taken++
				}
			}
			if taken != c.want {
				t.Errorf("likely blocks %v, %s: %d hashes at once, expected %d", c.likely, name, taken, c.want)
			}
		}
	}
}
