package node

import (
	"fmt"
	"slices"
	"time"
)

// silentAfter of a node is when a front says that there is no news of it, in seconds.
const silentNodeAfter = 30

// fleetFaults are those between a node and its fronts.
func (n *Node) fleetFaults() []faultKind {
	return []faultKind{
		{
			id: "fenced", serious: true, check: func(time.Time) (string, bool) {
				if n.fronts == nil || n.fronts.hub.Fenced() == nil {
					return "", false
				}
				other := n.fronts.hub.Fenced()
				return fmt.Sprintf("its term is %d", other.Term), true
			},
			what: "Another node with this one's key serves the fronts, and books their shares in its ledger",
			do:   "Stop one of the two: a home must not be used twice; then restart the other",
		},
		engineFault(func() (string, bool) {
			if n.fronts == nil {
				return "", false
			}
			reached, detail := n.fronts.engine.State()
			return detail, !reached
		}),
	}
}

// engineFault is that of a node's and of a front's engine.
func engineFault(away func() (string, bool)) faultKind {
	return faultKind{
		id: "engine-away", serious: true, after: 10 * time.Second, check: func(time.Time) (string, bool) { return away() },
		what: "The engine that carries messages between the node and its fronts can't be reached",
		do:   "Check --engine, its server and the network between",
	}
}

// faultKinds are the faults that a front looks for, the worst first.
func (f *Front) faultKinds() []faultKind {
	return slices.Concat([]faultKind{
		{
			id: "node-silent", serious: true, unless: []string{"engine-away"}, check: func(time.Time) (string, bool) {
				silent := silenceOf(f.feed.News())
				return fmt.Sprintf("for %.0f s", silent), silent < 0 || silent >= silentNodeAfter
			},
			what: "There is no news of a node: rigs go on with the work that they have, until it is too old",
			do:   "Check that the node runs, and that --node has its key",
		},
		engineFault(func() (string, bool) {
			reached, detail := f.engine.State()
			return detail, !reached
		}),
		{
			id: "no-work", serious: true, after: 10 * time.Second, unless: []string{"node-silent", "engine-away"}, check: func(time.Time) (string, bool) {
				_, err := f.feed.Current()
				return reasonOf(err), err != nil
			},
			what: "No work is handed out",
			do:   "Do what the reason says",
		},
		{
			id: "outbox", serious: true, after: 5 * time.Second, clear: 5 * time.Second, check: func(time.Time) (string, bool) {
				err := f.outbox.Failing()
				return reasonOf(err), err != nil
			},
			what: "Shares can't be written to this front's disk: rigs wait for their answers",
			do:   "Check the disk, and the file mining/outbox.db",
		},
		{
			id: "node-http", after: time.Minute, unless: []string{"node-silent"}, check: func(time.Time) (string, bool) {
				why := f.ways.why()
				return why, why != ""
			},
			what: "A node can't be reached by HTTP: found blocks go to it by the engine alone",
			do:   "Check the URL and the token in --node, the node's api_addr and rpc.hosts, and the network between",
		},
		{
			id: "shares-kept", after: time.Minute, clear: time.Minute, unless: []string{"engine-away", "node-silent"}, check: func(time.Time) (string, bool) {
				s := f.outbox.Status()
				return fmt.Sprintf("%d entries, %.0f %% of the room", s.Entries, 100*float64(s.Bytes)/float64(s.Most)), s.Entries > manyKept
			},
			what: "The node books this front's shares more slowly than they come",
			do:   "See the node's log: its disk may be slow or full",
		},
	}, f.rigFaults(), f.keepingFaults())
}

// manyKept is from how many entries on a front says that they wait.
const manyKept = 20_000
