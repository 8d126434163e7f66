package table

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
)

// Payouts prints where payouts stand.
func Payouts(out io.Writer, s node.PayoutStats) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	scheme := "-"
	if s.Status.Policy.ID > 0 {
		scheme = terms(s.Status.Policy)
	}
	if s.Off {
		scheme = "off, last " + scheme
	}
	fmt.Fprintf(w, "scheme\t%s\n", scheme)
	if s.Status.Stopped != "" {
		fmt.Fprintf(w, "stopped\t%s\n", s.Status.Stopped)
	}
	fmt.Fprintf(w, "owed\t%s provisional, %s payable, %s in transit\n", payout.BTM(s.Status.Provisional), payout.BTM(s.Status.Payable), payout.BTM(s.Status.Transit))
	fmt.Fprintf(w, "paid\t%s so far\n", payout.BTM(s.Status.Paid))
	fmt.Fprintf(w, "there\t%s immature, %s spendable\n", payout.BTM(s.Status.Immature), payout.BTM(s.Status.Spendable))
	fmt.Fprintf(w, "operator\t%s of fees, %s by his shares and the scheme less what he took, and %s paid to the network\n", payout.BTM(s.Status.Fees), payout.BTM(s.Status.Reserve), payout.BTM(s.Status.TxFees))
	if s.Status.Uncovered > 0 {
		fmt.Fprintf(w, "uncovered\t%s more are owed than are there\n", payout.BTM(s.Status.Uncovered))
	}
	if s.Status.Ruin != nil {
		fmt.Fprintf(w, "ruin\t%.3g is the probability that the reserve is ever used up\n", *s.Status.Ruin)
	}
	fmt.Fprintf(w, "owners\t%d, of whom %d have the least payment of %s payable\n", s.Status.Owners, s.Status.Due, BTM(s.Status.Policy.Least))
	if s.Every > 0 && !s.Off {
		fmt.Fprintf(w, "next\t%s; each %d blocks owners are paid\n", nextPayment(s), s.Every)
	}
	if s.ByHand {
		fmt.Fprintln(w, "sign\ta payment waits for its signature: 'bytom-solo payouts sign'")
	}
	if s.Status.Held > 0 {
		fmt.Fprintf(w, "held\t%d owners can't be paid: 'bytom-solo payouts owners' says why\n", s.Status.Held)
	}
	for _, note := range s.Status.Notes[max(0, len(s.Status.Notes)-5):] {
		fmt.Fprintf(w, "note\t%s  %s\n", note.At.Local().Format(time.DateTime), note.Text)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := splits(out, s.Blocks); err != nil {
		return err
	}
	return batches(out, s.Batches)
}

// nextPayment says when the next one is.
func nextPayment(s node.PayoutStats) string {
	switch {
	case s.Status.Stopped != "":
		return "no payment while payouts are stopped"
	case s.NextAt == 0:
		return "no payment, as nothing is due"
	default:
		return fmt.Sprintf("payment at height %d", s.NextAt)
	}
}

func splits(out io.Writer, blocks []node.PayoutBlock) error {
	if len(blocks) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nHEIGHT\tFOUND\tSCHEME\tOWNERS\tREWARD\tOPERATOR\tMONEY\t")
	for _, b := range blocks {
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", b.Height, b.Found.Local().Format(time.DateTime), b.Scheme, b.Owners,
			BTM(b.Reward), BTM(b.Fee+b.Rest+b.Own), b.Stage, b.Note)
	}
	return w.Flush()
}

