package payouts_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// get is what a route answers.
func (p *pool) get(route string) []byte {
	p.t.Helper()
	resp, err := http.Get(p.URL + route)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %s, %v", route, resp.Status, err)
	}
	return raw
}

// agrees holds what is shown of payouts in one place to what is shown elsewhere, to the neu: the
// operator's figures, each owner's, the table and the metrics. Some of it may be of a moment ago.
func (p *pool) agrees(s node.PayoutStats, owners []payout.Owner) {
	p.t.Helper()
	testnet.Wait(p.t, time.Minute, func() error {
		all := []error{p.metricsAgree(s.Status)}
		for _, o := range owners {
			all = append(all, p.ownerAgrees(o))
		}
		return errors.Join(all...)
	})
	table := strings.Join(strings.Fields(p.command("owners")), " ")
	for _, o := range owners {
		row := o.Owner
		for _, neu := range []uint64{o.Provisional, o.Payable, o.Transit, o.Paid} {
			row += " " + payout.BTM(int64(neu))
		}
		if !strings.Contains(table, row) {
			p.t.Errorf("the table of owners lacks %q:\n%s", row, table)
		}
	}
}

func (p *pool) metricsAgree(s payout.Status) (err error) {
	metrics := p.get("/metrics")
	for name, want := range map[string]int64{
		`owed_neu{state="provisional"}`: s.Provisional, `owed_neu{state="payable"}`: s.Payable, `owed_neu{state="in_transit"}`: s.Transit,
		`assets_neu{state="immature"}`: s.Immature, `assets_neu{state="spendable"}`: s.Spendable, `paid_neu`: s.Paid,
		`operator_neu{kind="fee"}`: s.Fees, `operator_neu{kind="reserve"}`: s.Reserve, `network_fees_neu`: s.TxFees,
	} {
		got := 0.0
		_, after, there := bytes.Cut(metrics, []byte("\nbytom_solo_payout_"+name+" "))
		if _, bad := fmt.Sscan(string(after[:min(len(after), 40)]), &got); !there || bad != nil || int64(got) != want {
			err = errors.Join(err, fmt.Errorf("the metric %s is %.0f, %v, expected %d", name, got, bad, want))
		}
	}
	return err
}

// ownerAgrees holds an owner's page to the balances: they are what its blocks brought, less what
// was overpaid, and its payments are what is in transit and paid.
func (p *pool) ownerAgrees(o payout.Owner) error {
	var s node.OwnerStats
	if err := json.Unmarshal(p.get(node.OwnerStatsPrefix+o.Owner), &s); err != nil || s.Owner != o {
		return fmt.Errorf("the owner's page has %+v, %w, expected %+v", s.Owner, err, o)
	}
	credited, sent := uint64(0), uint64(0)
	for _, c := range s.Credits {
		if c.Stage != string(payout.CreditReversed) {
			credited += c.Amount
		}
	}
	for _, payment := range s.Payments {
		switch payment.State {
		case payout.BatchStored, payout.BatchSigned, payout.BatchMined, payout.BatchPaid:
			sent += payment.Amount
		}
	}
	const most = 50 // of each are shown
	all := o.Provisional + o.Payable + o.Transit + o.Paid
	if s.Scheme != payout.PPS && len(s.Credits) < most && credited != all-o.Overpaid {
		return fmt.Errorf("owner %s got %d neu of blocks, expected %d", o.Owner, credited, all-o.Overpaid)
	}
	if len(s.Payments) < most && sent != o.Transit+o.Paid {
		return fmt.Errorf("owner %s was sent %d neu, expected %d", o.Owner, sent, o.Transit+o.Paid)
	}
	return nil
}
