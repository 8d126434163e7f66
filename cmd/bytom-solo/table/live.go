package table

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/rig"
)

// RigHashrates prints a rig's hashrates, each device's and all devices'.
func RigHashrates(out io.Writer, s rig.Status) error {
	w := newHashrates(out)
	for _, d := range s.Devices {
		w.device(d.Name, d.Hashrate, d.Failed+d.Trouble)
	}
	if len(s.Devices) > 1 {
		w.device("all", s.Hashrate, "")
	}
	return w.Flush()
}

// NodeHashrates prints a node's hashrates, each device's and the rigs'.
func NodeHashrates(out io.Writer, devices []mining.DeviceStatus, s node.Stats) error {
	w := newHashrates(out)
	for _, d := range devices {
		if d.Used {
			w.device(d.Name, d.Hashrate, d.Failed+d.Trouble)
		}
	}
	if s.Rigs != nil {
		fmt.Fprintf(w, "%d rigs\t\t\t%s\tby their shares of 5 min\n", s.Rigs.Online, figure(s.Hashrate.Now.Rigs, hashrate))
	}
	return w.Flush()
}

// hashrates is a table of them.
type hashrates struct{ *tabwriter.Writer }

func newHashrates(out io.Writer) hashrates {
	w := hashrates{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	fmt.Fprintln(w, "DEVICE\t10 S\t1 MIN\t15 MIN\t")
	return w
}

func (w hashrates) device(name string, h mining.Hashrate, trouble string) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", name, hashrate(h.Ten), hashrate(h.Minute), hashrate(h.Quarter), trouble)
}

// RigResults prints what became of a rig's shares, by device.
func RigResults(out io.Writer, s rig.Status) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tACCEPTED\tSTALE\tREFUSED\tLOST\tUNANSWERED\tBEST SHARE")
	for _, d := range s.Devices {
		best := "-"
		if d.Best > 0 {
			best = number(d.Best)
		}
		n := d.Shares
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%s\n", d.Name, n.Accepted, n.Stale, n.Duplicate+n.Low+n.Rejected, n.Lost, n.Unanswered, best)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	takes := "-"
	if s.Work != nil {
		takes = number(s.Work.NetworkDifficulty)
	}
	_, err := fmt.Fprintf(out, "blocks %d, hashes of accepted shares %s, a block takes %s\n", s.Blocks, number(s.AcceptedDifficulty), takes)
	return err
}
