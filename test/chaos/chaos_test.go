package chaos_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The environment of a campaign.
const (
	durationVariable = "BYTOM_SOLO_CHAOS"      // how long faults come: 10m
	seedVariable     = "BYTOM_SOLO_CHAOS_SEED" // which ones: that of an earlier campaign
	kindsVariable    = "BYTOM_SOLO_CHAOS_ONLY" // of these kinds alone: kill,partition
	keepVariable     = "BYTOM_SOLO_CHAOS_KEEP" // an empty folder for homes and logs, where the test fails
)

// scale is how much there is of all.
type scale struct {
	lasts   time.Duration
	stock   bool // two of the nodes are stock ones
	fronts  int
	premine int           // blocks that are there at the beginning
	rate    float64       // hashes a second of each rig
	gap     time.Duration // between two faults, at most
	tend    time.Duration // between two looks at a link
}

const (
	// longFrom is from when on a campaign has the long form.
	longFrom = 20 * time.Second
	// otherwise is how long faults come where nobody says so, as in make test: all takes some two minutes.
	otherwise = "20s"
)

// brief is the form of a look; long is that of make chaos. Both cross a seed, and the
// long one a retarget as well, which comes at 2,016.
var (
	brief = scale{fronts: 1, premine: 245, rate: 4, gap: time.Second, tend: time.Second}
	long  = scale{stock: true, fronts: 2, premine: 1980, rate: 6, gap: 4 * time.Second, tend: time.Second}
)

// campaign is a world to which faults come.
type campaign struct {
	*world
	kinds   []fault
	busy    map[string]bool
	running []*act
	counts  map[string]int
	// unwritten is for how long what a process had in memory alone was lost, in all.
	unwritten map[string]time.Duration
	// readOnly are the times at which processes' disks failed, and were repaired.
	readOnly map[string][]time.Time
	// stranded is what owners wait for in payments that can't be mined, see harness.Stranded.
	stranded map[string]uint64
	began    time.Time
}

// failed reports whether a process's disk was a failed one at a time.
func (c *campaign) failed(name string, at time.Time) bool {
	all := c.readOnly[name]
	for i, t := range all {
		if at.Before(t) {
			return i%2 == 1
		}
	}
	return len(all)%2 == 1
}

func (c *campaign) note(format string, args ...any) {
	c.t.Logf("%6.1f s: %s", time.Since(c.began).Seconds(), fmt.Sprintf(format, args...))
}

func (c *campaign) anyBusy(names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return c.busy[n] })
}

// draw begins a fault, unless nobody is free for the kind that comes up.
func (c *campaign) draw() {
	sum := 0
	for _, f := range c.kinds {
		sum += f.weight
	}
	at := c.random.IntN(sum)
	for _, f := range c.kinds {
		if at -= f.weight; at >= 0 {
			continue
		}
		a := f.draw(c)
		if a == nil || c.anyBusy(a.uses) {
			return
		}
		for _, u := range a.uses {
			c.busy[u] = true
		}
		c.counts[f.name]++
		hold := time.Duration(c.random.Int64N(int64(min(a.hold, c.scale.lasts/3))))
		c.note("%s: %s, for %.1f s", f.name, a.what, hold.Seconds())
		a.do()
		a.hold = time.Since(c.began) + hold
		c.running = append(c.running, a)
		return
	}
}

// end takes back the faults whose time is over; with all, every one.
func (c *campaign) end(all bool) {
	c.running = slices.DeleteFunc(c.running, func(a *act) bool {
		if !all && time.Since(c.began) < a.hold {
			return false
		}
		a.undo()
		for _, u := range a.uses {
			delete(c.busy, u)
		}
		return true
	})
}

// checkAlive fails the test where a process has ended by itself. A stock node that has is started again:
// two orphans of one parent end it when that comes (docs/design/chain-gate.md), as do full disks.
func (c *campaign) checkAlive() {
	c.t.Helper()
	for _, p := range c.all {
		if !c.busy[p.name] && !p.Running() {
			log := p.Log()
			if p.stock {
				c.note("%s has ended by itself, and is started again", p.name)
				c.counts["stock nodes' own ends"]++
				p.Launch()
				continue
			}
			c.t.Fatalf("%s has ended by itself: %s", p.name, log[max(0, len(log)-4000):])
		}
	}
}

// kinds are those that may come.
func kinds(t *testing.T) []fault {
	t.Helper()
	only := os.Getenv(kindsVariable)
	if only == "" {
		return faults
	}
	var some []fault
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(faults, func(f fault) bool { return f.name == name })
		if i < 0 {
			t.Fatalf("%s: there is no fault %q", kindsVariable, name)
		}
		some = append(some, faults[i])
	}
	return some
}

// run has faults come for as long as the campaign lasts.
func (c *campaign) run() {
	c.t.Helper()
	next, looked := time.Now(), time.Now()
	for time.Since(c.began) < c.scale.lasts {
		time.Sleep(50 * time.Millisecond)
		c.end(false)
		c.checkAlive()
		if time.Since(looked) > 2*time.Second {
			looked = time.Now()
			c.look()
		}
		if time.Now().After(next) {
			c.draw()
			next = time.Now().Add(time.Duration(c.random.Int64N(int64(c.scale.gap))))
		}
	}
	c.end(true)
	c.note("all is healed")
}

// TestChaos has faults come to a network, and then holds it to what has to be: one tip, no solution
// lost, nothing left in journals and outboxes, books that are right, counters that agree, and no
// more memory than before. Faults come for as long as BYTOM_SOLO_CHAOS says, or a moment.
func TestChaos(t *testing.T) {
	s, seed := brief, rand.Uint64()
	text := cmp.Or(os.Getenv(durationVariable), otherwise)
	lasts, err := time.ParseDuration(text)
	if err != nil || lasts < time.Second {
		t.Fatalf("%s: value %q: expected a duration of a second or more, as in 10m", durationVariable, text)
	}
	if lasts >= longFrom {
		s = long
	}
	s.lasts = lasts
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: value %q: expected a number", seedVariable, text)
		}
	}
	t.Logf("seed %d: %s=%d draws the same faults", seed, seedVariable, seed)
	random := rand.New(rand.NewPCG(seed, 5))
	c := &campaign{world: newWorld(t, s, random), kinds: kinds(t), busy: make(map[string]bool), counts: make(map[string]int), unwritten: make(map[string]time.Duration), readOnly: make(map[string][]time.Time), began: time.Now()}
	c.rehearse()
	c.began = time.Now()
	c.run()
	c.check()
	var drawn []string
	for _, name := range slices.Sorted(maps.Keys(c.counts)) {
		drawn = append(drawn, fmt.Sprintf("%d × %s", c.counts[name], name))
	}
	t.Logf("faults: %s", strings.Join(drawn, ", "))
}
