package node

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/state"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

const day = 24 * time.Hour

// watched is a clockWatch on clocks that a test sets, and what it told.
type watched struct {
	*clockWatch
	t       *testing.T
	wall    time.Time
	passed  time.Duration
	chain   chainTime
	age     time.Duration // of the chain's median, if not 0, kept
	virtual bool
	told    []string
	details []string
	log     bytes.Buffer
	blocks  uint64
}

func watchClock(t *testing.T) *watched {
	w := &watched{t: t, wall: time.Unix(1_700_000_000, 0), age: 15 * time.Minute}
	w.clockWatch = &clockWatch{
		now: func() time.Time { return w.wall }, elapsed: func() time.Duration { return w.passed },
		log: slog.New(slog.NewTextHandler(&w.log, nil)), virtual: func() bool { return w.virtual },
		alarm: func(n Notification) { w.told = append(w.told, n.Event); w.details = append(w.details, n.Detail) },
	}
	return w
}

// run goes on for a time, with a look each ten seconds.
func (w *watched) run(d time.Duration) {
	for end := w.passed + d; w.passed < end; {
		w.chain.median = uint64(w.wall.Add(-w.age).Unix())
		w.look(w.chain)
		w.wall, w.passed = w.wall.Add(10*time.Second), w.passed+10*time.Second
	}
}

// live has peers announce blocks, whose timestamps are so far ahead.
func (w *watched) live(n int, ahead time.Duration) {
	for range n {
		w.blocks++
		w.liveBlock(bc.Hash{V0: w.blocks}, w.blocks, uint64(w.wall.Add(ahead).Unix()))
	}
}

func (w *watched) expect(wrong bool, want ...string) {
	w.t.Helper()
	if _, on := w.offset(); on != wrong || !slices.Equal(w.told, want) {
		w.t.Errorf("alarm %v, told %v; expected %v, %v\n%s", on, w.told, wrong, want, &w.log)
	}
}

func (w *watched) says(parts ...string) {
	w.t.Helper()
	got := w.suspect()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			w.t.Errorf("it says %q, expected %q", got, part)
		}
	}
	if len(parts) == 0 && got != "" {
		w.t.Errorf("it says %q", got)
	}
}

// TestClockAlarm has peers differ: one alarm and one all-clear, each of what lasts.
func TestClockAlarm(t *testing.T) {
	for _, c := range []struct {
		ahead time.Duration
		want  string
	}{
		{-11 * time.Minute, "11m0s ahead of the peers'"}, {11 * time.Minute, "11m0s behind the peers'"},
		{3 * 365 * day, "26280h0m0s behind"}, {9 * time.Minute, ""}, {-9 * time.Minute, ""},
	} {
		w := watchClock(t)
		w.live(11/2, c.ahead) // Too few to tell.
		w.run(10 * time.Minute)
		w.says()
		w.live(1, c.ahead)
		w.run(5*time.Minute - 10*time.Second)
		w.expect(false)
		if c.want == "" {
			w.run(time.Hour)
			w.says()
			w.expect(false)
			continue
		}
		w.says("this clock is "+c.want, "by the last 6 new blocks", "one of the two is wrong", "NTP")
		w.run(2 * 10 * time.Second)
		w.expect(true, "clock.off")
		w.live(11, -time.Minute)
		w.run(time.Minute - 10*time.Second)
		w.expect(true, "clock.off")
		w.run(3 * 10 * time.Second)
		w.expect(false, "clock.off", "clock.right")
		w.run(day)
		w.expect(false, "clock.off", "clock.right")
		if !strings.Contains(w.details[0], c.want) || strings.Count(w.log.String(), "level=WARN") != 1 {
			t.Errorf("told %q, logged %s", w.details, &w.log)
		}
	}
}

