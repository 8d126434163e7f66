package node

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom-solo/bytom-solo/payout"
)

// The routes of payouts for the page and for programs, as those of StatusRoute: the first
// answers with PayoutStats, the second with OwnerStats.
const (
	PayoutStatsRoute = statsPrefix + "payouts"
	OwnerStatsPrefix = statsPrefix + "owner/"
)

// PayoutStats is where payouts stand, and the latest of what they did. Amounts are in neu.
type PayoutStats struct {
	Status payout.Status `json:"status"`
	// Off says that payout.scheme is empty: nothing new is split or paid.
	Off bool `json:"off"`
	// ByHand says that a batch waits to be signed by hand, as a running node knows.
	ByHand bool `json:"by_hand"`
	// Every is the number of blocks from one payment to the next, and NextAt the height of the
	// next time at which something is due; 0 if nothing is and will be.
	Every  uint64 `json:"every"`
	NextAt uint64 `json:"next_at"`
	// Owners are those with the largest balances, Blocks and Batches the latest, the latest
	// first.
	Owners  []payout.Owner `json:"owners"`
	Blocks  []PayoutBlock  `json:"blocks"`
	Batches []PayoutBatch  `json:"batches"`
}

// PayoutBlock is a block that was split.
type PayoutBlock struct {
	Height uint64    `json:"height"`
	Hash   string    `json:"hash"`
	Found  time.Time `json:"found"`
	Scheme string    `json:"scheme"`
	// Stage is where its money is: provisional, payable, in transit, paid, withdrawn or
	// reversed.
	Stage string `json:"stage"`
	// Fee, Rest and Own are the operator's parts of Reward: by the fee, by the scheme and by
	// shares of his own. All else is the owners'.
	Reward uint64 `json:"reward"`
	Fee    uint64 `json:"fee"`
	Rest   uint64 `json:"rest"`
	Own    uint64 `json:"own"`
	// Owners is how many share it beside the operator, and Full whether the window was.
	Owners int    `json:"owners"`
	Full   bool   `json:"full"`
	Note   string `json:"note,omitempty"`
}

// PayoutBatch is a transaction that pays owners.
type PayoutBatch struct {
	ID    string            `json:"id"`
	At    time.Time         `json:"at"`
	State payout.BatchState `json:"state"`
	// Owners get Amount together, the network Fee, and the operator Change.
	Owners int    `json:"owners"`
	Amount uint64 `json:"amount"`
	Fee    uint64 `json:"fee"`
	Change uint64 `json:"change"`
	// Block has it, and Height is that block's, once it is mined; TimeRange is the last height
	// at which it can be.
	Block     string `json:"block,omitempty"`
	Height    uint64 `json:"height,omitempty"`
	TimeRange uint64 `json:"time_range"`
}

// How many of each are shown at most.
const (
	mostOwners  = 100
	mostSplits  = 20
	mostCredits = 50
)

func (n *Node) registerPayoutStats(r *mux.Router) {
	get := func(route string, answer func(*http.Request) (any, error)) {
		r.Path(route).Methods(http.MethodGet, http.MethodHead).HandlerFunc(statsHandler(answer))
	}
	get(PayoutStatsRoute, func(*http.Request) (any, error) { return n.payoutStats() })
	get(OwnerStatsPrefix+"{address}", n.ownerInTurn)
}

var errNoPayouts = statsError{http.StatusNotFound, errors.New("blocks are not split: payout.scheme is empty, and there are no books of former payouts")}

// payoutStats is what the page shows of payouts.
func (n *Node) payoutStats() (PayoutStats, error) {
	p := n.payouts
	if p == nil {
		return PayoutStats{}, errNoPayouts
	}
	best, _ := p.chain.Best()
	s, err := DescribePayouts(p.books, best)
	waiting, _ := p.byHand()
	s.Off, s.ByHand, s.Every = !p.on, waiting > 0, p.every
	s.NextAt = p.next(s.Status.Stopped, s.Status.Due > 0 || p.policy.Scheme == payout.PPS, s.Status.PayableAt)
	return s, err
}

// next is the height of the next time at which owners are paid: if something is due, else once
// that is so from a height on. 0 is never, as where payouts are stopped by something.
func (p *payouts) next(stopped string, due bool, from uint64) uint64 {
	if !p.on || stopped != "" || !due && from == 0 {
		return 0
	}
	height, _ := p.chain.Best()
	if due {
		from = 0
	}
	from = max(from, height+1)
	return (from + p.every - 1) / p.every * p.every
}

