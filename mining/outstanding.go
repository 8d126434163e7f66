package mining

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

const (
	// mostOutstanding is how many found blocks wait for the journal's disk, or the chain: those of weeks.
	mostOutstanding = 256
	// againEvery is how often it is looked whether the disk has room, and the chain takes them.
	againEvery = 5 * time.Second
	// lastEvery is that at the end.
	lastEvery = 200 * time.Millisecond
)

// outstanding are found blocks that the journal could not take, or whose bringing broke off, in their
// order. It is safe for concurrent use.
type outstanding struct {
	mu       sync.Mutex
	all      []foundBlock
	underWay map[bc.Hash]int // by how many ways blocks are on their way to the chain
}

// foundBlock is a block, who found it and when, and what became of it so far.
type foundBlock struct {
	block    *types.Block
	id       bc.Hash // the block's, which takes time to compute
	by       Finder
	found    time.Time
	written  bool // the journal has it
	unproved bool // its proof is not known yet
	answered bool // by the chain, to who brought it last, with verdict or err; if not, that is under way
	verdict  Verdict
	err      error
}

// judged reports whether the chain has said what becomes of the block.
func (b foundBlock) judged() bool { return b.answered && judged(b.verdict, b.err) }

// doubtful reports whether the block may be none: its proof is not known, or it was refused.
func (b foundBlock) doubtful() bool { return b.unproved || Refusal(b.err) }

func judged(v Verdict, err error) bool { return err == nil && v.Outcome != Orphan || Refusal(err) }

// keep has a block be brought to the chain, or written down, later.
func (s *Submitter) keep(b foundBlock) {
	if gone := s.outstanding.keep(b); gone != nil && !gone.doubtful() {
		s.cfg.Log.Error("a found block is given up, as too many wait for the disk or the chain", "height", gone.block.Height, "hash", gone.id.String(), "by", gone.by.String())
	}
}

// keep adds a block, unless it is there: one can come by two ways. Of too many the oldest goes, of the doubtful ones
// first: a front can have many of these.
func (o *outstanding) keep(b foundBlock) (gone *foundBlock) {
	b.id = b.block.Hash()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.index(b.id) >= 0 {
		return nil
	}
	o.all = append(o.all, b)
	if len(o.all) > mostOutstanding {
		i := max(0, slices.IndexFunc(o.all, foundBlock.doubtful))
		gone = new(o.all[i])
		o.all = slices.Delete(o.all, i, i+1)
	}
	return gone
}

// answer notes what the chain said of a block, and reports whether it is there. A verdict outweighs an error
// that says nothing of the block.
func (o *outstanding) answer(id bc.Hash, v Verdict, err error) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := o.index(id)
	if i < 0 {
		return false
	}
	if b := &o.all[i]; !b.judged() {
		b.answered, b.verdict, b.err = true, v, err
		b.unproved = b.unproved && !(b.judged() && err == nil) // The chain takes none without.
	}
	return true
}

// wrote notes that the journal has a block.
func (o *outstanding) wrote(id bc.Hash) { o.change(id, func(b *foundBlock) { b.written = true }) }

// proved notes that a block has its proof.
func (o *outstanding) proved(id bc.Hash) { o.change(id, func(b *foundBlock) { b.unproved = false }) }

func (o *outstanding) change(id bc.Hash, by func(*foundBlock)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := o.index(id); i >= 0 {
		by(&o.all[i])
	}
}

// begin has a block be on its way, until end.
func (o *outstanding) begin(id bc.Hash) (end func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.underWay == nil {
		o.underWay = make(map[bc.Hash]int)
	}
	o.underWay[id]++
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.underWay[id]--; o.underWay[id] == 0 {
			delete(o.underWay, id)
		}
	}
}

// busy reports whether somebody brings a block to the chain, or is about to.
func (o *outstanding) busy(id bc.Hash) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.underWay[id] > 0 || o.index(id) >= 0
}

func (o *outstanding) has(id bc.Hash) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.index(id) >= 0
}

// index is where a block is, negative if it is not there. mu is held.
func (o *outstanding) index(id bc.Hash) int {
	return slices.IndexFunc(o.all, func(b foundBlock) bool { return b.id == id })
}

func (o *outstanding) list() []foundBlock {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all)
}

func (o *outstanding) drop(id bc.Hash) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = slices.DeleteFunc(o.all, func(b foundBlock) bool { return b.id == id })
}

// Run writes found blocks down that the journal could not take when they were found, again and again, as a
// disk that was full has room some day, and at once where one that hung answers. Those that the chain has
// not judged it brings to that once more, whether the disk answers or not. When ctx ends it brings what this process
// alone knows of a last time, and goes on to write until nothing is left, or last ends; then it returns ctx's error.
func (s *Submitter) Run(ctx, last context.Context) error {
	brought := make(chan struct{})
	go func() { // A chain that hangs holds no writing up.
		defer close(brought)
		s.keepBringing(ctx)
		s.bringAgain(last, func(b foundBlock) bool { return !b.written })
	}()
	s.keepWriting(ctx, againEvery)
	s.writeAll(last)
	select {
	case <-brought:
	case <-last.Done():
	}
	return ctx.Err()
}

