package fleet

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestANodesClockIsSetBack: what comes of a node whose clock was set back is news of it all the same, and a
// recording is none.
func TestANodesClockIsSetBack(t *testing.T) {
	f := newFeedTest(t)
	f.sent = 3_600_000
	f.send(f.a, 1, 1, 10)
	f.beat(f.a, 1, 1)
	recorded := &Beat{Boot: 1, Sequence: 1, At: f.sent}
	f.sent = 0
	for i := range uint64(90) {
		f.wait(2 * time.Second)
		f.send(f.a, 1, 2+i, 11+i)
		f.beat(f.a, 1, 2+i)
	}
	f.expect("after three minutes of news", f.a, 100)
	for range 130 {
		f.wait(time.Second)
		f.Beat(f.a, recorded)
	}
	f.expect("two minutes of a recording", PublicKey{}, 0)
	if !strings.Contains(f.log.String(), "rigs have no work any more") {
		t.Errorf("the log does not say that work has ended: %s", f.log.String())
	}
}

// TestAnEarlierStartIsTold: what a node sends that is of an earlier start is passed over, in silence while
// there is news of it, and else with a word of why.
func TestAnEarlierStartIsTold(t *testing.T) {
	f := newFeedTest(t)
	f.send(f.a, 10, 1, 10)
	f.send(f.a, 9, 1, 11)
	if text := f.log.String(); text != "" {
		t.Errorf("a recording is told of: %s", text)
	}
	f.wait(11 * time.Second)
	f.beat(f.a, 9, 1)
	f.send(f.a, 9, 2, 12)
	f.expect("work of an earlier start", f.a, 10)
	if got := strings.Count(f.log.String(), errEarlierStart.Error()); got != 1 {
		t.Errorf("told %d times, expected once: %s", got, f.log.String())
	}
}

// TestTransactionsThatWereMissed: where the parts of a work did not come, the same work is served when it is
// sent again behind them, in any order and twice.
func TestTransactionsThatWereMissed(t *testing.T) {
	f := newFeedTest(t)
	w := f.work(f.a, 1, 5, 10)
	w.Bodies, w.Parts.Count, w.Parts.Branch = 2, 2, make([][32]byte, 2)
	part := func(i int) { f.Body(f.a, &Body{Boot: 1, Sequence: 5, Part: i, Of: 2, Txs: [][]byte{{byte(i)}}}) }
	for _, missed := range []int{0, 1} { // The second time one came by itself.
		if err := f.Work(f.a, w); err == nil || !f.beat(f.a, 1, 5) {
			t.Errorf("without all parts: %v, expected an error, and that it is asked for again", err)
		}
		part(missed)
	}
	part(1)
	if err := f.Work(f.a, w); err != nil {
		t.Error(err)
	}
	f.expect("after the parts have come", f.a, 10)
	if f.beat(f.a, 1, 5) {
		t.Error("it is asked for again")
	}
}

// TestSettingsAreOfTheWorkThatIsServed: a recording changes nothing, nor does a node that is not served.
func TestSettingsAreOfTheWorkThatIsServed(t *testing.T) {
	f := newFeedTest(t)
	var taken []string
	f.cfg.Settings = func(node PublicKey, split bool, owners map[string]string) {
		taken = append(taken, fmt.Sprint(node[0], " ", split, " ", owners["shed"]))
	}
	send := func(node PublicKey, boot int64, sequence uint64, split bool, owner string) {
		w := f.work(node, boot, sequence, 10)
		w.Split, w.Owners = split, map[string]string{"shed": owner}
		if err := f.Work(node, w); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, want ...string) {
		t.Helper()
		if fmt.Sprint(taken) != fmt.Sprint(want) {
			t.Errorf("%s: settings %q, expected %q", what, taken, want)
		}
		taken = nil
	}
	if err := f.Work(f.b, &Work{Boot: 1, Sequence: 1, At: 1, Why: "it syncs", Split: true}); err != nil {
		t.Fatal(err)
	}
	expect("before any work", "2 true ")
	send(f.a, 2, 1, false, "bob")
	expect("the first work", "1 false bob")
	send(f.a, 1, 9, true, "alice")
	send(f.a, 2, 1, true, "alice")
	expect("recordings")
	send(f.b, 1, 2, true, "carol")
	expect("a node that is not served")
	send(f.a, 2, 2, false, "dave")
	expect("another owner", "1 false dave")
	f.wait(5 * time.Second)
	f.beat(f.b, 1, 2)
	f.wait(6 * time.Second)
	f.expect("the first is silent", f.b, 10)
	expect("the other one's work is served", "2 true carol")
}