// DescribePayouts is what books say, of a running node or not. The height is as Status takes it.
func DescribePayouts(books *payout.Books, height uint64) (s PayoutStats, err error) {
	s = PayoutStats{Blocks: []PayoutBlock{}, Batches: []PayoutBatch{}}
	if s.Status, err = books.Status(height); err != nil {
		return s, err
	}
	s.Status.Notes = s.Status.Notes[max(0, len(s.Status.Notes)-mostSplits):]
	owners, err := books.Owners()
	if err != nil {
		return s, err
	}
	slices.SortStableFunc(owners, func(a, b payout.Owner) int { return cmp.Compare(owedTo(b), owedTo(a)) })
	s.Owners = append([]payout.Owner{}, owners[:min(len(owners), mostOwners)]...)
	recent, err := books.Recent(mostSplits)
	if err != nil {
		return s, err
	}
	for _, e := range recent {
		s.Blocks = append(s.Blocks, payoutBlock(e))
	}
	batches, err := books.Batches()
	if err != nil {
		return s, err
	}
	for _, b := range latestBatches(batches, mostSplits) {
		s.Batches = append(s.Batches, payoutBatch(b))
	}
	return s, nil
}

func owedTo(o payout.Owner) uint64 { return o.Provisional + o.Payable + o.Transit }

func payoutBlock(e payout.Explanation) PayoutBlock {
	owners, own := e.Owners()
	return PayoutBlock{
		Height: e.Height, Hash: e.Block.String(), Found: e.Found, Scheme: e.Policy.Scheme, Stage: e.Stage,
		Reward: e.Reward, Fee: e.Fee, Rest: e.Rest, Own: own, Owners: owners, Full: e.Full, Note: e.Note,
	}
}

func payoutBatch(b payout.Batch) PayoutBatch {
	batch := PayoutBatch{
		ID: b.ID.String(), At: b.At, State: b.State, Owners: len(b.Payments), Amount: b.Paid(), Fee: b.Fee,
		Height: b.MinedAt, TimeRange: b.TimeRange,
	}
	if b.Change != nil {
		batch.Change = b.Change.Amount
	}
	if b.Block != nil {
		batch.Block = b.Block.String()
	}
	return batch
}

// latestBatches are the last ones, the latest first.
func latestBatches(all []payout.Batch, most int) []payout.Batch {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b payout.Batch) int { return cmp.Compare(b.Number, a.Number) })
	return all[:min(len(all), most)]
}

// OwnerStats is what an owner may know: balances, rigs, and why each amount came about.
// Amounts are in neu.
type OwnerStats struct {
	Owner payout.Owner `json:"owner"`
	// Scheme, FeeBP (in hundredths of a percent) and Least (the least payment) are the policy
	// of now; Scheme is empty where payouts are off.
	Scheme string `json:"scheme"`
	FeeBP  uint32 `json:"fee_bp"`
	Least  uint64 `json:"least"`
	// Height is the chain's. Every is the number of blocks from one payment to the next, and
	// NextAt the height of the next at which the owner is due the least payment or more, by
	// what is payable or provisional now; 0 if that is less, or is not paid.
	Height uint64 `json:"height"`
	Every  uint64 `json:"every"`
	NextAt uint64 `json:"next_at"`
	// Rigs are those that are the owner's by their login. Credits and Payments are the latest.
	Rigs     []OwnerRig     `json:"rigs"`
	Credits  []OwnerCredit  `json:"credits"`
	Payments []OwnerPayment `json:"payments"`
}

// OwnerRig is a rig of an owner. Its hashrates are in hashes a second.
type OwnerRig struct {
	Name      string     `json:"name"`
	Online    bool       `json:"online"`
	Hashrate  RigRates   `json:"hashrate"`
	LastShare *time.Time `json:"last_share"`
}

// OwnerCredit is what an owner gets of a block: Amount, for work that was expected to find
// Blocks, which is OfWork of all the work that the block was split over. Reward is the whole
// block's, and Fee the operator's part of that. Stage is provisional, payable, in transit, paid or
// reversed, by the owner's balances.
type OwnerCredit struct {
	Height uint64    `json:"height"`
	Hash   string    `json:"hash"`
	Found  time.Time `json:"found"`
	Scheme string    `json:"scheme"`
	Amount uint64    `json:"amount"`
	Reward uint64    `json:"reward"`
	Fee    uint64    `json:"fee"`
	Blocks float64   `json:"blocks"`
	OfWork float64   `json:"of_work"`
	Stage  string    `json:"stage"`
}

// OwnerPayment is what an owner gets by a transaction, which is in the block of Height; 0 if
// it is in none.
type OwnerPayment struct {
	ID     string            `json:"id"`
	At     time.Time         `json:"at"`
	Amount uint64            `json:"amount"`
	State  payout.BatchState `json:"state"`
	Height uint64            `json:"height,omitempty"`
}

// turnWait is how long a request for an owner's figures waits for others.
const turnWait = 2 * time.Second

