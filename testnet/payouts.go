package testnet

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// payoutState is what a node says of its payouts, as far as it is looked at here.
type payoutState struct {
	Status struct {
		Due     int            `json:"due"`
		Blocks  map[string]int `json:"blocks"`
		Batches map[string]int `json:"batches"`
	} `json:"status"`
}

func (m *Member) payouts(ctx context.Context) (s payoutState, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.URL+"/mining/api/v1/payouts", nil)
	if err != nil {
		return s, err
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return s, fmt.Errorf("node %d splits no blocks: 'up --arg=--payout.scheme=pplns' has it do that", m.Index)
	}
	return s, json.NewDecoder(resp.Body).Decode(&s)
}

// HasSplit is nil once a node has split so many blocks or more between the owners of rigs.
func (n *Network) HasSplit(ctx context.Context, node, blocks int) error {
	m, err := n.ours(node, "split blocks")
	if err != nil {
		return err
	}
	s, err := m.payouts(ctx)
	if err != nil {
		return err
	}
	split := 0
	for _, count := range s.Status.Blocks {
		split += count
	}
	if split < blocks {
		return fmt.Errorf("node %d has split %d blocks, expected %d", node, split, blocks)
	}
	return nil
}

// HasPaid is nil once a node has paid all that is due to owners, by transactions that are in
// blocks, and its books are right by its own verification.
func (n *Network) HasPaid(ctx context.Context, node int) error {
	m, err := n.ours(node, "pay owners")
	if err != nil {
		return err
	}
	s, err := m.payouts(ctx)
	if err != nil {
		return err
	}
	b := s.Status.Batches
	if s.Status.Due > 0 || b["stored"]+b["signed"] > 0 || b["mined"]+b["paid"] == 0 {
		return fmt.Errorf("node %d: %d owners are due a payment, and the payments are %v, expected all of them mined or paid", node, s.Status.Due, b)
	}
	var report struct {
		Problems []string `json:"problems"`
	}
	if err := m.Client().Call(ctx, "/verify-payouts", nil, &report); err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		return fmt.Errorf("node %d: its books of payouts are wrong: %q", node, report.Problems)
	}
	return nil
}
