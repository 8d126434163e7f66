package rig

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestStatusLine has all that a status line may say, and what it leaves out.
func TestStatusLine(t *testing.T) {
	rate := mining.Hashrate{Ten: 1, Minute: 2, Quarter: 3.25}
	one := []DeviceStatus{{Name: "cpu", Hashrate: rate}}
	for _, test := range []struct {
		name   string
		status Status
		want   string
	}{
		{"nothing yet", Status{}, `hashrate="0.0/0.0/0.0 H/s" accepted=0 rejected=0`},
		{"shares of all kinds", Status{
			Hashrate: rate, Devices: one, Blocks: 64,
			Shares: Shares{Accepted: 1, Stale: 2, Duplicate: 4, Low: 8, Rejected: 16, Unanswered: 32, Lost: 3},
		}, `hashrate="1.0/2.0/3.2 H/s" accepted=1 rejected=30 stale=2 duplicate=4 low=8 lost=3 unanswered=32 blocks=64`},
		{"one refusal", Status{Shares: Shares{Low: 1}}, `hashrate="0.0/0.0/0.0 H/s" accepted=0 rejected=1 low=1`},
		{"a pool's work", Status{
			Source: SourceStatus{Kind: kindStratum, Server: "pool:1"}, Work: &WorkStatus{Height: 7, Difficulty: 100, NetworkDifficulty: 2000},
		}, `hashrate="0.0/0.0/0.0 H/s" accepted=0 rejected=0 height=7 hashes_a_block=2000 hashes_a_share=100 server=pool:1`},
		{"a node's work", Status{
			Source: SourceStatus{Kind: kindTemplates, Server: "node:1"}, Work: &WorkStatus{Height: 7, Difficulty: 2000, NetworkDifficulty: 2000},
		}, `hashrate="0.0/0.0/0.0 H/s" accepted=0 rejected=0 height=7 hashes_a_block=2000`},
		{"two devices", Status{
			Hashrate: rate, Devices: append([]DeviceStatus{{Name: "gpu"}}, one...),
		}, `hashrate="1.0/2.0/3.2 H/s" accepted=0 rejected=0 gpu="0.0/0.0/0.0 H/s" cpu="1.0/2.0/3.2 H/s"`},
		{"one of two has failed", Status{
			Hashrate: rate, Devices: append([]DeviceStatus{{Name: "gpu", Failed: "wrong"}}, one...),
		}, `hashrate="1.0/2.0/3.2 H/s" accepted=0 rejected=0 gpu=stopped cpu="1.0/2.0/3.2 H/s"`},
		{"the only one has failed", Status{Devices: []DeviceStatus{{Name: "gpu", Failed: "wrong"}}},
			`hashrate="0.0/0.0/0.0 H/s" accepted=0 rejected=0 gpu=stopped`},
	} {
		var log logText
		slog.New(slog.NewTextHandler(&log, nil)).Info("status", statusArgs(test.status)...)
		if _, got, _ := strings.Cut(strings.TrimSpace(log.String()), "msg=status "); got != test.want {
			t.Errorf("%s:\n%s, expected\n%s", test.name, got, test.want)
		}
	}
}

// TestNewWorkIsLogged where the tip or the difficulty is another, and not for each job.
func TestNewWorkIsLogged(t *testing.T) {
	var log logText
	r := New(Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	var last *work
	for i, job := range []struct {
		tip   byte
		share float64
		lines int
	}{{1, 100, 1}, {1, 100, 1}, {2, 100, 2}, {2, 100, 2}, {2, 200, 3}, {2, 200, 3}, {3, 100, 4}} {
		w := newWork(types.BlockHeader{Version: 1, Bits: noneMeets, PreviousBlockHash: bc.NewHash([32]byte{job.tip})}, [32]byte{}, newNonces(allNonces, 0))
		w.share = wire.TargetFor(job.share)
		r.logWork(w, last)
		last = w
		if n := strings.Count(log.String(), "new work"); n != job.lines {
			t.Errorf("job %d: %d lines, expected %d:\n%s", i, n, job.lines, &log)
		}
	}
}