// ownerInTurn is ownerStats for one request at a time: anybody may ask, and where there are many
// owners each takes a part of a second.
func (n *Node) ownerInTurn(r *http.Request) (any, error) {
	if n.payouts == nil {
		return nil, errNoPayouts
	}
	wait := time.NewTimer(turnWait)
	defer wait.Stop()
	select {
	case n.payouts.turn <- struct{}{}:
		defer func() { <-n.payouts.turn }()
		return n.ownerStats(mux.Vars(r)["address"])
	case <-wait.C:
	case <-r.Context().Done():
	}
	return nil, statsError{http.StatusServiceUnavailable, errors.New("too many ask for owners' figures: ask again in a moment")}
}

// ownerStats is what an owner's page shows.
func (n *Node) ownerStats(address string) (OwnerStats, error) {
	p := n.payouts
	if p == nil {
		return OwnerStats{}, errNoPayouts
	}
	s := OwnerStats{
		Scheme: p.policy.Scheme, FeeBP: p.policy.FeeBP, Least: p.policy.Least,
		Rigs: n.rigsOf(address), Credits: []OwnerCredit{}, Payments: []OwnerPayment{},
	}
	stopped, err := p.books.Stopped()
	if err != nil {
		return s, err
	}
	s.Every = p.every
	s.Height, _ = p.chain.Best()
	owner, known, err := p.books.Owner(address)
	if err != nil {
		return s, err
	}
	if s.Owner = owner; !known {
		s.Owner.Owner = address
		if len(s.Rigs) == 0 {
			return s, statsError{http.StatusNotFound, fmt.Errorf("owner %q: expected an address that a rig has logged in with", address)}
		}
		return s, nil
	}
	// All that is provisional is among so many.
	recent, err := p.books.RecentOf(address, max(mostCredits, int(payout.PayableFrom(0))))
	if err != nil {
		return s, err
	}
	for _, e := range recent {
		s.Credits = append(s.Credits, ownerCredit(e, address))
	}
	if s.Scheme != payout.PPS { // Its balances are of shares, and say nothing of former blocks.
		byBalance(owner, s.Credits)
	}
	due, from := dueFrom(owner, s.Credits, s.Least)
	s.NextAt = p.next(stopped, due, from)
	s.Credits = s.Credits[:min(len(s.Credits), mostCredits)]
	batches, err := p.batches.of(p.books)
	if err != nil {
		return s, err
	}
	for _, b := range batches {
		for _, payment := range b.Payments {
			if payment.Owner == address && len(s.Payments) < mostCredits {
				s.Payments = append(s.Payments, OwnerPayment{b.ID.String(), b.At, payment.Amount, b.State, b.MinedAt})
			}
		}
	}
	return s, nil
}

// dueFrom says whether an owner is due the least payment or more, and else the height of the
// chain from which on that is so, if the credits stay; 0 if it never is by these. They are as in
// OwnerStats, the latest first.
func dueFrom(o payout.Owner, credits []OwnerCredit, least uint64) (due bool, from uint64) {
	if o.Held != "" {
		return false, 0
	}
	if o.Payable >= max(least, 1) {
		return true, 0
	}
	sum := int64(o.Payable) - int64(o.Overpaid)
	for _, c := range slices.Backward(credits) {
		if c.Stage != string(payout.CreditProvisional) {
			continue
		}
		if sum += int64(c.Amount); sum >= int64(max(least, 1)) {
			return false, payout.PayableFrom(c.Height)
		}
	}
	return false, 0
}

// byBalance has credits, the latest first, be where the owner's balances are, the oldest being paid
// first. Where a block's own money is does not say that: payments take what they need of it.
func byBalance(o payout.Owner, credits []OwnerCredit) {
	payable, transit := o.Payable, o.Transit
	for i := range credits {
		c := &credits[i]
		if c.Stage == string(payout.CreditProvisional) || c.Stage == string(payout.CreditReversed) {
			continue
		}
		due := min(payable, c.Amount)
		sent := min(transit, c.Amount-due)
		payable, transit = payable-due, transit-sent
		switch {
		case due > 0:
			c.Stage = "payable"
		case sent > 0:
			c.Stage = "in transit"
		default:
			c.Stage = "paid"
		}
	}
}

func ownerCredit(e payout.Explanation, owner string) OwnerCredit {
	c := OwnerCredit{Height: e.Height, Hash: e.Block.String(), Found: e.Found, Scheme: e.Policy.Scheme, Stage: e.Stage, Reward: e.Reward, Fee: e.Fee}
	for _, r := range e.Reasons {
		if r.Owner == owner {
			c.Amount, c.Blocks, c.OfWork = r.Amount, r.Blocks, r.OfWork
		}
	}
	return c
}
