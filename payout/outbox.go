package payout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/payout/transaction"
)

const (
	// finalDepth is how many blocks on top of a transaction make it final here: after as many,
	// the chain lets a coinbase be spent, because it is not thought to be lost any more.
	finalDepth = 100
	// validFor is for how many blocks a batch may be mined, a week: time enough to sign it by
	// hand on another machine.
	validFor = 4032
	// tryEvery is the number of blocks between two tries to sign or to submit a batch.
	tryEvery = 10
	// behindWait is how long a step waits for the Settler until that is an error.
	behindWait = 10 * time.Minute
)

// outboxStep is a place where a kill is worth a test.
type outboxStep int

const (
	stepChosen outboxStep = iota + 1 // nothing is stored
	stepStored
	stepSigned // its bytes are not stored
	stepBytes  // they are
	stepSubmitted
	stepPaid    // nobody is told
	stepGivenUp // as well
)

// The kinds of news of the outbox.
const (
	// NewsByHand: a batch is stored, and the wallet can't sign it.
	NewsByHand = "by hand"
	// NewsPaid: a batch is deep.
	NewsPaid = "paid"
	// NewsGivenUp: a batch was not mined in time, and can't be any more.
	NewsGivenUp = "given up"
	// NewsConflict: another transaction spent what a batch was to spend.
	NewsConflict = "conflict"
	// NewsHeld: an owner can't be paid, and is set aside.
	NewsHeld = "held"
)

// News is what the operator may want to be told. It comes after what it tells of is stored.
type News struct {
	Kind   string
	Batch  bc.Hash // zero for NewsHeld
	Owner  string  // NewsHeld's
	Detail string
}

// OutboxConfig says how payouts are made.
type OutboxConfig struct {
	Books *Books
	Chain Chain
	// Signer is the wallet; nil has all batches signed by hand.
	Signer Signer
	// Program is an owner's program. An owner of whom there is none is set aside.
	Program func(owner string) ([]byte, error)
	// Script says of the program of several keys how many there are, and how many sign. Funds
	// of a script that it does not know are not used.
	Script func(program []byte) (keys, quorum int, err error)
	// Every is the number of blocks between two times that owners are paid; 0 counts as 1.
	Every uint64
	// FollowOnly makes no new batches: what was stored is brought to its end.
	FollowOnly bool
	// Tell receives news. It must not block; nil discards them.
	Tell func(News)
	// Log receives what the operator should know; nil discards it.
	Log *slog.Logger
}

// Outbox pays owners. A payout is, in this order: chosen; stored, with what it pays in
// transit; signed, and the bytes stored; submitted, and the same bytes again at each start
// and every few blocks; followed by what the main chain has of its inputs, until it is paid
// or lost to another transaction; given up where it can't be mined any more. It may be killed
// anywhere in between: what is stored says what to do next, and each payout spends the very
// outputs that it pays for. Run and Step are for one goroutine.
type Outbox struct {
	OutboxConfig
	scan scanner
	// loaded says that open and last are what the books have.
	loaded bool
	// open are the batches that are neither paid nor ended; last is the highest height at
	// which one was stored, in steps of Every, or none was to be.
	open map[bc.Hash]bool
	last uint64
	ever bool
	// tried is the height at which a batch was last signed or submitted, and told what the
	// operator was last told of it.
	tried map[bc.Hash]uint64
	told  map[bc.Hash]string
	// refused is the error of a batch's last submit, if it had one.
	refused map[bc.Hash]string
	// behind is since when a step of a batch, or the zero id's choice of new ones, waits for the Settler.
	behind map[bc.Hash]time.Time
	// searched is up to which block of the main chain an ended batch was looked for.
	searched map[bc.Hash]bc.Hash
	// undone are inputs of ended batches that were unspent when the batches were loaded, and may be mined.
	undone []bc.Hash
	// valid is for how many blocks a batch may be mined.
	valid   uint64
	byHand  atomic.Pointer[waiting] // see ByHand
	now     atomic.Bool             // see PayNow
	failing atomic.Pointer[error]   // of the last pass; nil if it had none
	// reached is called at each step, for tests.
	reached func(step outboxStep)
}

// NewOutbox returns an outbox.
func NewOutbox(c OutboxConfig) *Outbox {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Tell == nil {
		c.Tell = func(News) {}
	}
	if c.Script == nil {
		c.Script = func([]byte) (int, int, error) { return 0, 0, transaction.ErrScript }
	}
	c.Every = max(c.Every, 1)
	return &Outbox{OutboxConfig: c, valid: validFor, tried: make(map[bc.Hash]uint64), told: make(map[bc.Hash]string), refused: make(map[bc.Hash]string), behind: make(map[bc.Hash]time.Time), searched: make(map[bc.Hash]bc.Hash), reached: func(outboxStep) {}}
}

