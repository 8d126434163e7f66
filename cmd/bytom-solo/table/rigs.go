package table

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/node"
)

// Rigs prints what rigs do and did, as of now.
func Rigs(out io.Writer, list node.RigList, now time.Time) error {
	if len(list.Rigs) == 0 {
		_, err := fmt.Fprintln(out, "no rig was here yet")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RIG\tSTATE\tADDRESS\tAGENT\tSESSIONS\tDIFFICULTY\t1 MIN\t1 H\t24 H\tACCEPTED\tSTALE\tDUP\tLOW\tINVALID\tBEST\tLAST SHARE\tBLOCKS")
	for _, r := range list.Rigs {
		last := "never"
		if r.Last != nil {
			last = ago(now.Sub(*r.Last).Round(time.Second))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%d\n",
			r.Rig, state(r.State, r.Since, now), dash(r.Address), dash(r.Agent), r.Sessions, difficulty(r), hashrate(r.Hashrate.Minute), hashrate(r.Hashrate.Hour),
			hashrate(r.Hashrate.Day), r.Accepted, r.Stale, r.Duplicate, r.Low, r.Invalid, metric(r.Best), last, r.Blocks)
	}
	return w.Flush()
}

// Contributions prints each rig's part of the work in the list's days, as of now.
func Contributions(out io.Writer, list node.RigList, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RIG\tHASHRATE\tWORK\tCONTRIBUTION\tEXPECTED BLOCKS\tFOUND\tLUCK\tACCEPTED\tSTALE\tDUP\tLOW\tINVALID\tBEST")
	line := func(name string, first time.Time, t ledger.Tally, contribution float64, luck *float64) {
		seconds := list.Days * 86400
		if since := now.Sub(first).Seconds(); since >= 0 { // Else the clock was ahead then.
			seconds = max(1, min(seconds, since))
		}
		lucky := "-"
		if luck != nil {
			lucky = fmt.Sprintf("%.0f %%", 100**luck)
		}
		fmt.Fprintf(w, "%s\t%s\t%sH\t%.2f %%\t%.4g\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n",
			name, hashrate(t.Work/seconds), metric(t.Work), 100*contribution, t.Expected, t.Blocks, lucky,
			t.Accepted, t.Stale, t.Duplicate, t.Low, t.Invalid, metric(t.Best))
	}
	earliest := now
	for _, r := range list.Rigs {
		if r.Tally == (ledger.Tally{}) {
			continue
		}
		if r.First.Before(earliest) {
			earliest = r.First
		}
		line(r.Rig, r.First, r.Tally, r.Contribution, r.Luck)
	}
	whole := 1.0
	if list.Total.Expected == 0 {
		whole = 0
	}
	line("all, "+strconv.FormatFloat(list.Days, 'g', -1, 64)+" days", earliest, list.Total, whole, list.Luck)
	return w.Flush()
}

// state is what a rig does, and for how long it has.
func state(s node.RigState, since *time.Time, now time.Time) string {
	if since == nil || s == "" {
		return dash(string(s))
	}
	return string(s) + " " + strings.TrimSuffix(ago(now.Sub(*since).Round(time.Second)), " ago")
}

// difficulty is a rig's, which it has while it is here.
func difficulty(r node.Rig) string {
	if r.Sessions == 0 {
		return "-"
	}
	return metric(r.Difficulty)
}
