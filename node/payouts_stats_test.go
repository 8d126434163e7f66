package node

import (
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/payout"
)

// heightAlone is a chain of which no more is asked than how high it is.
type heightAlone struct {
	payout.Chain
	height uint64
}

func (c heightAlone) Best() (uint64, bc.Hash) { return c.height, bc.Hash{} }

// TestWhenOwnersArePaid: a height is named only if something is due there.
func TestWhenOwnersArePaid(t *testing.T) {
	for _, c := range []struct {
		name    string
		height  uint64
		stopped string
		off     bool
		due     bool
		from    uint64
		want    uint64
	}{
		{"nothing is owed", 100, "", false, false, 0, 0},
		{"something is due", 100, "", false, true, 0, 110},
		{"due, and more comes later", 100, "", false, true, 150, 110},
		{"due at a height of payments, which is past", 110, "", false, true, 0, 120},
		{"it becomes payable", 100, "", false, false, 155, 160},
		{"it becomes payable at a height of payments", 100, "", false, false, 150, 150},
		{"it was to be payable, and is not yet", 170, "", false, false, 155, 180},
		{"stopped", 100, "by hand", false, true, 0, 0},
		{"off", 100, "", true, true, 0, 0},
	} {
		p := &payouts{on: !c.off, every: 10, chain: heightAlone{height: c.height}}
		if got := p.next(c.stopped, c.due, c.from); got != c.want {
			t.Errorf("%s: %d, expected %d", c.name, got, c.want)
		}
	}
}

// TestWhenAnOwnerIsDue: by what is payable, or once enough of what is provisional is.
func TestWhenAnOwnerIsDue(t *testing.T) {
	credits := []OwnerCredit{{Height: 70, Amount: 50, Stage: "provisional"}, {Height: 65, Amount: 500, Stage: "reversed"}, {Height: 60, Amount: 30, Stage: "provisional"}, {Height: 9, Amount: 900, Stage: "paid"}}
	for _, c := range []struct {
		name    string
		owner   payout.Owner
		credits []OwnerCredit
		due     bool
		from    uint64
	}{
		{"payable", payout.Owner{Payable: 80}, credits, true, 0},
		{"held", payout.Owner{Payable: 80, Held: "why"}, credits, false, 0},
		{"by the first", payout.Owner{Payable: 50}, credits, false, 159},
		{"by both", payout.Owner{Payable: 49}, credits, false, 169},
		{"by both, to the last neu", payout.Owner{}, credits, false, 169},
		{"not, as it was overpaid", payout.Owner{Overpaid: 1}, credits, false, 0},
		{"nothing is to come", payout.Owner{Payable: 79}, nil, false, 0},
	} {
		if due, from := dueFrom(c.owner, c.credits, 80); due != c.due || from != c.from {
			t.Errorf("%s: %v, from %d, expected %v, %d", c.name, due, from, c.due, c.from)
		}
	}
}

// TestWhereAnOwnersCreditsAre: what is paid is the oldest, whichever blocks' money paid it.
func TestWhereAnOwnersCreditsAre(t *testing.T) {
	for _, c := range []struct {
		owner payout.Owner
		want  string
	}{
		{payout.Owner{}, "provisional paid reversed paid paid"},
		{payout.Owner{Transit: 60}, "provisional in transit reversed paid paid"},
		{payout.Owner{Transit: 100}, "provisional in transit reversed in transit paid"},
		{payout.Owner{Payable: 60, Transit: 40}, "provisional payable reversed in transit paid"},
		{payout.Owner{Payable: 70, Transit: 30}, "provisional payable reversed payable paid"},
		{payout.Owner{Payable: 30, Transit: 80}, "provisional payable reversed in transit in transit"},
	} {
		credits := []OwnerCredit{{Amount: 90, Stage: "provisional"}, {Amount: 60, Stage: "payable"}, {Amount: 20, Stage: "reversed"}, {Amount: 40, Stage: "withdrawn"}, {Amount: 50, Stage: "in transit"}}
		byBalance(c.owner, credits)
		var got []string
		for _, credit := range credits {
			got = append(got, credit.Stage)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v, expected %s", c.owner, got, c.want)
		}
	}
}
