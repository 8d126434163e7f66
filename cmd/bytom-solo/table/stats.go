package table

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
)

// Stats prints what a node and its rigs did, and what they can hope for, in 80 columns. On a
// terminal the rigs' days are drawn in blocks, and long names are cut; other programs get them
// whole.
func Stats(out io.Writer, s node.Stats, rigs node.RigStatsList, terminal bool) error {
	if s.Node != "" {
		fmt.Fprint(out, s.Node, ", ")
	}
	fmt.Fprintf(out, "%s, height %d, %s\n", s.Network, s.Height, standing(s))
	if s.NotReady != nil {
		fmt.Fprintf(out, "no work is handed out: %s\n", *s.NotReady)
	}
	for _, f := range s.Faults {
		fmt.Fprintf(out, "wrong since %s: %s. %s.\n", local(f.Since), f.What, f.Do)
	}
	if err := fleet(out, s); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := windows(out, s); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := Prospects(out, s); err != nil || len(rigs.Rigs) == 0 {
		return err
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RIG\tSTATE\t1 H\t24 H\tTHE LAST 24 HOURS")
	for _, r := range rigs.Rigs {
		name := r.Rig
		if terminal {
			name = ending(name, rigName)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", name, shortState(r.State, r.Since, rigs.At), figure(r.Hashrate.Hour, hashrate),
			figure(r.Hashrate.Day, hashrate), sparkline(hourly(r.Day), terminal))
	}
	return w.Flush()
}

// rigName is the room for a rig's name where all of a line is to fit into 80 columns.
const rigName = 14

// minutes is a time without its seconds, as time.DateTime has them.
const minutes = "2006-01-02 15:04"

// ending is a text's end, with a mark for what is cut off: rigs of one login differ there.
func ending(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return "…" + string(r[len(r)-most+1:])
	}
	return text
}

// shortState is state without the seconds of hours.
func shortState(s node.RigState, since *time.Time, now time.Time) string {
	if since != nil && now.Sub(*since) >= time.Hour {
		return strings.TrimSuffix(state(s, since, since.Add(now.Sub(*since).Round(time.Minute))), "0s")
	}
	return state(s, since, now)
}

// hourly are the means of each two values, of half an hour each; nil where neither is known.
func hourly(halves []*float64) []*float64 {
	hours := make([]*float64, 0, (len(halves)+1)/2)
	for pair := range slices.Chunk(halves, 2) {
		sum, known := 0.0, 0
		for _, v := range pair {
			if v != nil {
				sum, known = sum+*v, known+1
			}
		}
		if known == 0 {
			hours = append(hours, nil)
			continue
		}
		mean := sum / float64(known)
		hours = append(hours, &mean)
	}
	return hours
}

// windows prints what was done over each time.
func windows(out io.Writer, s node.Stats) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OVER\tHASHRATE\tDEVICES\tRIGS\t± RIGS\tBLOCKS\tEXPECTED\tSO FEW")
	for _, line := range []struct {
		name string
		node.HashrateWindow
	}{{"5 min", s.Hashrate.Now}, {"1 h", s.Hashrate.Hour}, {"24 h", s.Hashrate.Day}, {"7 d", s.Hashrate.Week}} {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%.3g\t%s\n", line.name, figure(line.Hashrate, hashrate), figure(line.Devices, hashrate),
			figure(line.Rigs, hashrate), figure(line.Band, percent), line.Blocks, line.Expected, figure(line.ChanceOfFewer, percent))
	}
	return w.Flush()
}

// Prospects prints what the work has come to, and what it can hope for.
func Prospects(out io.Writer, s node.Stats) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	effort, odds, chances, best, blocks := "-", "-", "-", "-", fmt.Sprint(s.Blocks.Found)
	if e := s.Effort; e != nil {
		since := e.Since.Local().Format("since the history began, " + time.DateOnly)
		if e.AfterBlock {
			since = e.Since.Local().Format("since the block, " + minutes)
		}
		effort = fmt.Sprintf("%s %s: %s take more", percent(e.Value), since, percent(e.Chance))
	}
	if o := s.Odds; o != nil {
		odds = fmt.Sprintf("every %s on average, at the present hashrate", roughly(o.Expected))
		chances = fmt.Sprintf("a day %s, a month %s, a year %s", percent(o.Day), percent(o.Month), percent(o.Year))
	}
	if b := s.BestShare; b != nil {
		best = fmt.Sprintf("%s of %s, by %s", number(b.Difficulty), figure(s.Difficulty, number), b.Rig)
	}
	if last := s.Blocks.Last; last != nil {
		blocks += fmt.Sprintf(", the latest at %s, height %d, effort %s", last.At.Local().Format(minutes), last.Height, figure(last.Effort, percent))
	}
	fmt.Fprintf(w, "effort\t%s\n", effort)
	if len(s.Luck) == 0 {
		fmt.Fprintln(w, "luck\t-")
	}
	for _, l := range s.Luck {
		found := fmt.Sprintf("%d blocks", l.Blocks)
		if l.Blocks == 1 {
			found = "1 block"
		}
		fmt.Fprintf(w, "luck\t%s: %s, %.3g expected; %s do no better\n", percent(l.Ratio), found, l.Expected, percent(l.Chance))
	}
	fmt.Fprintf(w, "a block\t%s\nchance\t%s\nbest share\t%s\nblocks\t%s\n", odds, chances, best, blocks)
	return w.Flush()
}

// figure is a figure as text, "-" where it is not known.
func figure(v *float64, text func(float64) string) string {
	if v == nil {
		return "-"
	}
	return text(*v)
}

// number is a metric without a unit.
func number(v float64) string { return strings.TrimSpace(metric(v)) }

func local(t time.Time) string { return t.Local().Format(time.DateTime) }

// percent is a part of 1: 0.123 is "12.3 %".
func percent(part float64) string {
	switch {
	case part >= 0.9995 && part < 1:
		return "over 99.9 %"
	case part > 0 && part < 1e-5:
		return "under 0.001 %"
	case part >= 10:
		return fmt.Sprintf("%.0f %%", 100*part)
	}
	return fmt.Sprintf("%.3g %%", 100*part)
}

// roughly is a time of so many seconds in a unit of its size: "3.2 days".
func roughly(seconds float64) string {
	for _, unit := range []struct {
		name    string
		seconds float64
	}{{"years", 365 * 86400}, {"days", 86400}, {"hours", 3600}, {"minutes", 60}} {
		if seconds >= 2*unit.seconds {
			return fmt.Sprintf("%.3g %s", seconds/unit.seconds, unit.name)
		}
	}
	return fmt.Sprintf("%.3g seconds", seconds)
}