// TestClockIsOutvoted: some peers differ, and most do not.
func TestClockIsOutvoted(t *testing.T) {
	w := watchClock(t)
	w.live(11/2, -3*time.Hour)
	w.live(11/2+1, -2*time.Minute)
	w.run(time.Hour)
	w.expect(false)
	if ahead, _ := w.offset(); ahead != -2*time.Minute {
		t.Errorf("offset %v", ahead)
	}
	// The same block from many peers is one block.
	for range 20 {
		w.liveBlock(bc.Hash{V0: 1 << 40}, 99, uint64(w.wall.Add(3*time.Hour).Unix()))
	}
	w.run(time.Hour)
	w.expect(false)
	if n := len(w.clockWatch.live); n != 11 {
		t.Errorf("%d live blocks are kept, expected %d", n, 11)
	}
}

// TestClockFlapping is wrong and right in turns, each too short to be told.
func TestClockFlapping(t *testing.T) {
	w := watchClock(t)
	for range 20 {
		w.age = -time.Second
		w.run(5*time.Minute - 10*time.Second)
		w.age = time.Minute
		w.run(10 * time.Second)
	}
	w.expect(false)
	w.age = -time.Second
	w.run(5*time.Minute + 10*time.Second)
	for range 20 {
		w.age = time.Minute
		w.run(time.Minute - 10*time.Second)
		w.age = -time.Second
		w.run(10 * time.Second)
	}
	w.expect(true, "clock.off")
}

// TestClockRemindsRarely lets the clock be wrong for a day.
func TestClockRemindsRarely(t *testing.T) {
	w := watchClock(t)
	w.age = -2 * time.Minute
	w.run(5*time.Minute + 10*time.Second)
	w.expect(true, "clock.off")
	w.run(6*time.Hour - 10*time.Second)
	w.expect(true, "clock.off")
	w.run(10 * time.Second)
	w.expect(true, "clock.off", "clock.off")
	w.run(18 * time.Hour)
	w.expect(true, "clock.off", "clock.off", "clock.off", "clock.off", "clock.off")
	w.says("this clock is 1m50s behind the median time of the last 11 blocks")
}

// TestClockSaysNothingOfFastBlocks: timestamps run ahead where blocks come in seconds, and
// mean nothing where the clock is virtual.
func TestClockSaysNothingOfFastBlocks(t *testing.T) {
	for _, virtual := range []bool{false, true} {
		w := watchClock(t)
		w.chain.fast, w.virtual, w.age = !virtual, virtual, -20*time.Minute
		w.live(11, 20*time.Minute)
		w.run(time.Hour)
		w.says()
		w.chain.current, w.age = true, 8*365*day
		w.run(time.Hour)
		w.says()
		w.expect(false)
		if w.log.Len() > 0 {
			t.Errorf("it logs %s", &w.log)
		}
		w.chain.fast, w.virtual = false, false
		w.run(5*time.Minute + 10*time.Second)
		w.expect(true, "clock.off")
	}
}

// TestClockAtItsLimits holds each limit from both sides.
func TestClockAtItsLimits(t *testing.T) {
	for _, c := range []struct {
		age     time.Duration
		current bool
		ahead   time.Duration
		want    string
	}{
		{time.Second, false, 0, ""}, {0, false, 0, "0s behind the median"}, {-time.Second, false, 0, "1s behind the median"},
		{3 * time.Hour, true, 0, ""}, {3*time.Hour + time.Second, true, 0, "3h0m1s ahead of the median time of the last 11 blocks, and no peer has a newer one"},
		{3*time.Hour + time.Second, false, 0, ""},
		{time.Minute, true, 10 * time.Minute, ""}, {time.Minute, true, 10*time.Minute + time.Second, "10m1s behind the peers'"},
		{time.Minute, true, -10 * time.Minute, ""}, {time.Minute, true, -10*time.Minute - time.Second, "10m1s ahead of the peers'"},
	} {
		w := watchClock(t)
		w.says() // Nothing is known before the first look.
		w.age, w.chain.current = c.age, c.current
		w.live(11, c.ahead)
		w.chain.median = uint64(w.wall.Add(-w.age).Unix())
		w.look(w.chain)
		if got := w.suspect(); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v: it says %q", c, got)
		}
	}
}

