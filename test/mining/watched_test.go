package mining_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestWatchedNodes has a network of two nodes, ours and a stock one, and two nodes that are
// cut off from it: one is behind, one on a branch of its own. They watch the network by
// Stratum, getblocktemplate and get-work, and say so; connected to it, they are content.
func TestWatchedNodes(t *testing.T) {
	t.Parallel()
	r := harness.NewSimulatedSolver(t)
	rigs := net.JoinHostPort("127.0.0.1", fmt.Sprint(testnet.FreePort(t, "127.0.0.1")))
	theirs := startRival(t, 1, true, []string{"--solonet.tools", "--stratum.listen", rigs})
	stock := testnet.Start(t, testnet.NodeOptions{Stock: true, Simulated: true})
	theirs.Connect(stock)
	hook, told := webhook(t)
	watch := []string{"--solonet.tools", "--notify.webhook", hook, "--watch", theirs.URL + "," + stock.URL, "--watch", "stratum+tcp://a.watch:hunter2@" + rigs}
	behind, forked := startRival(t, 2, true, watch), startRival(t, 3, true, watch)
	mine := func(v *rival, blocks int) {
		t.Helper()
		if err := v.Call(node.SolonetMineRoute, map[string]any{"blocks": blocks}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		mine(theirs, 1) // Of two at once the stock node hands out work on the first.
		testnet.WaitSameTip(theirs.Node, stock, r.Limit(20))
	}
	mine(forked, 6)
	waitWatched(t, behind, 3, "any")
	waitWatched(t, forked, -3, "any")
	mine(theirs, 1)
	testnet.WaitSameTip(theirs.Node, stock, r.Limit(20))
	waitWatched(t, behind, 4, "others-ahead")
	waitWatched(t, forked, -2, "others-fork")
	checkMetrics(t, behind.Node, `bytom_solo_watch_alarm{alarm="others-ahead"} 1`, fmt.Sprintf("bytom_solo_watch_ahead_blocks{source=%q} 4", stock.URL))
	checkMetrics(t, forked.Node, `bytom_solo_watch_alarm{alarm="others-fork"} 1`, fmt.Sprintf("bytom_solo_watch_up{source=%q} 1", theirs.URL))

	theirs.Connect(forked.Node)
	theirs.Connect(behind.Node)
	testnet.WaitSameTip(theirs.Node, behind.Node, r.Limit(20))
	waitWatched(t, behind, 0, "")
	waitWatched(t, forked, 0, "")
	testnet.Wait(t, 10*time.Second, func() error {
		if alarm, right := told("watch.alarm"), told("watch.right"); alarm < 6 || right != alarm {
			return fmt.Errorf("%d alarms and %d times right, expected 6 and as many", alarm, right)
		}
		return nil
	})
	for _, v := range []*rival{behind, forked} {
		if log := v.Log(); !strings.Contains(log, "others differ") || strings.Contains(log, "hunter2") {
			t.Errorf("the log: %s", log)
		}
	}
	height, err := theirs.Height()
	if err != nil || height != 6 {
		t.Errorf("height %d, %v: the watchers must not have mined for the network", height, err)
	}
}

// waitWatched waits until a node says of all its sources that they are so far ahead and
// have raised an alarm, or none where it is empty; any will do.
func waitWatched(t *testing.T, v *rival, ahead int64, alarm string) {
	t.Helper()
	testnet.Wait(t, 2*time.Minute, func() error {
		resp, err := http.Get(v.URL + node.StatusRoute)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		var s node.Stats
		if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
			return err
		}
		if listed := slices.ContainsFunc(s.Faults, func(f node.Fault) bool { return f.ID == alarm }); alarm != "" && alarm != "any" && !listed {
			return fmt.Errorf("%s lists the faults %+v, expected %s", v.URL, s.Faults, alarm)
		}
		var got []string
		for _, source := range s.Watch {
			text, _ := json.Marshal(source)
			scheme, _, _ := strings.Cut(source.Source, ":")
			got = append(got, strings.TrimSuffix(scheme, "+tcp"))
			has := ""
			if source.Alarm != nil {
				has = *source.Alarm
			}
			if !source.Up || source.Ahead == nil || *source.Ahead != ahead || alarm != "any" && has != alarm {
				return fmt.Errorf("%s: %s, expected %d blocks ahead and the alarm %q", v.URL, text, ahead, alarm)
			}
		}
		if slices.Sort(got); !slices.Equal(got, []string{"http", "http", "stratum"}) {
			return fmt.Errorf("%s watches %v", v.URL, got)
		}
		return nil
	})
}
