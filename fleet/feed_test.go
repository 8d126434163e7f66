package fleet

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// feedTest is a Feed of two nodes on a clock of the test's.
type feedTest struct {
	*Feed
	t    *testing.T
	a, b PublicKey
	now  time.Duration
	sent int64
	log  strings.Builder
}

var program = append([]byte{0, 20}, make([]byte, 20)...)

func newFeedTest(t *testing.T) *feedTest {
	f := &feedTest{t: t, a: PublicKey{1}, b: PublicKey{2}}
	f.Feed = NewFeed(FeedConfig{
		Nodes: []PublicKey{f.a, f.b}, Program: program, Clock: func() time.Duration { return f.now },
		Log: slog.New(slog.NewTextHandler(&f.log, nil)),
	})
	return f
}

// wait lets time pass, as Run does.
func (f *feedTest) wait(d time.Duration) {
	for end := f.now + d; f.now < end; f.now += 500 * time.Millisecond {
		f.mu.Lock()
		f.choose()
		f.mu.Unlock()
	}
}

// work is a node's work on a block of this height.
func (f *feedTest) work(node PublicKey, boot int64, sequence, height uint64) *Work {
	f.sent++
	return &Work{Boot: boot, Sequence: sequence, At: f.sent, Parts: &mining.Parts{
		Tip:       mining.Tip{Height: height, Hash: bc.NewHash([32]byte{byte(height)}), Bits: 0x1c<<56 | 1<<52, MedianTime: 1000},
		Timestamp: 2000, Payee: mining.Payee{Address: "sm1q", Program: program}, Tag: []byte{node[0]},
	}}
}