// TestClockOfARefusedBlock has a block come that has its proof, and is of two hours on.
func TestClockOfARefusedBlock(t *testing.T) {
	w := watchClock(t)
	w.chain.height = 5
	w.run(10 * time.Second)
	refuse := func(ahead time.Duration) { w.tooNew(bc.Hash{V0: 7}, 6, uint64(w.wall.Add(ahead).Unix())) }
	refuse(2 * time.Hour)
	w.says("2h0m0s behind the timestamp of block 6, whose proof of work is right")
	w.run(5*time.Minute + 10*time.Second)
	w.expect(true, "clock.off")
	refuse(time.Hour)
	w.says()
	refuse(2 * time.Hour)
	w.wall = w.wall.Add(2 * time.Hour) // The clock is set.
	w.run(time.Minute + 2*10*time.Second)
	w.says()
	w.expect(false, "clock.off", "clock.right")
	refuse(2 * time.Hour)
	w.chain.height = 6 // Another of that height was right.
	w.run(10 * time.Second)
	w.says()
}

// TestClockThatIsSet tells how far, from where and to where, and what peers said of the
// clock is still true of it.
func TestClockThatIsSet(t *testing.T) {
	for by, want := range map[time.Duration]string{
		59 * time.Second: "", -59 * time.Second: "", time.Minute: "set ahead", -time.Minute: "set back",
		3 * 365 * day: "set ahead", -day: "set back",
	} {
		w := watchClock(t)
		w.live(11, 0)
		w.run(time.Minute)
		from := w.wall
		w.wall = w.wall.Add(by)
		w.run(time.Minute)
		got := w.log.String()
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Fatalf("%v: %q, expected %q", by, got, want)
		}
		if want == "" {
			continue
		}
		for _, part := range []string{"by=" + by.Abs().String(), "from=" + from.UTC().Format(time.RFC3339), "to=" + from.Add(by).UTC().Format(time.RFC3339)} {
			if !strings.Contains(got, part) {
				t.Errorf("%v: %q does not say %s", by, got, part)
			}
		}
		if ahead, _ := w.offset(); ahead != -by || strings.Count(got, "\n") != 1 {
			t.Errorf("%v: the peers are %v ahead, and it says %s", by, ahead, got)
		}
	}
}

// TestChainTime reads the pace of a chain from its timestamps.
func TestChainTime(t *testing.T) {
	f := chaintest.NewQuick(t)
	genesis := f.Bytom.GetBlockIndex().BestNode()
	if c := chainTimeAt(genesis); c.fast || c.median != genesis.Timestamp || c.height != 0 {
		t.Errorf("at the genesis: %+v", c)
	}
	_, tools := withTools(t, f, "a")
	mine := func(blocks, clock string) chainTime {
		t.Helper()
		if detail := ask(t, tools, SolonetClockRoute, clock, &struct{}{}); detail != "" {
			t.Fatal(detail)
		}
		if detail := ask(t, tools, SolonetMineRoute, `{"blocks":`+blocks+`}`, &struct{}{}); detail != "" {
			t.Fatal(detail)
		}
		return chainTimeAt(f.Bytom.GetBlockIndex().BestNode())
	}
	if c := mine("12", `{"mode":"virtual"}`); c.fast || c.height != 12 || c.median != genesis.Timestamp+150*7 {
		t.Errorf("150 s apart: %+v", c)
	}
	if c := mine("12", `{"mode":"frozen"}`); !c.fast {
		t.Errorf("as fast as can be: %+v", c)
	}
	if c := mine("12", `{"mode":"virtual","advance":900}`); c.fast {
		t.Errorf("150 s apart again: %+v", c)
	}
}

