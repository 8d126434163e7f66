package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// act is a fault that was drawn.
type act struct {
	what string   // to whom, for the log
	uses []string // the processes and links that nothing else may befall meanwhile
	do   func()
	undo func()
	hold time.Duration // how long it lasts at most
}

// fault is a kind of them. draw is nil while there is nobody free whom it could befall.
type fault struct {
	name   string
	weight int
	draw   func(c *campaign) *act
}

// faults are all that may come.
var faults = []fault{
	{"kill", 6, drawKill},
	{"hang", 2, drawHang},
	{"partition", 3, drawPartition},
	{"slow links", 2, drawSlow},
	{"silent link", 2, drawSilent},
	{"cut from the engine", 2, drawCut},
	{"clock jump", 2, drawClock},
	{"device lost", 1, drawDevice},
	{"full disk", 1, drawFull},
	{"read-only disk", 1, drawReadOnly},
	{"slow fsync", 2, drawFrozen},
}

// free are the processes that nothing befalls, and that a condition holds for.
func (c *campaign) free(want func(p *process) bool) *process {
	var all []*process
	for _, p := range c.all {
		if !c.busy[p.name] && (want == nil || want(p)) {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[c.random.IntN(len(all))]
}

// inMemory is for how long a ledger may have shares in memory alone: five seconds, and what a write
// takes on a busy machine.
const inMemory = 8 * time.Second

// drawKill is kill -9, and a start after a while.
func drawKill(c *campaign) *act {
	p := c.free(nil)
	if p == nil {
		return nil
	}
	return &act{what: p.name, uses: []string{p.name}, hold: 3 * time.Second, do: func() {
		c.unwritten[p.name] += inMemory
		p.Kill()
	}, undo: p.Launch}
}

// drawHang has a process do nothing for a while, as a machine does that swaps.
func drawHang(c *campaign) *act {
	p := c.free(nil)
	if p == nil {
		return nil
	}
	return &act{what: p.name, uses: []string{p.name}, hold: 8 * time.Second, do: p.Pause, undo: p.Resume}
}

// drawPartition parts the nodes in two.
func drawPartition(c *campaign) *act {
	side := 1 + c.random.IntN(1<<(len(c.nodes)-1)-1) // The last node is always on the other one.
	var cut []*link
	uses := []string{"partition"}
	for ends, l := range c.peers {
		if side>>ends[0]&1 != side>>ends[1]&1 {
			cut = append(cut, l)
			uses = append(uses, l.name)
		}
	}
	if c.anyBusy(uses) {
		return nil
	}
	var groups [2][]string
	for i := range c.nodes {
		groups[side>>i&1] = append(groups[side>>i&1], fmt.Sprint(i))
	}
	return &act{
		what: strings.Join(groups[0], ",") + "/" + strings.Join(groups[1], ","), uses: uses, hold: 20 * time.Second,
		do: func() { setAll(cut, true) }, undo: func() { setAll(cut, false) },
	}
}

func setAll(all []*link, cut bool) {
	for _, l := range all {
		l.setCut(cut)
	}
}

// someLinks are some that nothing befalls.
func (c *campaign) someLinks(from []*link, most int) (some []*link, names []string) {
	for _, i := range c.random.Perm(len(from)) {
		if l := from[i]; !c.busy[l.name] && len(some) < most {
			some, names = append(some, l), append(names, l.name)
		}
	}
	return some, names
}

// everyLink is all links, in an order that does not change.
func (c *campaign) everyLink() []*link {
	all := slices.Clone(c.services)
	for _, l := range c.peers {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *link) int { return strings.Compare(a.name, b.name) })
	return all
}

// drawSlow delays what goes over some links, each piece by another time, so that news that come by
// way of different peers are out of order.
func drawSlow(c *campaign) *act {
	some, names := c.someLinks(c.everyLink(), 1+c.random.IntN(4))
	if len(some) == 0 {
		return nil
	}
	delay := time.Duration(50+c.random.IntN(1500)) * time.Millisecond
	set := func(d time.Duration) {
		for _, l := range some {
			l.delay.Store(int64(d))
		}
	}
	return &act{
		what: fmt.Sprintf("%s: up to %v", strings.Join(names, ", "), delay), uses: names, hold: 15 * time.Second,
		do: func() { set(delay) }, undo: func() { set(0) },
	}
}

// drawSilent has a link open over which nothing comes.
func drawSilent(c *campaign) *act {
	some, names := c.someLinks(c.everyLink(), 1)
	if len(some) == 0 {
		return nil
	}
	return &act{
		what: names[0], uses: names, hold: 15 * time.Second,
		do: func() { some[0].silent.Store(true) }, undo: func() { some[0].silent.Store(false) },
	}
}

// drawCut takes a front's ways, or the node's, to the engine.
func drawCut(c *campaign) *act {
	some, names := c.someLinks(c.services, 1+c.random.IntN(2))
	if len(some) == 0 {
		return nil
	}
	return &act{
		what: strings.Join(names, ", "), uses: names, hold: 12 * time.Second,
		do: func() { setAll(some, true) }, undo: func() { setAll(some, false) },
	}
}

// drawClock sets the clock that a node stamps its blocks with by two hours, and back. Where it goes by
// the time of day it is set forward by less: blocks of more than an hour ahead are nobody's.
func drawClock(c *campaign) *act {
	i := c.random.IntN(2)
	name := fmt.Sprintf("node-%d", i)
	if c.busy[name] {
		return nil
	}
	by := int64(7200 * (1 - 2*c.random.IntN(2)))
	set := func(request map[string]any) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		var refused error
		// A node that has just been killed may be on its way up.
		err := testnet.Poll(ctx, 9*time.Second, func() error {
			err := c.nodes[i].Client().Call(ctx, node.SolonetClockRoute, request, nil)
			if err != nil && strings.Contains(err.Error(), "field ") {
				refused, err = err, nil
			}
			return err
		})
		return errors.Join(refused, err)
	}
	undo := map[string]any{"advance": -by}
	note := func(err error) {
		if err != nil {
			c.note("%s: the clock is not set: %v", name, err)
		}
	}
	jump := func() {
		err := set(map[string]any{"advance": by})
		if err != nil && strings.Contains(err.Error(), "the real clock") {
			undo = map[string]any{"mode": "real"}
			for _, p := range c.all {
				p.Allow("time-too-new") // Blocks of an hour ahead, one upon the other, are too much for those whose clock is right.
			}
			err = set(map[string]any{"mode": "virtual", "time": time.Now().Unix() + min(by, 3000)})
		}
		note(err)
	}
	return &act{
		what: fmt.Sprintf("%s by %+d s", name, by), uses: []string{name}, hold: 10 * time.Second,
		do: jump, undo: func() { note(set(undo)) },
	}
}

// drawDevice takes away the second node's device.
func drawDevice(c *campaign) *act {
	lost := filepath.Join(c.cards, "lost")
	if c.busy["device"] {
		return nil
	}
	return &act{what: "node-1", uses: []string{"device"}, hold: 10 * time.Second, do: func() {
		if err := os.WriteFile(lost, nil, 0o600); err != nil {
			c.t.Error(err)
		}
	}, undo: func() {
		if err := os.Remove(lost); err != nil {
			c.t.Error(err)
		}
	}}
}