func (f *feedTest) send(node PublicKey, boot int64, sequence, height uint64) {
	f.t.Helper()
	if err := f.Work(node, f.work(node, boot, sequence, height)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *feedTest) beat(node PublicKey, boot int64, sequence uint64) (missing bool) {
	f.sent++
	return f.Beat(node, &Beat{Boot: boot, Sequence: sequence, At: f.sent})
}

// expect looks at whose work is served, and of which height: none is 0.
func (f *feedTest) expect(what string, node PublicKey, height uint64) {
	f.t.Helper()
	t, err := f.Current()
	if height == 0 {
		if err == nil || !errors.Is(err, mining.ErrNotReady) {
			f.t.Errorf("%s: height %d is served, error %v, expected none of kind %v", what, t.Tip.Height, err, mining.ErrNotReady)
		}
		return
	}
	if err != nil {
		f.t.Errorf("%s: %v, expected height %d", what, err, height)
		return
	}
	if s := f.current.Load(); t.Tip.Height != height || s.node != node {
		f.t.Errorf("%s: height %d of node %d is served, expected %d of %d", what, t.Tip.Height, s.node[0], height, node[0])
	}
}

// TestNothingOldIsServed: without news of a node the work of another is served, then said that
// there is none, and then there is no work, until there is news again.
func TestNothingOldIsServed(t *testing.T) {
	f := newFeedTest(t)
	f.expect("before any news", PublicKey{}, 0)
	f.send(f.a, 1, 1, 10)
	f.send(f.b, 1, 1, 10)
	f.expect("news of both", f.a, 10)
	f.wait(9 * time.Second)
	f.beat(f.b, 1, 1)
	f.expect("the first is quiet for 9 s", f.a, 10)
	f.wait(2 * time.Second)
	f.expect("the first is quiet for 11 s", f.b, 10)
	f.beat(f.a, 1, 1)
	f.expect("the first is back", f.a, 10)
	f.wait(31 * time.Second)
	f.expect("no news for 31 s", f.a, 10)
	if !strings.Contains(f.log.String(), "no news of any node") {
		t.Errorf("the log does not say that there is no news: %s", f.log.String())
	}
	f.wait(90 * time.Second)
	f.expect("no news for two minutes", PublicKey{}, 0)
	f.beat(f.b, 1, 1)
	f.expect("news of the second", f.b, 10)
	if !strings.Contains(f.log.String(), "news of a node again") {
		t.Errorf("the log does not say that there is news again: %s", f.log.String())
	}
}

// TestRecordingsAreNoNews: messages of before the newest, in whatever order, change nothing, and
// are no sign of life.
func TestRecordingsAreNoNews(t *testing.T) {
	f := newFeedTest(t)
	var old []*Work
	var beats []*Beat
	for sequence := range uint64(5) {
		w := f.work(f.a, 2, sequence+1, 10+sequence)
		old = append(old, w)
		if err := f.Work(f.a, w); err != nil {
			t.Fatal(err)
		}
		f.sent++
		beats = append(beats, &Beat{Boot: 2, Sequence: sequence + 1, At: f.sent})
		f.Beat(f.a, beats[sequence])
	}
	f.wait(9 * time.Second)
	for range 12 {
		for i := range old {
			if err := f.Work(f.a, old[i]); err != nil {
				t.Fatal(err)
			}
			f.Beat(f.a, beats[i])
		}
		f.wait(10 * time.Second)
	}
	f.expect("two minutes of recordings", PublicKey{}, 0)
	if err := f.Work(f.a, f.work(f.a, 1, 99, 50)); err != nil {
		t.Fatal(err)
	}
	f.expect("work of an earlier run of the node", PublicKey{}, 0)
	f.send(f.a, 3, 1, 15)
	f.expect("work of its next run", f.a, 15)
}

// TestWorkThatPaysOthersIsRefused, with words, and what it replaced is not served either.
func TestWorkThatPaysOthersIsRefused(t *testing.T) {
	f := newFeedTest(t)
	f.send(f.a, 1, 1, 10)
	w := f.work(f.a, 1, 2, 11)
	w.Parts.Payee.Program = append([]byte{0, 20}, []byte("01234567890123456789")...)
	err := f.Work(f.a, w)
	if !errors.Is(err, mining.ErrPayeeMismatch) || !strings.Contains(err.Error(), fmt.Sprintf("mining.address, %x", program)) {
		t.Errorf("%v, expected %v and what was expected", err, mining.ErrPayeeMismatch)
	}
	f.expect("work that pays somebody else", PublicKey{}, 0)
	f.send(f.b, 1, 1, 11)
	f.expect("the second's work", f.b, 11)
	f.send(f.a, 1, 3, 11)
	f.expect("work that pays as it should", f.a, 11)
	if err := f.Work(PublicKey{9}, f.work(PublicKey{9}, 1, 1, 99)); err == nil {
		t.Error("a stranger's work is taken")
	}
	f.expect("a stranger's work", f.a, 11)
}

// TestANodeThatLagsIsLeft after some seconds, and liked again when it has caught up.
func TestANodeThatLagsIsLeft(t *testing.T) {
	f := newFeedTest(t)
	f.send(f.a, 1, 1, 10)
	f.send(f.b, 1, 1, 11)
	f.expect("the second is ahead for a moment", f.a, 10)
	for range 3 {
		f.wait(2 * time.Second)
		f.beat(f.a, 1, 1)
		f.beat(f.b, 1, 1)
	}
	f.expect("the second is ahead for 6 s", f.b, 11)
	f.send(f.a, 1, 2, 11)
	f.expect("the first has caught up", f.a, 11)
}

// TestTransactionsComeAhead: work whose transactions have not all come is not served, and asked
// for.
func TestTransactionsComeAhead(t *testing.T) {
	f := newFeedTest(t)
	body := func(sequence uint64, part int) {
		f.Body(f.a, &Body{Boot: 1, Sequence: sequence, Part: part, Of: 2, Txs: [][]byte{{byte(part)}}})
	}
	split := func(sequence uint64) error {
		w := f.work(f.a, 1, sequence, 10+sequence)
		w.Bodies, w.Parts.Count, w.Parts.Branch = 2, 2, make([][32]byte, 2)
		return f.Work(f.a, w)
	}
	body(1, 1)
	body(1, 0)
	if err := split(1); err != nil {
		t.Fatal(err)
	}
	f.expect("both parts came, in another order", f.a, 11)
	body(2, 0)
	if err := split(2); err == nil {
		t.Error("work without half of its transactions is served")
	}
	f.expect("a part did not come", PublicKey{}, 0)
	if !f.beat(f.a, 1, 2) {
		t.Error("it is not asked for")
	}
	body(1, 0) // Late.
	body(3, 0)
	body(3, 1)
	if err := split(3); err != nil {
		t.Fatal(err)
	}
	f.expect("the next work, whole", f.a, 13)
	for _, b := range []*Body{{Boot: 1, Sequence: 4, Of: 1 << 30}, {Boot: 1, Sequence: 4, Part: 2, Of: 2}, {Boot: 1, Sequence: 4, Part: -1, Of: 2}, {Boot: 1, Sequence: 4}} {
		f.Body(f.a, b) // It takes no memory, and does not panic.
	}
}

// TestJobsKnowWhatTheyAreWorth as a generator's do.
func TestJobsKnowWhatTheyAreWorth(t *testing.T) {
	f := newFeedTest(t)
	templates, cancel := f.Subscribe()
	defer cancel()
	f.send(f.a, 1, 1, 10)
	first := <-templates
	f.send(f.a, 1, 2, 10)
	second := <-templates
	if first.Sequence == second.Sequence || f.State(first) != mining.Past || f.State(second) != mining.Active {
		t.Errorf("the first is %v, the second %v; sequences %d, %d", f.State(first), f.State(second), first.Sequence, second.Sequence)
	}
	f.send(f.a, 1, 3, 11)
	f.send(f.a, 1, 4, 12)
	if newest := <-templates; newest.Tip.Height != 12 || f.State(second) != mining.Stale {
		t.Errorf("height %d was waiting, expected the newest, 12; the second is %v", newest.Tip.Height, f.State(second))
	}
	f.now += 7 * time.Second
	if now := f.Now().Unix(); now != 2007 {
		t.Errorf("it is %d by the node's clock, expected 2007", now)
	}
	if !f.beat(f.a, 1, 5) || f.beat(f.a, 1, 4) {
		t.Error("a beat tells of work that did not come, or does not")
	}
}
