package chaos_test

import (
	"math/rand/v2"
	"time"
)

// onDisk draws a process that has a disk of its own, and does something to that.
func (c *campaign) onDisk(hold time.Duration, want func(p *process) bool, do, undo func(p *process) error) *act {
	p := c.free(func(p *process) bool { return p.disk != nil && want(p) })
	if p == nil {
		return nil
	}
	tell := func(f func(p *process) error) func() {
		return func() {
			if err := f(p); err != nil {
				c.t.Errorf("%s: %v", p.name, err)
			}
		}
	}
	return &act{what: p.name, uses: []string{p.name}, hold: hold, do: tell(do), undo: tell(undo)}
}

// atTheEnd is in what a process logs of found blocks that its journal did not take until it ended.
const atTheEnd = "in the journal"

// drawFull has a disk without room. A stock node may end for it, as one that is just starting does.
func drawFull(c *campaign) *act {
	return c.onDisk(12*time.Second, anybody, func(p *process) error {
		// What had room for its first half alone is damaged at the next start.
		p.Allow("the disk is full", "no space left on device", "the latest writes to a database were damaged", atTheEnd)
		return p.disk.fill()
	}, func(p *process) error {
		err := p.disk.clear()
		if p.stock && !p.Running() {
			p.Launch()
		}
		return err
	})
}

// ours are processes of this project: after such a failure a stock node can find its database without a
// manifest, and does not start (findings/goleveldb-manifest-sync.sh).
func ours(p *process) bool { return !p.stock }

func anybody(*process) bool { return true }

// drawReadOnly has a disk fail. It takes an operator to repair it, who kills the process, if it still
// runs, and starts it again.
func drawReadOnly(c *campaign) *act {
	const hold = 12 * time.Second
	return c.onDisk(hold, ours, func(p *process) error {
		c.unwritten[p.name] += inMemory + hold
		// bbolt can't map a file of such a disk, and LevelDB loses what was not on it.
		p.Allow("read-only file system", "input/output error", "panic:", "database isn't correctly mapped", "the latest writes to a database were damaged", atTheEnd)
		c.readOnly[p.name] = append(c.readOnly[p.name], time.Now())
		return p.disk.fail()
	}, func(p *process) error {
		p.Kill()
		c.readOnly[p.name] = append(c.readOnly[p.name], time.Now())
		if err := p.disk.repair(); err != nil {
			return err
		}
		p.Launch()
		return nil
	})
}

func drawFrozen(c *campaign) *act {
	random := rand.New(rand.NewPCG(c.random.Uint64(), 1))
	return c.onDisk(15*time.Second, anybody, func(p *process) error {
		p.disk.slow(random)
		return nil
	}, func(p *process) error {
		p.disk.fast()
		return nil
	})
}
