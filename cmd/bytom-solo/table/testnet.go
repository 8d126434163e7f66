package table

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// Nodes prints the nodes of a local network.
func Nodes(out io.Writer, all []testnet.NodeStatus) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tKIND\tRPC\tP2P\tHEIGHT\tTIP\tPEERS\tPOOL\tADDRESS")
	for _, s := range all {
		kind := "solo"
		if s.Stock {
			kind = "stock"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s:%d\t", s.Index, kind, s.URL, s.IP, s.Port)
		if s.Up {
			fmt.Fprintf(w, "%d\t%.12s\t%d\t%d\t%s\n", s.Height, s.Tip, s.Peers, s.Pool, s.Address)
		} else {
			fmt.Fprintln(w, s.Error)
		}
	}
	return w.Flush()
}

// Fronts prints the fronts of a local network.
func Fronts(out io.Writer, all []testnet.FrontStatus) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FRONT\tRIGS CONNECT TO\tPAGE\tHEIGHT\tSHARES KEPT\tKEY")
	for _, s := range all {
		fmt.Fprintf(w, "%d\tstratum+tcp://%s\t%s/mining/\t", s.Index, s.Stratum, s.URL)
		if s.Up {
			fmt.Fprintf(w, "%d\t%d\t%s\n", s.Height, s.Kept, s.Key)
		} else {
			fmt.Fprintln(w, s.Error)
		}
	}
	return w.Flush()
}

// Funds prints what the accounts of a local network have.
func Funds(out io.Writer, all []testnet.AccountFunds) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tSPENDABLE\tIMMATURE\tADDRESS")
	for _, f := range all {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", f.Node, BTM(f.Spendable), BTM(f.Immature), f.Address)
	}
	return w.Flush()
}

// FakeRigs prints what the rigs of a local network have sent, by their own count.
func FakeRigs(out io.Writer, all []fakerig.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RIG\tNODE\tDIALECT\tCONNECTIONS\tHASHES\tDIFFICULTY\tACCEPTED\tSTALE\tDUP\tLOW\tINVALID\tREFUSED\tGARBAGE\tBLOCKS\tSURPRISES\tERROR")
	for _, r := range all {
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\t%.4g\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d %s\t%s\n", r.Name, r.Node, r.Dialect, r.Connections, r.Hashes,
			r.Difficulty, r.Accepted, r.Stale, r.Duplicate, r.Low, r.Invalid, r.Refused, r.Garbage, r.Blocks, r.Surprises, r.Surprise, r.Error)
	}
	return w.Flush()
}