func (s *Submitter) keepWriting(ctx context.Context, every time.Duration) {
	each := time.NewTicker(every)
	defer each.Stop()
	for {
		select {
		case <-each.C:
		case <-s.answers:
		case <-ctx.Done():
			return
		}
		s.writeAgain(ctx)
	}
}

// writeAll waits until all found blocks are in the journal, or ctx ends.
func (s *Submitter) writeAll(ctx context.Context) {
	each := time.NewTicker(lastEvery)
	defer each.Stop()
	for s.writeAgain(ctx) > 0 && ctx.Err() == nil {
		select {
		case <-each.C:
		case <-s.answers:
		case <-ctx.Done():
			return
		}
	}
}

// writeAgain writes down what the journal takes now, and returns how many blocks it did not. A disk that is slow with each
// of many gets no longer than patience once ctx has ended.
func (s *Submitter) writeAgain(ctx context.Context) (left int) {
	if s.cfg.Journal == nil {
		return 0
	}
	start, all := time.Now(), s.outstanding.list()
	for i, b := range all {
		if ctx.Err() != nil && time.Since(start) >= patience {
			return left + len(all) - i
		}
		if !b.written {
			if _, err := s.recordInTime(b.block, b.by, b.found); err != nil && !errors.Is(err, errDuplicateEntry) {
				left++
				continue
			}
			s.cfg.Log.Info("found block written down, later", "height", b.block.Height, "hash", b.id.String())
			s.outstanding.wrote(b.id)
		}
		if b.judged() {
			s.finish(b)
		}
	}
	return left
}

// finish notes what became of a block, which the journal has by now.
func (s *Submitter) finish(b foundBlock) {
	f, ok, err := s.cfg.Journal.Fate(b.id)
	switch {
	case err != nil || !ok || !f.Resolved():
		s.resolve(b.block, b.verdict, b.err, Event{State: StateSubmitted, At: b.found}, Event{State: StateJournaled, At: time.Now()})
	case b.err == nil && f.standing() == "": // It was refused for now.
		s.resolve(b.block, b.verdict, nil, Event{State: StateSubmitted, At: time.Now()})
	} // Else it was noted by another way.
	s.outstanding.drop(b.id)
}

func (s *Submitter) keepBringing(ctx context.Context) {
	each := time.NewTicker(againEvery)
	defer each.Stop()
	for {
		select {
		case <-each.C:
			s.bringAgain(ctx, func(foundBlock) bool { return true })
		case <-ctx.Done():
			return
		}
	}
}

// bringAgain brings such blocks to the chain that it has not judged, or has forgotten.
func (s *Submitter) bringAgain(ctx context.Context, such func(foundBlock) bool) {
	for _, b := range s.outstanding.list() {
		if ctx.Err() != nil {
			return
		}
		p := s.cfg.Source.Place(b.id, b.block.Height)
		switch {
		case !such(b), !b.answered, b.judged() && (p.Known || b.err != nil):
		case p.Known && p.Invalid != nil: // By another way.
			s.answered(b.block, Verdict{}, p.Invalid)
		case !p.Known && (b.written || s.cfg.Journal == nil) && p.Best >= b.block.Height+forgetAfter:
			s.outstanding.drop(b.id) // The chain has gone on without it; the next start tries once more.
		default:
			if b.judged() {
				s.told.Remove(b.id)
			}
			v, err := s.bringOnce(ctx, b)
			s.answered(b.block, v, err)
		}
	}
}

// bringOnce brings a block to the chain, once it has its proof.
func (s *Submitter) bringOnce(ctx context.Context, b foundBlock) (Verdict, error) {
	start := time.Now()
	if b.unproved {
		parent, known := s.cfg.Source.After(b.block.PreviousBlockHash)
		if !known {
			return Verdict{}, ErrNotReady
		}
		if err := s.prove(ctx, b.id.Byte32(), parent); err != nil {
			return Verdict{}, err
		}
		s.outstanding.proved(b.id)
	}
	return s.process(ctx, b.block, b.by, start, true)
}

// early reports whether the chain refuses a block by what time it takes it to be, which is no last word: the clock may have
// been set back, or not be set yet after a loss of power, and others may take the block. Where the chain keeps another reason
// why it refused the block, as a front's does of what nodes say, it is.
func (s *Submitter) early(block *types.Block, err error) bool {
	return errors.Is(err, ErrTimeTooNew) && !s.cfg.Source.Place(block.Hash(), block.Height).Known
}

// heard is answered of a block that is outstanding from now on if it is early.
func (s *Submitter) heard(b foundBlock, v Verdict, err error) {
	if s.early(b.block, err) {
		s.keep(b)
	}
	s.answered(b.block, v, err)
}

// answered notes what the chain said of a block, if that is outstanding. One that is early is brought again.
func (s *Submitter) answered(block *types.Block, v Verdict, err error) {
	if s.early(block, err) {
		err = fmt.Errorf("%w: %w", ErrNotReady, err)
	}
	switch id := block.Hash(); {
	case !s.outstanding.answer(id, v, err) || !judged(v, err):
	case s.cfg.Journal == nil:
		s.outstanding.drop(id)
	default:
		s.wake()
	}
}

// wake has a look at what waits for the disk.
func (s *Submitter) wake() {
	select {
	case s.answers <- struct{}{}:
	default:
	}
}
