package process_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestHistoryOutlivesAKill has a node mine and stop, mine and be killed, and start again:
// all blocks are in its history, with the work that they took, and so are its starts.
func TestHistoryOutlivesAKill(t *testing.T) {
	t.Parallel() // It mostly waits.
	options := testnet.NodeOptions{Home: t.TempDir(), Args: harness.MineSlowly()}
	for _, end := range []func(*testnet.Node){func(n *testnet.Node) { n.Stop() }, (*testnet.Node).Kill} {
		n := testnet.Start(t, options)
		before := figures(t, n).Blocks.Found
		testnet.Wait(t, 2*time.Minute, func() error {
			if s := figures(t, n); s.Blocks.Found < before+3 || s.Odds == nil {
				return fmt.Errorf("%d blocks after %d", s.Blocks.Found, before)
			}
			return nil
		})
		end(n)
	}
	options.Args = nil
	n := testnet.Start(t, options)
	s := figures(t, n)
	var list node.FoundStatsList
	read(t, n, node.StatsBlocksRoute+"?last=1000", &list)
	measured, expected := 0, 0.0
	for _, b := range list.Blocks {
		if b.Effort != nil {
			measured, expected = measured+1, expected+*b.Effort
		}
	}
	if uint64(list.Total) != s.Blocks.Found || measured != list.Total || expected <= 0 {
		t.Errorf("%d blocks in the history, %d in the journal, %d with their work, %v in all", s.Blocks.Found, list.Total, measured, expected)
	}
	last := list.Blocks[0]
	if s.Blocks.Last == nil || s.Blocks.Last.Hash != last.Block.Hash || s.Effort == nil || !s.Effort.AfterBlock || !s.History.Saved || len(s.Luck) == 0 {
		t.Errorf("%+v, expected the last block to be %+v", s, last)
	}
	if day := s.Hashrate.Day; day.Hashrate == nil || *day.Hashrate <= 0 || s.Hashrate.Hour.Devices == nil || s.Mining {
		t.Errorf("over the day %+v", day)
	}
	var series node.Series
	read(t, n, node.SeriesRoute+"?span=24h", &series)
	starts, gaps := len(series.Starts), 0
	for _, rate := range series.Hashrate {
		if rate == nil {
			gaps++
		}
	}
	if starts < 1 || len(series.Hashrate) != 1440 || gaps < 1400 || len(series.Blocks) != list.Total {
		t.Errorf("%d starts, %d gaps of %d minutes, %d blocks", starts, gaps, len(series.Hashrate), len(series.Blocks))
	}
	checkCommand(t, n, s)
}

// checkCommand compares what `bytom-solo stats` prints with the figures.
func checkCommand(t *testing.T, n *testnet.Node, s node.Stats) {
	t.Helper()
	host := strings.TrimPrefix(n.URL, "http://")
	out, err := harness.Execute(t, testnet.Solo(t), "stats", "--api_addr", host, "--home", n.Home)
	if err != nil || !strings.Contains(out, fmt.Sprintf("blocks      %d, the latest at", s.Blocks.Found)) || !strings.Contains(out, "do no better") {
		t.Errorf("%v:\n%s", err, out)
	}
	out, err = harness.Execute(t, testnet.Solo(t), "stats", "--api_addr", host, "--home", n.Home, "--json")
	var all struct{ Status node.Stats }
	if err != nil || json.Unmarshal([]byte(out), &all) != nil || all.Status.Blocks.Found != s.Blocks.Found {
		t.Errorf("%v:\n%s", err, out)
	}
}

func figures(t *testing.T, n *testnet.Node) (s node.Stats) {
	t.Helper()
	read(t, n, node.StatusRoute, &s)
	return s
}

// read reads what a route answers.
func read(t *testing.T, n *testnet.Node, route string, out any) {
	t.Helper()
	resp, err := http.Get(n.URL + route)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", route, resp.StatusCode, err)
	}
}
