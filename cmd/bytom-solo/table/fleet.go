package table

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
)

// standing is what a node has around it and does itself, or that it is a front.
func standing(s node.Stats) string {
	mining := "its devices do not mine"
	switch {
	case s.Front != nil:
		return "front " + s.Front.Key
	case s.Mining:
		mining = "its devices mine"
	case s.Paused:
		mining = "its devices are paused at its terminal"
	}
	return fmt.Sprintf("%d peers, %s", s.Peers, mining)
}

// fleet prints a front's nodes, or a node's fronts; nothing where there are neither.
func fleet(out io.Writer, s node.Stats) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if f := s.Front; f != nil {
		if f.Engine != nil {
			fmt.Fprintf(out, "the engine can't be reached: %s\n", *f.Engine)
		}
		fmt.Fprintf(out, "%d shares and logins wait here for the node to book them\n\n", f.Kept)
		fmt.Fprintln(w, "NODE\tSILENT FOR\tWORK FOR\tRIGS HAVE IT")
		for _, n := range f.Nodes {
			height, has := fmt.Sprint(n.Height), "no"
			if n.Height == 0 {
				height = "-"
			}
			if n.Served {
				has = "yes"
			} else if n.Why != "" {
				has = "no: " + n.Why
			}
			fmt.Fprintf(w, "%.12s…\t%s\t%s\t%s\n", n.Key, figure(n.Silent, seconds), height, has)
		}
	}
	if len(s.Fronts) > 0 {
		fmt.Fprintln(out)
		fmt.Fprintln(w, "FRONT\tLAST HEARD OF\tBOOKED\tBLOCKS\tKEY")
		for _, f := range s.Fronts {
			seen := "-"
			if f.Seen != nil {
				seen = local(*f.Seen)
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%.12s…\n", f.Name, seen, f.Entries, f.Blocks, f.Key)
		}
	}
	return w.Flush()
}

func seconds(v float64) string {
	return time.Duration(v * float64(time.Second)).Round(time.Second).String()
}
