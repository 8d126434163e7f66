package node

import (
	"fmt"
	"math"
	"net/http"
	"os"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/stratum"
)

// RigsRoute answers with a RigList; its body may ask for {"days": N}.
const RigsRoute = "/list-rigs"

// maxRigDays is more than any ledger goes back.
const maxRigDays = 36500

// Rig is a rig on the LAN: what it did, and what it does now.
type Rig struct {
	ledger.RigTotals
	// Sessions is how many connections it has; 0 while it is away. Difficulty is that
	// of its next share, in hashes.
	Sessions   int     `json:"sessions"`
	Difficulty float64 `json:"difficulty"`
	// State is what it does, and Since when that began: empty and null where that is not
	// known, as while no node runs.
	State RigState   `json:"state"`
	Since *time.Time `json:"since"`
	// Refused are the shares that came too fast to be verified, since the node's start.
	Refused uint64 `json:"refused"`
	// Contribution is its part, 0 to 1, of what all rigs' work was to find.
	Contribution float64 `json:"contribution"`
	// Luck is the found blocks by the expected ones, null without any work.
	Luck *float64 `json:"luck"`
}

// RigList is all rigs and what they did together.
type RigList struct {
	// Days is how far back the figures go, to the hour; 0 is to the rigs' first logins.
	Days float64 `json:"days"`
	Rigs []Rig   `json:"rigs"`
	// Total is of all rigs, those included that are forgotten by now.
	Total ledger.Tally `json:"total"`
	Luck  *float64     `json:"luck"`
}

// DescribeRigs is what a ledger has of the last days, all if that is 0, with what
// their server knows, if one runs.
func DescribeRigs(l *ledger.Ledger, live []stratum.RigStatus, days float64, now time.Time) (RigList, error) {
	if err := checkDays(days); err != nil {
		return RigList{}, err
	}
	list := RigList{Days: days, Rigs: []Rig{}}
	var rows []ledger.Row
	if days > 0 {
		var err error
		if rows, err = l.Rows(now.Add(-time.Duration(days * 24 * float64(time.Hour)))); err != nil {
			return list, err
		}
	}
	byRig := make(map[string]ledger.Tally)
	for _, row := range rows {
		if row.Hour.After(now) {
			continue // The clock was ahead then. When it gets there, they count.
		}
		t := byRig[row.Rig]
		t.Add(row.Tally)
		byRig[row.Rig] = t
		list.Total.Add(row.Tally)
	}
	online := make(map[string]stratum.RigStatus)
	for _, r := range live {
		online[r.Name] = r
	}
	for _, r := range l.Rigs(now) {
		if days > 0 {
			r.Tally = byRig[r.Rig]
		} else {
			list.Total.Add(r.Tally)
		}
		rig := Rig{RigTotals: r, Sessions: online[r.Rig].Sessions, Refused: online[r.Rig].Refused, Luck: luck(r.Tally)}
		if rig.Sessions > 0 {
			rig.Difficulty = online[r.Rig].Difficulty
		}
		list.Rigs = append(list.Rigs, rig)
	}
	list.Luck = luck(list.Total)
	for i := range list.Rigs {
		if list.Total.Expected > 0 {
			list.Rigs[i].Contribution = list.Rigs[i].Expected / list.Total.Expected
		}
	}
	return list, nil
}

func checkDays(days float64) error {
	if !(days >= 0 && days <= maxRigDays) {
		return fmt.Errorf("field days: value %v: expected 0 to %d", days, maxRigDays)
	}
	return nil
}

// luck is the found blocks by the expected ones.
func luck(t ledger.Tally) *float64 {
	l := float64(t.Blocks) / t.Expected
	if math.IsNaN(l) || math.IsInf(l, 0) {
		return nil
	}
	return &l
}

// rigRoute serves what rigs did.
type rigRoute struct {
	ledger *ledger.Ledger
	server *stratum.Server // nil without a port for rigs
	states *rigStates      // nil without a ledger
}

func (r *rigRoute) register(router *mux.Router) {
	router.HandleFunc(RigsRoute, jsonHandler(r.list))
}

func (r *rigRoute) list(req *http.Request) (any, error) {
	var in struct{ Days float64 }
	if err := decodeBody(req, &in); err != nil {
		return nil, err
	}
	if r.ledger == nil {
		return RigList{Days: in.Days, Rigs: []Rig{}}, checkDays(in.Days)
	}
	var live []stratum.RigStatus
	if r.server != nil {
		live = r.server.Rigs()
	}
	list, err := DescribeRigs(r.ledger, live, in.Days, time.Now())
	for i := range list.Rigs {
		if r.states != nil {
			list.Rigs[i].State, list.Rigs[i].Since = r.states.shown(list.Rigs[i].Rig)
		}
	}
	return list, err
}

// openOldLedger opens the ledger of a time when there was a port for rigs, if there is
// one, to be asked.
func (n *station) openOldLedger() error {
	if _, err := os.Stat(n.config.LedgerPath()); err != nil {
		return nil
	}
	return n.openLedger()
}

func (n *station) openLedger() error {
	flush := time.Duration(0) // as usual
	if n.config.Payout.Scheme != "" {
		flush = time.Second // What a kill may cost owners of shares that they were told are accepted.
	}
	n.ledger = ledger.Open(ledger.Config{Path: n.config.LedgerPath(), Flush: flush, Log: n.log})
	now := time.Now()
	n.rigStates = newRigStates(n.ledger.Rigs(now), n.notify, now)
	return n.claim(n.ledger.Claim)
}
