package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/payout"
)

// payouts are the parts of a node that split blocks between the owners of rigs. They read
// the ledger, the journal and the chain in goroutines of their own: nothing that makes or
// takes a block waits for them.
type payouts struct {
	on      bool // payout.scheme is set; else the books of former times are followed
	books   *payout.Books
	policy  payout.Policy // the one in force; the zero Policy if off
	chain   payout.Chain
	shares  payout.Shares
	settler *payout.Settler
	outbox  *payout.Outbox
	wallet  *payoutWallet // nil without a wallet
	miner   string        // to whom this node's own hashes are credited; empty is the operator
	every   uint64        // blocks from one payment to the next
	batches batchList
	watch   payoutWatch

	byHand    func() (int, string) // see payout.Outbox
	verifying sync.Mutex           // held over a verification
	verified  atomic.Pointer[verification]
	turn      chan struct{} // has something in it while an owner's figures are read
}

// openPayouts opens the books, where payouts are on or were on once, and has each share from
// now on carry the policy of now. A node that can't open them does not start with payouts
// on: what rigs do would be owed to nobody.
func (n *Node) openPayouts() error {
	c := n.config.Payout
	if c.Scheme == "" {
		if _, err := os.Stat(n.config.PayoutsPath()); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	if n.ledger == nil || n.journal == nil {
		if c.Scheme == "" {
			return nil
		}
		return errors.New("key payout.scheme: payouts need the journal of found blocks and the rigs' ledger, which could not be opened: do what the log says of them, or start without payout.scheme")
	}
	books, err := payout.Open(payout.Config{Path: n.config.PayoutsPath(), Log: n.log})
	if err != nil && c.Scheme == "" {
		n.log.Error("payouts are off, and the books of former ones can't be read", "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w; without payout.scheme the node starts, and what rigs find is the operator's", err)
	}
	p := &payouts{
		on: c.Scheme != "", books: books, chain: &payoutChain{n.bytom.chain}, shares: payout.FromLedger(n.ledger),
		turn: make(chan struct{}, 1),
	}
	n.payouts = p
	if p.miner, err = n.minerOwner(); err != nil {
		return err
	}
	if err := n.claim(books.Claim); err != nil {
		return err
	}
	if err := n.openPolicy(p); err != nil {
		return err
	}
	n.ledger.SetPolicy(p.policy.ID)
	p.settler = payout.NewSettler(books, p.shares, p.chain, n.payoutCandidates)
	n.openOutbox(p)
	from, err := books.KeepFrom(p.shares.ID())
	if err != nil {
		return err
	}
	n.ledger.Keep(from) // Before it runs, which begins with deleting what is old.
	return n.logPayouts()
}

// openPolicy has the settings' policy in force. What an open window of pplns would still have
// paid ends with that scheme: half of it on average, as its shares are of all ages.
func (n *Node) openPolicy(p *payouts) error {
	former, err := p.books.Policies()
	if err != nil {
		return err
	}
	c := n.config.Payout
	if last := len(former) - 1; last >= 0 && former[last].Scheme == payout.PPLNS && c.Scheme != payout.PPLNS {
		n.log.Warn("the scheme is pplns no more: what the shares in its window would still have been paid is not paid, unless it comes back",
			"on_average", formatDecimal(uint64(former[last].WindowMilli)/2, 3)+" blocks")
	}
	if p.on {
		p.policy, err = p.books.SetPolicy(c.policy())
	}
	return err
}

// policy is what the settings say.
func (c *PayoutConfig) policy() payout.Policy {
	p := payout.Policy{Scheme: c.Scheme, FeeBP: uint32(c.FeeBP), Least: c.Least}
	switch c.Scheme {
	case payout.PPLNS:
		p.WindowMilli = uint32(c.WindowMilli)
	case payout.DGM:
		p.CMillionths, p.OMillionths = uint32(c.CMillionths), uint32(c.OMillionths)
	case payout.PPS:
		p.Reserve = c.Reserve
	}
	return p
}

// suspiciousFee, in hundredths of a percent, is below what anybody asks who does not ask
// nothing: 0.01 may well be meant as one percent.
const suspiciousFee = 10

// logPayouts says where payouts stand at the start.
func (n *Node) logPayouts() error {
	p := n.payouts
	best, _ := p.chain.Best()
	s, err := p.books.Status(best)
	if err != nil {
		return err
	}
	owed := s.Provisional + s.Payable + s.Transit
	switch {
	case !p.on && owed > 0:
		n.log.Warn("payouts are off, and owners are owed something: what is in transit is followed, and nothing else is paid; payout.scheme turns them on",
			"owed", formatBTM(uint64(owed)), "owners", s.Owners)
	case p.on:
		if fee := p.policy.FeeBP; fee > 0 && fee < suspiciousFee {
			n.log.Warn("payout.fee is in percent: is it meant to be as little as that?", "fee", formatDecimal(uint64(fee), 2)+" %", "of_a_block", formatBTM(consensus.BlockSubsidy(1)*uint64(fee)/10_000))
		}
		n.log.Info("found blocks are split between the owners of rigs", "scheme", p.policy.Scheme, "fee", formatDecimal(uint64(p.policy.FeeBP), 2)+" %",
			"owed", formatBTM(uint64(owed)), "owners", s.Owners)
	}
	return nil
}

// formatBTM is an amount of neu as people write it.
func formatBTM(neu uint64) string { return formatDecimal(neu, 8) + " BTM" }

// openOutbox has owners be paid. Books of former times are brought to their end alone.
func (n *Node) openOutbox(p *payouts) {
	p.every = n.config.Payout.Every
	c := payout.OutboxConfig{
		Books: p.books, Chain: p.chain, Every: p.every, FollowOnly: !p.on, Tell: n.tellPayout, Log: n.log,
		Program: func(owner string) ([]byte, error) { payee, err := parsePayee(owner); return payee.Program, err },
	}
	if b := n.bytom; b.wallet != nil {
		p.wallet = &payoutWallet{b.accounts, b.hsm, payoutPassword(n.config.Payout.PasswordFile)}
		c.Signer, c.Script = p.wallet, p.wallet.script
	}
	p.outbox = payout.NewOutbox(c)
	p.byHand = p.outbox.ByHand
}

// tellPayout sends a notification of what became of a payment.
func (n *Node) tellPayout(news payout.News) {
	note := Notification{Event: payoutEvent(news.Kind), At: time.Now(), Detail: news.Detail}
	switch {
	case news.Owner != "":
		note.Detail = news.Owner + ": " + note.Detail
	default:
		note.Detail = "transaction " + news.Batch.String() + ": " + note.Detail
	}
	n.notify(note)
}

// payoutEvent is the notification of a kind of news.
func payoutEvent(kind string) (event string) {
	switch kind {
	case payout.NewsByHand:
		event = "payout.unsigned"
	case payout.NewsPaid:
		event = "payout.paid"
	case payout.NewsGivenUp:
		event = "payout.given-up"
	case payout.NewsConflict:
		event = "payout.conflict"
	case payout.NewsHeld:
		event = "payout.held"
	}
	return event
}

// runPayouts settles blocks and pays owners until ctx ends.
func (n *Node) runPayouts(ctx context.Context, parts *errgroup.Group) {
	if n.payouts == nil {
		return
	}
	parts.Go(func() error { return n.payouts.settler.Run(ctx, n.settlerWake) })
	parts.Go(func() error { return n.payouts.outbox.Run(ctx, n.outboxWake) })
	if owner := n.payouts.miner; owner != "" {
		parts.Go(func() error { return n.creditMiner(ctx, owner) })
	}
}

// payoutNews marks that the chain or the journal has news. It does not block.
func (n *Node) payoutNews() {
	for _, wake := range []chan struct{}{n.settlerWake, n.outboxWake} {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// close closes the books.
func (p *payouts) close() error {
	if p == nil {
		return nil
	}
	return p.books.Close()
}

// payoutCandidates are the blocks that rigs found, by the journal, and this node's own devices
// where their work is an owner's. What callers of get-work and getblocktemplate find leaves no
// shares, and is the operator's alone.
func (n *Node) payoutCandidates() ([]payout.Candidate, error) {
	fates, err := n.journal.Fates()
	if err != nil {
		return nil, err
	}
	var all []payout.Candidate
	for _, fate := range fates {
		if kind := fate.By.Kind; kind == mining.FoundByRig || kind == mining.FoundByDevice && fate.By.Owner != "" {
			all = append(all, payout.Candidate{
				Hash: fate.ID, Height: fate.Height, At: fate.Found, Finder: fate.By.Name, Owner: fate.By.Owner, Work: fate.By.Work,
				Patience: sharePatience(fate.By), Elsewhere: n.bookedElsewhere(fate.By),
			})
		}
	}
	return all, nil
}

// frontPatience is how long a front may take to bring its shares: so long a network or an engine
// may be away and a block that came another way is still split by the share that made it. After
// that the finder is credited with the block's work, and the share counts for the next.
const frontPatience = time.Hour

// sharePatience is payout.Candidate's Patience of who found a block.
func sharePatience(by mining.Finder) time.Duration {
	if by.Front != "" {
		return frontPatience
	}
	return 0
}

// bookedElsewhere reports whether the ledger has never had a share of the front that brought a block: then another node is
// the front's first, which alone books them, and splits the blocks. The front may be let in no more by now.
func (n *Node) bookedElsewhere(by mining.Finder) bool {
	front, ok := n.frontOf(by)
	return ok && !n.ledger.BookedFrom(front.String())
}
