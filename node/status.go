package node

import (
	"context"
	"fmt"
	"net"
	"time"
)

func (n *Node) logReady(rpc net.Addr) {
	args := []any{
		"network", n.config.Bytom.ChainID, "height", n.bytom.chain.BestBlockHeight(), "home", n.config.Bytom.RootDir,
		"rpc", "http://" + rpc.String(), "page", "http://" + rpc.String() + PageRoute, "dashboard", "http://" + rpc.String() + "/dashboard/",
		"verifier", n.backends[0].Info().Kernel,
	}
	if expansion := n.backends[0].Info().Expansion; expansion != "" {
		args = append(args, "expansion", expansion)
	}
	if !n.config.Bytom.VaultMode {
		args = append(args, "p2p", n.config.Bytom.P2P.ListenAddress)
	}
	if address, err := n.payees.address(); err == nil {
		args = append(args, "payee", address)
	}
	if n.rigs != nil {
		args = append(args, "stratum", n.rigURL())
	}
	n.log.Info("node is up", args...)
	n.logExposure()
	n.suggestStratum(rpc)
}

// reportStatus logs a line soon after the start, and one a minute from then on.
func (n *Node) reportStatus(ctx context.Context) error {
	next := time.NewTimer(15 * time.Second)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			n.logStatus()
			next.Reset(time.Minute)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (n *Node) logStatus() { n.log.Info("status", n.statusFields()...) }

// perSecond is a hashrate, which by a slow device is a part of one.
func perSecond(hashes float64) string {
	if hashes > 0 && hashes < 1 {
		return fmt.Sprintf("%.2g H/s", hashes)
	}
	return fmt.Sprintf("%.1f H/s", hashes)
}

// statusFields is the node in a line, as names and values.
func (n *Node) statusFields() []any {
	args := []any{"height", n.bytom.chain.BestBlockHeight(), "peers", n.bytom.sync.PeerCount(), "blocks_found", n.submitter.Found()}
	if n.miner.Mining() {
		total := 0.0
		for _, d := range n.miner.Devices() {
			total += d.Hashrate.Minute
		}
		args = append(args, "hashrate", perSecond(total))
	}
	if n.miner.Settings().Paused {
		args = append(args, "paused", true)
	}
	if n.rigs != nil {
		args = append(args, "rigs", n.onlineRigs())
	}
	if t, err := n.generator.Current(); err == nil {
		args = append(args, "txs", len(t.Txs), "hashes_a_block", fmt.Sprintf("%.0f", t.Target.Difficulty()), "payee", t.Payee.Address)
	} else if n.miner.Mining() || n.rigs != nil {
		args = append(args, "no_work", err)
	}
	if wrong := n.clock.suspect(); wrong != "" {
		args = append(args, "clock", wrong)
	}
	if lost := n.payees.lost(); lost != "" {
		args = append(args, "payee_lost", lost)
	}
	return args
}
