package node

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bytom-solo/bytom-solo/payout"
)

// payoutWatch is where payouts stand, as of a look that is not old: faults are looked
// for each second. It is safe for concurrent use.
type payoutWatch struct {
	mu   sync.Mutex
	read lookUp
	last payout.Status
	err  error
}

// lookUp says when the books were last read, and how long that took: the more has ever been
// paid the longer, as they have all of it.
type lookUp struct {
	at      time.Time
	took    time.Duration
	version int // of the books
}

// idleParts is how many times as long as it takes the books are not read again.
const idleParts = 50

// old reports whether books of a version are to be read again: they have changed since.
func (r lookUp) old(now time.Time, version int) bool {
	return r.at.IsZero() || version != r.version && now.Sub(r.at) >= idleParts*r.took
}

// since is a look that ends now, at books that had a version at its start.
func since(start time.Time, version int) lookUp {
	now := time.Now()
	return lookUp{now, now.Sub(start), version}
}

func (w *payoutWatch) status(p *payouts) (payout.Status, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	version, err := p.books.Version()
	if err != nil {
		return w.last, err
	}
	if now := time.Now(); w.err != nil || w.read.old(now, version) {
		best, _ := p.chain.Best()
		w.last, w.err = p.books.Status(best)
		w.read = since(now, version)
	}
	return w.last, w.err
}

// unsignedAfter is how long a batch may wait for its signature.
const unsignedAfter = 45 * time.Second

// payoutFaults are those of payouts.
func (n *Node) payoutFaults() []faultKind {
	check := func(what func(payout.Status) (string, bool)) func(time.Time) (string, bool) {
		return func(time.Time) (string, bool) {
			if n.payouts == nil {
				return "", false
			}
			s, err := n.payouts.watch.status(n.payouts)
			if err != nil {
				return "", false // That is a fault of its own.
			}
			return what(s)
		}
	}
	return []faultKind{
		{
			id: "payouts-stopped", check: check(func(s payout.Status) (string, bool) { return s.Stopped, s.Stopped != "" }),
			what: "Owners of rigs are not paid, as payouts have stopped",
			do:   "See why by 'bytom-solo payouts status', put it right, then 'bytom-solo payouts resume'",
		},
		{
			id: "payouts-failing", after: 10 * time.Second, check: func(time.Time) (string, bool) {
				if n.payouts == nil {
					return "", false
				}
				_, err := n.payouts.watch.status(n.payouts)
				if err == nil {
					err = errors.Join(n.payouts.settler.Failing(), n.payouts.outbox.Failing())
				}
				return reasonOf(err), err != nil
			},
			what: "Blocks are not split, or owners not paid, by an error; their shares and debts are kept",
			do:   "Check the disk and the file mining/payouts.db; the log says why",
		},
		{
			id: "payouts-uncovered", check: check(func(s payout.Status) (string, bool) {
				return formatBTM(uint64(s.Uncovered)), s.Uncovered > 0
			}),
			what: "More is owed to owners than there is of the blocks that were split",
			do:   "Leave the rewards of split blocks where they are, and raise --payout.fee if it does not cover the network's fees",
		},
		{
			id: "payouts-unsigned", after: unsignedAfter, check: func(time.Time) (string, bool) {
				if n.payouts == nil {
					return "", false
				}
				waiting, why := n.payouts.byHand()
				return fmt.Sprintf("%d of them: %s", waiting, why), waiting > 0
			},
			what: "A payment to owners waits to be signed",
			do:   "Give --payout.password-file, or sign it by 'bytom-solo payouts sign'",
		},
		{
			id: "payouts-held", check: check(func(s payout.Status) (string, bool) {
				return fmt.Sprintf("%d owners", s.Held), s.Held > 0
			}),
			what: "Some owners can't be paid, and all others are",
			do:   "See which and why by 'bytom-solo payouts owners'",
		},
	}
}

// payoutMetrics are figures of payouts; none where blocks are not split.
type payoutMetrics struct {
	status                                               func() (payout.Status, bool)
	checked                                              func() *verification // nil without one
	owed, paid, fees, there, operator, uncovered, owners *prometheus.Desc
	blocks, batches, open, verified, problems            *prometheus.Desc
}

func newPayoutMetrics(status func() (payout.Status, bool), checked func() *verification) *payoutMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("bytom_solo_payout_"+name, help, labels, nil)
	}
	return &payoutMetrics{
		status: status, checked: checked,
		owed:  desc("owed_neu", "What owners are owed.", "state"),
		paid:  desc("paid_neu", "What was paid to owners."),
		fees:  desc("network_fees_neu", "What payments to owners cost in fees of the network."),
		there: desc("assets_neu", "What there is of the blocks that were split.", "state"), operator: desc("operator_neu", "The operator's part of the blocks that were split.", "kind"),
		uncovered: desc("uncovered_neu", "By how much more is owed than there is."),
		owners:    desc("owners", "Owners with an account; those who get the next payment; those who can't be paid.", "kind"),
		blocks:    desc("blocks", "Blocks that were split, by where their money is.", "stage"),
		batches:   desc("batches", "Transactions that pay owners.", "state"),
		open:      desc("open_since_timestamp_seconds", "When the oldest payment was made that is not deep in the chain yet; missing without any."),
		verified:  desc("verified_timestamp_seconds", "When the books were last verified; missing before the first time since the start."),
		problems:  desc("problems", "What that verification found wrong."),
	}
}

// Describe satisfies prometheus.Collector.
func (m *payoutMetrics) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.owed, m.paid, m.fees, m.there, m.operator, m.uncovered, m.owners, m.blocks, m.batches, m.open, m.verified, m.problems} {
		c <- d
	}
}

// Collect satisfies prometheus.Collector.
func (m *payoutMetrics) Collect(c chan<- prometheus.Metric) {
	s, ok := m.status()
	if !ok {
		return
	}
	gauge := func(d *prometheus.Desc, v int64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	gauge(m.owed, s.Provisional, "provisional")
	gauge(m.owed, s.Payable, "payable")
	gauge(m.owed, s.Transit, "in_transit")
	gauge(m.there, s.Immature, "immature")
	gauge(m.there, s.Spendable, "spendable")
	gauge(m.operator, s.Fees, "fee")
	gauge(m.operator, s.Reserve, "reserve")
	gauge(m.paid, s.Paid)
	gauge(m.fees, s.TxFees)
	if !s.OpenSince.IsZero() {
		gauge(m.open, s.OpenSince.Unix())
	}
	if v := m.checked(); v != nil {
		gauge(m.verified, v.at.Unix())
		gauge(m.problems, int64(v.problems))
	}
	gauge(m.uncovered, s.Uncovered)
	gauge(m.owners, int64(s.Owners), "all")
	gauge(m.owners, int64(s.Due), "due")
	gauge(m.owners, int64(s.Held), "held")
	for stage, n := range s.Blocks {
		gauge(m.blocks, int64(n), stage)
	}
	for state, n := range s.Batches {
		gauge(m.batches, int64(n), string(state))
	}
}

// lastVerification is what the latest of this run found; nil if there was none.
func (n *Node) lastVerification() *verification {
	if n.payouts == nil {
		return nil
	}
	return n.payouts.verified.Load()
}

// payoutStatus is where payouts stand; false if there are none.
func (n *Node) payoutStatus() (payout.Status, bool) {
	if n.payouts == nil {
		return payout.Status{}, false
	}
	s, err := n.payouts.watch.status(n.payouts)
	return s, err == nil
}
