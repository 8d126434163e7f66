package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/node"
)

func newRigsCommand(config *node.Config) *cobra.Command {
	file, days, asJSON := "", 0.0, false
	cmd := &cobra.Command{
		Use:   "rigs",
		Short: "List the rigs that mine for this node by Stratum, and what they did",
		Long: `List the rigs that mine for this node by Stratum, and what they did.

The running node is asked; where none answers, the ledger in its home directory is
read. A hashrate is the accepted shares' work by the time, times without a
connection included. With --days: the work of so many days, the blocks that it was to
find on average, those that it found, their ratio, which is the luck, and each rig's
part of the work.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := listRigs(cmd, config, file, days)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			if days > 0 {
				return printContributions(cmd.OutOrStdout(), list, time.Now())
			}
			return printRigs(cmd.OutOrStdout(), list, time.Now())
		},
	}
	registerNode(cmd, config)
	cmd.Flags().StringVar(&file, "file", "", "read this ledger file, and ask no node")
	cmd.Flags().Float64Var(&days, "days", 0, "tell what was done in the last so many days; 0 is since each rig's first login")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// listRigs asks the running node, or reads the file where none answers.
func listRigs(cmd *cobra.Command, config *node.Config, path string, days float64) (list node.RigList, err error) {
	var away error
	if path == "" {
		away = askHome(cmd, config, node.RigsRoute, map[string]float64{"days": days}, &list)
		if !errors.Is(away, errNodeAway) {
			return list, away
		}
		config.Bytom.RootDir = config.Home(os.LookupEnv)
		path = config.LedgerPath()
	}
	l, err := ledger.Read(path)
	if err != nil {
		return list, unread(away, "ledger", err)
	}
	list, err = node.DescribeRigs(l, nil, days, time.Now())
	return list, errors.Join(err, l.Close())
}

func printRigs(out io.Writer, list node.RigList, now time.Time) error {
	if len(list.Rigs) == 0 {
		_, err := fmt.Fprintln(out, "no rig was here yet")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RIG\tADDRESS\tAGENT\tSESSIONS\tDIFFICULTY\t1 MIN\t1 H\t24 H\tACCEPTED\tSTALE\tDUP\tLOW\tINVALID\tBEST\tLAST SHARE\tBLOCKS")
	for _, r := range list.Rigs {
		last := "never"
		if r.Last != nil {
			last = ago(now.Sub(*r.Last).Round(time.Second))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%d\n",
			r.Rig, dash(r.Address), dash(r.Agent), r.Sessions, difficulty(r), hashrate(r.Hashrate.Minute), hashrate(r.Hashrate.Hour),
			hashrate(r.Hashrate.Day), r.Accepted, r.Stale, r.Duplicate, r.Low, r.Invalid, metric(r.Best), last, r.Blocks)
	}
	return w.Flush()
}

func printContributions(out io.Writer, list node.RigList, now time.Time) error {
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

// ago is how long a time is past. One that is still to come was told by a clock that was
// ahead.
func ago(d time.Duration) string {
	if d < 0 {
		return "in " + (-d).String()
	}
	return d.String() + " ago"
}

func hashrate(perSecond float64) string { return metric(perSecond) + "H/s" }

// metric is a number with a prefix: 1234567 is "1.23 M".
func metric(v float64) string {
	prefix := 0
	for ; math.Abs(v) >= 999.5 && prefix < len(prefixes)-1; prefix++ {
		v /= 1000
	}
	text := strconv.FormatFloat(v, 'f', max(0, 2-int(math.Log10(max(1, math.Abs(v))))), 64)
	if prefix == 0 {
		return text + " "
	}
	return text + " " + prefixes[prefix:prefix+1]
}

const prefixes = " kMGTPE"

// difficulty is a rig's, which it has while it is here.
func difficulty(r node.Rig) string {
	if r.Sessions == 0 {
		return "-"
	}
	return metric(r.Difficulty)
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