// TestAPeerOfAnotherTimeIsNotBanned sends a block of two hours on: with a proof of work it
// is evidence on the clock, and no error, which would count towards a ban; without one it
// is refused.
func TestAPeerOfAnotherTimeIsNotBanned(t *testing.T) {
	f := chaintest.NewQuick(t)
	w := watchClock(t)
	w.wall = time.Now()
	peers := chain.PeerChain{Chain: f.Bytom, Gate: f.Gate, Live: w.liveBlock, TooNew: w.tooNew}
	w.look(chainTimeAt(f.Bytom.GetBlockIndex().BestNode()))
	job := mining.NewJob(f.Template(t), 1)
	job.Template.Timestamp += 7200
	for _, proven := range []bool{false, true} {
		sol := f.Solve(t, job, proven)
		b, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
		if err != nil {
			t.Fatal(err)
		}
		orphan, err := peers.ProcessBlock(b)
		if proven && (err != nil || !orphan) || !proven && !errors.Is(err, mining.ErrTimeTooNew) {
			t.Errorf("proven %v: orphan %v, %v", proven, orphan, err)
		}
		if said := strings.Contains(w.suspect(), "behind the timestamp of block 1"); said != proven {
			t.Errorf("proven %v: the clock's watch says %q", proven, w.suspect())
		}
	}
	if h := f.Bytom.BestBlockHeight(); h != 0 {
		t.Errorf("the chain is at %d", h)
	}
}

// TestReasonsNameTheClock: whatever stops the work, a clock that seems wrong is told too,
// and where it is what stops it, by how much.
func TestReasonsNameTheClock(t *testing.T) {
	f := chaintest.NewQuick(t)
	f.Config.Suspect = func() string { return "this clock is 2h0m0s behind" }
	if err := chain.New(f.Config).Ready(); err != nil {
		t.Errorf("a solonet with a suspect clock: %v", err)
	}
	_, tools := withTools(t, f, "a")
	if detail := ask(t, tools, SolonetClockRoute, `{"mode":"real"}`, &struct{}{}); detail != "" {
		t.Fatal(detail)
	}
	if detail := ask(t, tools, SolonetMineRoute, `{"blocks":3}`, &struct{}{}); detail != "" {
		t.Fatal(detail)
	}
	median := time.Unix(int64(f.Chain.Tip().MedianTime), 0)
	for behind, want := range map[time.Duration]string{59 * time.Minute: "", 61 * time.Minute: "1h1m1s behind the median time of the last 11 blocks", day: "24h0m1s behind"} {
		f.Config.Now = func() time.Time { return median.Add(-behind) }
		err := chain.New(f.Config).Ready()
		if want == "" && err != nil || want != "" && (!errors.Is(err, mining.ErrNotReady) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "NTP")) {
			t.Errorf("%v behind: %v, expected %q", behind, err, want)
		}
	}
}

// TestPaceOfAChain: below 15 s a block on average, over the last 11, they come in seconds.
func TestPaceOfAChain(t *testing.T) {
	chainOf := func(blocks int, spacing, before uint64) *state.BlockNode {
		node := &state.BlockNode{Timestamp: 1e9}
		for i := range blocks {
			step := spacing
			if blocks-i > 11 {
				step = before
			}
			node = &state.BlockNode{Parent: node, Height: node.Height + 1, Timestamp: node.Timestamp + step}
		}
		return node
	}
	for _, c := range []struct {
		blocks          int
		spacing, before uint64
		fast            bool
	}{
		{0, 0, 0, false}, {1, 14, 0, true}, {1, 15, 0, false}, {5, 14, 0, true}, {5, 15, 0, false},
		{30, 14, 150, true}, {30, 15, 0, false}, {30, 150, 0, false},
	} {
		got := chainTimeAt(chainOf(c.blocks, c.spacing, c.before))
		if got.fast != c.fast || got.height != uint64(c.blocks) {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	if got := chainTimeAt(chainOf(30, 150, 0)); got.median != 1e9+6*150 {
		t.Errorf("the median is %d", got.median)
	}
}
