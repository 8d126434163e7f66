package selection

import (
	"container/heap"
	"errors"

	"github.com/bytom/bytom/database/storage"
	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// assembler fills a block with transactions.
type assembler struct {
	limit  limits
	base   map[bc.Hash]*storage.UtxoEntry // not changed: what the chain has
	height uint64

	chosen               []mining.Candidate
	included, impossible []bool           // chosen, and found impossible, by slot
	created, spent       map[bc.Hash]bool // outputs, by what was chosen
	fees, gas, bytes     uint64
	worth                int64
	// contested is set where something was left out for something else: another order
	// may do better.
	contested bool

	visit   int // which visit of packageOf it is
	visited []int
}

func (s *Selector) newAssembler(all []*candidate, base map[bc.Hash]*storage.UtxoEntry, height uint64) *assembler {
	b := &assembler{
		limit: s.limit, base: base, height: height,
		included: make([]bool, len(all)), impossible: make([]bool, len(all)), visited: make([]int, len(all)),
		created: make(map[bc.Hash]bool, len(all)), spent: make(map[bc.Hash]bool, len(all)),
	}
	for _, c := range all {
		b.impossible[c.slot] = c.Excluded
	}
	return b
}

// byArrival goes through the pool in order, and again while that finds parents
// that came after their children.
func (b *assembler) byArrival(all []*candidate) {
	for progress := true; progress; {
		progress = false
		for _, c := range all {
			if !b.included[c.slot] && !b.impossible[c.slot] && b.fits(c.Gas, c.bytes) && b.pays(withoutParents(c)) && b.add(c) == nil {
				progress = true
			}
		}
	}
}

// byPackage takes the best package by an order, as long as one fits.
func (b *assembler) byPackage(all []*candidate, better func(a, b txPackage) bool) {
	queue := packageQueue{better: better}
	for _, c := range all {
		if p, ok := b.packageOf(c); ok {
			queue.all = append(queue.all, p)
		}
	}
	heap.Init(&queue)
	for queue.Len() > 0 {
		p := heap.Pop(&queue).(txPackage)
		if b.included[p.last.slot] || b.impossible[p.last.slot] {
			continue
		}
		now, ok := b.packageOf(p.last)
		if !ok {
			continue // Back in the queue when what it needs is chosen.
		}
		if now.gas != p.gas || now.worth != p.worth {
			heap.Push(&queue, now)
			continue
		}
		// Less of it may fit or pay, and stands in the queue for itself.
		if !b.fits(now.gas, now.bytes) {
			b.contested = true
		} else if b.pays(now) {
			b.take(now, &queue)
		}
	}
}

// take adds a package, as far as its inputs allow that, and queues what it allows.
func (b *assembler) take(p txPackage, queue *packageQueue) {
	for _, c := range p.members {
		if err := b.add(c); err != nil {
			b.impossible[c.slot] = true
			return
		}
		for _, child := range c.children {
			if p, ok := b.packageOf(child); ok && !b.included[child.slot] {
				heap.Push(queue, p)
			}
		}
	}
}

func (b *assembler) fits(gas, bytes uint64) bool {
	return b.gas+gas <= b.limit.gas && b.bytes+bytes <= b.limit.bytes
}

// pays reports whether a package has the least fee rate, or the operator's priority.
func (b *assembler) pays(p txPackage) bool {
	return b.limit.feeRate <= 0 || p.last.Delta > 0 || float64(p.worth) >= b.limit.feeRate*float64(p.gas)
}

// add puts a transaction at the end, or says why its inputs do not allow that.
func (b *assembler) add(c *candidate) error {
	if err := checkInputs(c.Tx.Tx, c.GasOnly, b.height, b.entry); err != nil {
		b.contested = b.contested || errors.Is(err, errSpent)
		return err
	}
	for _, id := range c.Tx.SpentOutputIDs {
		if moves(c.Tx.Tx, id, c.GasOnly) {
			b.spent[id] = true
		}
	}
	for _, id := range c.Tx.ResultIds {
		if moves(c.Tx.Tx, *id, c.GasOnly) {
			b.created[*id] = true
		}
	}
	b.included[c.slot] = true
	b.chosen = append(b.chosen, c.Candidate)
	b.fees, b.gas, b.bytes, b.worth = b.fees+c.Fee, b.gas+c.Gas, b.bytes+c.bytes, b.worth+c.worth()
	return nil
}

var spentEntry, newEntry = storage.NewUtxoEntry(false, 0, true), storage.NewUtxoEntry(false, 0, false)

// entry is an output as the chosen transactions leave it; nil if it does not exist.
func (b *assembler) entry(id bc.Hash) *storage.UtxoEntry {
	switch {
	case b.spent[id]:
		return spentEntry
	case b.created[id]:
		return newEntry
	}
	return b.base[id]
}

// txPackage is a transaction with those that it needs and that are not chosen yet.
type txPackage struct {
	last       *candidate
	members    []*candidate // parents before children, last at the end
	gas, bytes uint64
	worth      int64
}

// withoutParents is a transaction without those that it needs.
func withoutParents(c *candidate) txPackage {
	return txPackage{last: c, gas: c.Gas, bytes: c.bytes, worth: c.worth()}
}

// packageOf is a transaction's package, unless something that it needs is
// impossible or it is too long.
func (b *assembler) packageOf(last *candidate) (p txPackage, ok bool) {
	p.last = last
	b.visit++
	seen := 0
	var visit func(c *candidate) bool
	visit = func(c *candidate) bool {
		if b.included[c.slot] || b.visited[c.slot] == b.visit {
			return true
		}
		b.visited[c.slot] = b.visit
		if seen++; b.impossible[c.slot] || seen > maxPackage {
			return false
		}
		for _, parent := range c.parents {
			if !visit(parent) {
				return false
			}
		}
		p.members = append(p.members, c)
		p.gas, p.bytes, p.worth = p.gas+c.Gas, p.bytes+c.bytes, p.worth+c.worth()
		return true
	}
	return p, visit(last)
}

// feePerGas puts the package first that pays more for its gas. What takes none
// counts as the least that could.
func feePerGas(a, b txPackage) bool {
	if x, y := float64(a.worth)*float64(max(b.gas, 1)), float64(b.worth)*float64(max(a.gas, 1)); x != y {
		return x > y
	}
	return a.last.arrival < b.last.arrival
}

// feeAlone puts the package first that pays more.
func feeAlone(a, b txPackage) bool {
	if a.worth != b.worth {
		return a.worth > b.worth
	}
	return feePerGas(a, b)
}

// packageQueue is a heap, the best on top.
type packageQueue struct {
	all    []txPackage
	better func(a, b txPackage) bool
}

func (q packageQueue) Len() int           { return len(q.all) }
func (q packageQueue) Less(i, j int) bool { return q.better(q.all[i], q.all[j]) }
func (q packageQueue) Swap(i, j int)      { q.all[i], q.all[j] = q.all[j], q.all[i] }

// Push satisfies heap.Interface.
func (q *packageQueue) Push(x any) { q.all = append(q.all, x.(txPackage)) }

// Pop satisfies heap.Interface.
func (q *packageQueue) Pop() any {
	last := q.all[len(q.all)-1]
	q.all = q.all[:len(q.all)-1]
	return last
}
