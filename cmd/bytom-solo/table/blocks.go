package table

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node"
)

// Blocks prints found blocks, a line each.
func Blocks(out io.Writer, found []node.FoundBlock) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "no block found yet")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HEIGHT\tFOUND\tSTATE\tCONFIRMATIONS\tREWARD\tFOUND BY\tHASH\t")
	for _, f := range found {
		reward, note := "-", f.Reason
		if f.Reward > 0 {
			reward = BTM(f.Reward)
		}
		if f.Winner != "" {
			note = "lost to " + f.Winner
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", f.Height, f.Found.Local().Format(time.DateTime),
			stateOf(f), f.Confirmations, reward, dash(f.FoundBy.String()), f.Hash, note)
	}
	return w.Flush()
}

// Journal prints found blocks, each with the events of its life.
func Journal(out io.Writer, found []node.FoundBlock) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "the journal is empty")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, b := range found {
		fmt.Fprintf(w, "%d %s  %s\n", b.Height, b.Hash, strings.Join(describe(b), ", "))
		for _, e := range b.Events {
			note := e.Detail
			if e.Winner != nil {
				note = "to " + e.Winner.String()
			}
			if e.Best > 0 {
				note = fmt.Sprintf("chain at %d %s", e.Best, note)
			}
			fmt.Fprintf(w, "\t%s\t%s\t%s\n", e.At.Local().Format(time.DateTime+".000"), e.State, note)
		}
	}
	return w.Flush()
}

// describe is what there is to say of a block besides its height and hash.
func describe(b node.FoundBlock) []string {
	parts := []string{stateOf(b), fmt.Sprintf("%d transactions", b.Transactions)}
	if b.Transactions == 1 {
		parts[1] = "1 transaction"
	}
	if b.Reward > 0 {
		parts = append(parts, BTM(b.Reward))
	}
	if b.FoundBy != (mining.Finder{}) {
		parts = append(parts, "found by "+b.FoundBy.String())
	}
	return parts
}

// stateOf is a block's state, as people want to know it.
func stateOf(f node.FoundBlock) string {
	if f.LostToOwn {
		return "lost to own"
	}
	return f.State
}