func batches(out io.Writer, list []node.PayoutBatch) error {
	if len(list) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nPAYMENT\tSTATE\tOWNERS\tAMOUNT\tFEE\tHEIGHT\tTRANSACTION")
	for _, b := range list {
		height := "-"
		if b.Height > 0 {
			height = fmt.Sprint(b.Height)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n", b.At.Local().Format(time.DateTime), b.State, b.Owners, BTM(b.Amount), BTM(b.Fee), height, b.ID)
	}
	return w.Flush()
}

// Owners prints owners, those with the most due first.
func Owners(out io.Writer, owners []payout.Owner) error {
	if len(owners) == 0 {
		_, err := fmt.Fprintln(out, "nobody is owed anything yet")
		return err
	}
	owners = slices.Clone(owners)
	slices.SortStableFunc(owners, func(a, b payout.Owner) int {
		return cmp.Compare(b.Provisional+b.Payable+b.Transit, a.Provisional+a.Payable+a.Transit)
	})
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OWNER\tPROVISIONAL\tPAYABLE\tIN TRANSIT\tPAID\t")
	for _, o := range owners {
		note := o.Held
		if o.Overpaid > 0 {
			note = "was paid " + BTM(o.Overpaid) + " for blocks that were lost"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", o.Owner, BTM(o.Provisional), BTM(o.Payable), BTM(o.Transit), BTM(o.Paid), note)
	}
	return w.Flush()
}

// Explanation prints why each owner got what of a block.
func Explanation(out io.Writer, e node.PayoutExplanation) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "block\t%d %s\n", e.Height, e.Hash)
	fmt.Fprintf(w, "found\t%s by %s\n", e.Found.Local().Format(time.DateTime), dash(e.Finder))
	fmt.Fprintf(w, "money\t%s\n", e.Stage)
	fmt.Fprintf(w, "scheme\t%s\n", terms(e.Policy))
	fmt.Fprintf(w, "reward\t%s: %s of fee and %s by the scheme are the operator's, %s are split by shares\n", BTM(e.Reward), BTM(e.Fee), BTM(e.Rest), BTM(e.Reward-e.Fee-e.Rest))
	if e.Own > 0 {
		fmt.Fprintf(w, "own\t%s of that are the operator's too, by shares of his own\n", BTM(e.Own))
	}
	fmt.Fprintf(w, "shares\t%d to %d, %.4f expected blocks%s\n", e.First, e.Last, e.Blocks, fullness(e))
	if e.Note != "" {
		fmt.Fprintf(w, "note\t%s\n", e.Note)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OWNER\tSHARES\tEXPECTED BLOCKS\tOF THE WORK\tWEIGHT\tEXACTLY, IN NEU\tAMOUNT")
	for _, r := range e.Reasons {
		weight := "-" // Scores have none.
		if r.Exact != "" {
			weight = fmt.Sprintf("%.4f %%", 100*r.OfBlock)
		}
		fmt.Fprintf(w, "%s\t%d\t%.6f\t%.4f %%\t%s\t%s\t%s\n", cmp.Or(r.Owner, "the operator"), r.Shares, r.Blocks, 100*r.OfWork, weight,
			dash(r.Exact), BTM(r.Amount))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return because(out, e)
}

// because says why the amounts are not simply by the work.
func because(out io.Writer, e node.PayoutExplanation) (err error) {
	switch e.Policy.Scheme {
	case payout.PPLNS:
		_, err = fmt.Fprintln(out, "\nThe weight is the work, of which the share that won counts half, and the oldest by a fraction.")
	case payout.DGM:
		_, err = fmt.Fprintln(out, "\nThe work is that since the block before. The amounts are by the scores, in which older work counts too.")
	case payout.PPS:
		_, err = fmt.Fprintln(out, "\nBy pps the block is the operator's, who has paid for the shares already.")
	}
	return err
}

func terms(p payout.Policy) string {
	text := fmt.Sprintf("%s, fee %g %%", p.Scheme, float64(p.FeeBP)/100)
	switch p.Scheme {
	case payout.PPLNS:
		text += fmt.Sprintf(", X = %g blocks", float64(p.WindowMilli)/1000)
	case payout.DGM:
		text += fmt.Sprintf(", c = %g, o = %g", float64(p.CMillionths)/1e6, float64(p.OMillionths)/1e6)
	}
	return text
}

func fullness(e node.PayoutExplanation) string {
	if e.Policy.Scheme == payout.PPLNS && !e.Full {
		return "; the window is not full, so what there is shares all of it"
	}
	return ""
}

// Verification prints what a verification found.
func Verification(out io.Writer, r payout.Report) error {
	fmt.Fprintf(out, "%d blocks were split, %d of them come out the same again to the last neu\n", r.Blocks, r.Verified)
	if len(r.Gone) > 0 {
		fmt.Fprintf(out, "of %d what they were split by is kept no longer, the first at height %d\n", len(r.Gone), r.Gone[0])
	}
	if len(r.Forgotten) > 0 {
		fmt.Fprintf(out, "%d left the main chain, and the node has them no more, the first at height %d: nothing of them counts\n", len(r.Forgotten), r.Forgotten[0])
	}
	for _, problem := range r.Problems {
		fmt.Fprintln(out, "wrong:", problem)
	}
	if len(r.Problems) == 0 {
		_, err := fmt.Fprintln(out, "balances, entries and the chain agree")
		return err
	}
	return nil
}

// Preview prints what would be paid now.
func Preview(out io.Writer, p node.PayoutPreview) error {
	if p.Stopped != "" {
		fmt.Fprintln(out, "payouts are stopped:", p.Stopped)
	}
	if len(p.Batches) == 0 {
		fmt.Fprintln(out, "nothing can be paid now: no owner has the least payment payable, or no reward can be spent yet; see 'bytom-solo payouts status'")
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, b := range p.Batches {
		fmt.Fprintf(w, "transaction %d\t%d inputs, %s to %d owners, %s to the network, %s back to the operator\n", i+1, b.Inputs, BTM(b.Amount), len(b.Payments), BTM(b.Fee), BTM(b.Change))
		for _, payment := range b.Payments {
			fmt.Fprintf(w, "  %s\t%s\n", payment.Owner, BTM(payment.Amount))
		}
	}
	for _, o := range p.Held {
		fmt.Fprintf(w, "held %s\t%s: %s\n", o.Owner, BTM(o.Payable), o.Held)
	}
	if p.Unpaid > 0 {
		fmt.Fprintf(w, "not covered\t%s are due, and wait for rewards that can be spent\n", BTM(p.Unpaid))
	}
	return w.Flush()
}
