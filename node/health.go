package node

import (
	"fmt"
	"slices"
	"strings"
)

// stopFaults are those while one of which nothing is mined here, or what is mined is not the
// operator's, or the node's fronts are another's, for good: that one is to be stopped. Others, such
// as a rig's, do not make the node sick, and are told of.
var stopFaults = []string{"payee-mismatch", "payee-lost", "no-payee", "disk-full", "no-peers", "behind", "no-work", nothingMines, "fenced"}

// frontStopFaults are a front's: others leave rigs with work, and keep their shares.
var frontStopFaults = []string{"no-work", "node-silent", "engine-away", "outbox"}

// nothingMines is the fault that there is work that nobody hashes.
const nothingMines = "nothing-mines"

// Health tells whether the node does what it is for, and in one line why not, or what it
// does: there is work on the peers' chain to hand out, no fault stops mining, and what is
// to mine here does. Rigs that are away are not the node's sickness. A line that says that all goes
// on has the serious faults behind it that there are all the same.
func (s Stats) Health() (line string, healthy bool) {
	at := fmt.Sprintf("%s, height %d", s.Network, s.Height)
	stops := stopFaults
	if s.Front != nil {
		stops = frontStopFaults
	}
	for _, f := range s.Faults { // The worst first, each with what it is about.
		if slices.Contains(stops, f.ID) && (f.ID != nothingMines || s.Mining) {
			return oneLine(fmt.Sprintf("%s: %s (%s). %s", at, f.What, f.ID, f.Do)), false
		}
	}
	if s.NotReady != nil { // Not for long enough yet to be listed.
		return oneLine(at + ": " + *s.NotReady), false
	}
	if s.Work == nil {
		return at + ": no work is handed out", false
	}
	line = fmt.Sprintf("%s, %s: work is handed out, for height %d", at, s.neighbours(), s.Work.Height)
	if rate := s.Hashrate.Now.Hashrate; rate != nil {
		line += ", " + perSecond(*rate)
	}
	if s.Rigs != nil {
		line += fmt.Sprintf(", %d rigs", s.Rigs.Online)
	}
	if len(s.Fronts) > 0 { // Whose rigs are not among those.
		line += fmt.Sprintf(", %d fronts", len(s.Fronts))
	}
	for _, f := range s.Faults {
		if f.Serious {
			line += fmt.Sprintf("; but: %s (%s). %s", f.What, f.ID, f.Do)
		}
	}
	return oneLine(line), true
}

// neighbours are whom it has its blocks from: peers, or a front's nodes.
func (s Stats) neighbours() string {
	if s.Front == nil {
		return fmt.Sprintf("%d peers", s.Peers)
	}
	heard := 0
	for _, n := range s.Front.Nodes {
		if n.Silent != nil && *n.Silent < silentNodeAfter {
			heard++
		}
	}
	return fmt.Sprintf("a front, %d of %d nodes heard of, %d shares kept", heard, len(s.Front.Nodes), s.Front.Kept)
}

// oneLine is a text without line ends.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
