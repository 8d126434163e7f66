package testnet

import (
	"context"
	"errors"
	"fmt"
)

// FrontStatus is the state of a front.
type FrontStatus struct {
	*FrontMember
	// Up reports whether it runs and serves rigs. Error says why it does not.
	Up    bool   `json:"up"`
	Error string `json:"error,omitempty"`
	// Height is that of the chain that its work builds on, Kept how many shares and logins wait to
	// be booked.
	Height uint64 `json:"height"`
	Kept   int    `json:"shares_kept"`
}

// FrontStatuses is the state of each front.
func (n *Network) FrontStatuses(ctx context.Context) []FrontStatus {
	all := []FrontStatus{}
	for _, f := range n.Fronts {
		s := FrontStatus{FrontMember: f, Error: "not running"}
		if f.Running() {
			state, err := f.State(ctx)
			s.Up, s.Error, s.Height, s.Kept = err == nil, "", state.Height, state.Front.Kept
			if err != nil {
				s.Error = err.Error()
			}
		}
		all = append(all, s)
	}
	return all
}

// rigTally is what a node's ledger has of a rig.
type rigTally struct {
	Rig      string  `json:"rig"`
	Accepted uint64  `json:"accepted"`
	Work     float64 `json:"work"`
}

// ledger is what a node's ledger has of each rig.
func (c Client) ledger(ctx context.Context) (map[string]rigTally, error) {
	var list struct{ Rigs []rigTally }
	if err := c.Call(ctx, "/list-rigs", struct{}{}, &list); err != nil {
		return nil, err
	}
	all := make(map[string]rigTally, len(list.Rigs))
	for _, r := range list.Rigs {
		all[r.Rig] = r
	}
	return all, nil
}

// HasShares is nil once a node's ledger has so many accepted shares of rigs or more.
func (n *Network) HasShares(ctx context.Context, node int, shares uint64) error {
	m, err := n.ours(node, "count shares")
	if err != nil {
		return err
	}
	booked, err := m.Client().ledger(ctx)
	if err != nil {
		return err
	}
	sum := uint64(0)
	for _, r := range booked {
		sum += r.Accepted
	}
	if sum < shares {
		return fmt.Errorf("node %d has %d shares in its ledger, expected %d", node, sum, shares)
	}
	return nil
}

// IsBooked is nil once the first node's ledger has what rigs know was accepted, those that were
// removed, and no front keeps a share. A share whose answer a rig did not get may be in it.
func (n *Network) IsBooked(ctx context.Context) error {
	if len(n.Rigs) > 0 {
		return errors.New("rigs still mine: 'rigs remove' ends them")
	}
	for _, f := range n.Fronts {
		s, err := f.State(ctx)
		if err != nil {
			return err
		}
		if s.Front.Kept > 0 {
			return fmt.Errorf("%s keeps %d shares and logins", f, s.Front.Kept)
		}
	}
	booked, err := n.Nodes[0].Client().ledger(ctx)
	if err != nil {
		return err
	}
	for _, r := range n.Gone {
		if r.Node != 0 {
			continue
		}
		if got := booked[r.Name].Accepted; got < r.Accepted || got > r.MostBooked() {
			return fmt.Errorf("node 0 has %d shares of rig %s in its ledger, expected %d to %d: some had no answer, or were stale and yet blocks", got, r.Name, r.Accepted, r.MostBooked())
		}
	}
	return nil
}

// HasFound is nil once a node has so many blocks or more on its best chain that rigs of a front
// found.
func (n *Network) HasFound(ctx context.Context, front, blocks int) error {
	f, err := n.front(front)
	if err != nil {
		return err
	}
	var found []struct {
		FoundBy struct{ Front string } `json:"found_by"`
		State   string
	}
	if err := n.Nodes[0].Call("/list-found-blocks", nil, &found); err != nil {
		return err
	}
	have := 0
	for _, b := range found {
		if b.FoundBy.Front == f.Name && (b.State == "main" || b.State == "confirmed" || b.State == "matured") {
			have++
		}
	}
	if have < blocks {
		return fmt.Errorf("the chain has %d blocks of rigs of front %d, expected %d", have, front, blocks)
	}
	return nil
}