// Run pays until ctx ends: when woken, by a tip or by a batch that was signed by hand, and
// each minute. What goes wrong is logged, and tried again.
func (o *Outbox) Run(ctx context.Context, wake <-chan struct{}) error {
	tick := time.NewTicker(passEvery)
	defer tick.Stop()
	for {
		err := o.Step(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if former := o.Failing(); err != nil && (former == nil || former.Error() != err.Error()) {
			o.Log.Error("payouts are not made; it is tried again", "error", err)
		}
		if o.failing.Store(nil); err != nil {
			o.failing.Store(&err)
		}
		select {
		case <-wake:
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// PayNow has the next pass pay what is due, without waiting for its time. It is safe for
// concurrent use.
func (o *Outbox) PayNow() { o.now.Store(true) }

// waiting is what waits to be signed by hand, and why the wallet does not sign one of them.
type waiting struct {
	batches int
	why     string
}

// ByHand is how many batches wait to be signed by hand, as the wallet can't sign them and they may
// still be mined, and why of one of them. It is safe for concurrent use.
func (o *Outbox) ByHand() (n int, why string) {
	if w := o.byHand.Load(); w != nil {
		return w.batches, w.why
	}
	return 0, ""
}

// Failing is why the last pass of Run failed; nil if it did not. It is safe for concurrent
// use.
func (o *Outbox) Failing() error {
	if err := o.failing.Load(); err != nil {
		return *err
	}
	return nil
}

// Step is one pass. What goes wrong with one batch does not keep others.
func (o *Outbox) Step(ctx context.Context) error {
	if o.scan.stale(o.Chain) {
		o.loaded = false
	}
	if again, err := o.redone(); err != nil {
		return err
	} else if again {
		o.loaded = false
	}
	if !o.loaded {
		if err := o.load(); err != nil {
			return err
		}
	}
	err := o.followAll(ctx)
	more, chooseErr := o.choose()
	if err = errors.Join(err, chooseErr); more {
		err = errors.Join(err, o.followAll(ctx))
	}
	w := &waiting{}
	for id := range o.open {
		if why, ok := strings.CutPrefix(o.told[id], NewsByHand); ok {
			if w.batches++; w.why == "" || why < w.why { // The same one at each pass.
				w.why = why
			}
		}
	}
	o.byHand.Store(w)
	return err
}

// load reads which batches are open. Those paid whose block left the main chain are open
// again.
func (o *Outbox) load() error {
	all, err := o.Books.Batches()
	if err != nil {
		return err
	}
	funds, err := o.Books.Funds()
	if err != nil {
		return err
	}
	byOutput := make(map[string]Fund)
	for _, f := range funds {
		byOutput[f.Output.String()] = f
	}
	o.open, o.scan, o.undone = make(map[bc.Hash]bool), scanner{}, nil
	for _, b := range all {
		if b.State == BatchGivenUp || b.State == BatchConflict {
			back, err := o.revive(b, byOutput)
			if err != nil {
				return err
			}
			if back {
				b.State = BatchMined
			}
		}
		if b.State == BatchPaid && !o.placed(b) {
			if err := o.Books.Unmined(b.ID); err != nil {
				return err
			}
			o.Log.Warn("a payout that was paid left the main chain: it is submitted again", "batch", b.ID.String(), "height", b.MinedAt)
			b.State = BatchSigned
		}
		if b.Open() {
			o.open[b.ID] = true
		}
		o.last, o.ever = max(o.last, b.Height/o.Every), true
	}
	o.loaded = true
	return nil
}

// release has owners paid again who were set aside, and who can be paid now.
func (o *Outbox) release() error {
	owners, err := o.Books.Owners()
	if err != nil {
		return err
	}
	for _, owner := range owners {
		if owner.Held == "" {
			continue
		}
		if program, err := o.Program(owner.Owner); err != nil || transaction.Standard(program) != nil {
			continue
		}
		if err := o.Books.Hold(owner.Owner, ""); err != nil {
			return err
		}
	}
	return nil
}

// placed reports whether the block that a batch is said to be in is on the main chain.
func (o *Outbox) placed(b Batch) bool {
	hash, ok := o.Chain.MainHash(b.MinedAt)
	return ok && b.Block != nil && hash == *b.Block
}

// followAll brings each open batch on, in their order.
func (o *Outbox) followAll(ctx context.Context) error {
	var open []Batch
	for id := range maps.Keys(o.open) {
		b, err := o.Books.Batch(id)
		if err != nil {
			return err
		}
		open = append(open, b)
	}
	slices.SortFunc(open, func(a, b Batch) int { return cmp.Compare(a.Number, b.Number) })
	if err := o.scan.run(o.Chain, open); err != nil {
		return fmt.Errorf("payouts: look for what spends their inputs: %w", err)
	}
	var errs []error
	for _, b := range open {
		if err := o.patient(b.ID, o.follow(ctx, b)); err != nil {
			errs = append(errs, fmt.Errorf("payout %s: %w", b.ID.String(), err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// patient is nil of an error that only says that the Settler has not been there yet, until that has lasted: a deep
// reorganisation, and a slow disk, keep it for minutes. The next pass tries again.
func (o *Outbox) patient(id bc.Hash, err error) error {
	if !errors.Is(err, errBehind) {
		delete(o.behind, id)
		return err
	}
	since, ok := o.behind[id]
	if !ok {
		since = time.Now()
		o.behind[id] = since
	}
	if time.Since(since) < behindWait {
		return nil
	}
	return err
}

// tell reports, and logs.
func (o *Outbox) tell(n News) {
	level := slog.LevelWarn
	if n.Kind == NewsPaid {
		level = slog.LevelInfo
	}
	o.Log.Log(context.Background(), level, "payouts: "+n.Kind, "batch", n.Batch.String(), "owner", n.Owner, "detail", n.Detail)
	o.Tell(n)
}

// tellOnce reports of a batch, unless that was the last that was told of it.
func (o *Outbox) tellOnce(n News) {
	if o.told[n.Batch] != n.Kind+n.Detail {
		o.told[n.Batch] = n.Kind + n.Detail
		o.tell(n)
	}
}

// ended forgets a batch that is not open any more.
func (o *Outbox) ended(b Batch, kind, detail string) {
	delete(o.open, b.ID)
	delete(o.tried, b.ID)
	delete(o.refused, b.ID)
	delete(o.told, b.ID)
	delete(o.behind, b.ID)
	o.tell(News{Kind: kind, Batch: b.ID, Detail: detail})
}
