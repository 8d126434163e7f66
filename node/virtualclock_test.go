package node

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// blocksByTheClock mines blocks as a node without tools does, by its clock.
func blocksByTheClock(t *testing.T, f *chaintest.Fixture, s *solonet, blocks int) {
	t.Helper()
	for range blocks {
		if _, err := s.mine(t.Context(), mining.Request{Empty: true}); err != nil {
			t.Fatalf("after height %d: %v", f.Bytom.BestBlockHeight(), err)
		}
	}
}

// TestSolonetKeepsItsDifficulty mines past the first retarget, of which the years since the
// genesis would make every hash a block, and the third, which would then count seconds.
func TestSolonetKeepsItsDifficulty(t *testing.T) {
	blocks := 3*int(consensus.BlocksPerRetarget) + 10
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		blocks = 20*int(consensus.BlocksPerRetarget) + 10
	}
	f := chaintest.NewQuick(t)
	s, _ := withTools(t, f, "a")
	bits := f.Chain.Tip().Bits
	blocksByTheClock(t, f, s, blocks)
	index := f.Bytom.GetBlockIndex()
	for h := uint64(1); h <= uint64(blocks); h++ {
		node := index.NodeByHeight(h)
		if node.Bits != bits || node.Timestamp != genesisTime+150*h {
			t.Fatalf("block %d has bits %x and time %d, expected %x and %d", h, node.Bits, node.Timestamp, bits, genesisTime+150*h)
		}
	}
	if tip := f.Chain.Tip(); tip.Bits != bits {
		t.Errorf("the next block has bits %x, expected %x", tip.Bits, bits)
	}
}

// TestSolonetsClock: a chain that has the time of day keeps it, as does one where that is
// asked for, and one that has reached the present goes on with it.
func TestSolonetsClock(t *testing.T) {
	f := chaintest.NewQuick(t)
	s, _ := withTools(t, f, "a")
	fresh := func(virtual bool) *virtualClock { return newVirtualClock(f.Bytom, virtual) }
	expect := func(what string, c *virtualClock, mode string, at int64) {
		t.Helper()
		got, now := c.read()
		if got != mode || now.Unix() != at && (mode != clockReal || time.Since(now).Abs() > time.Minute) || c.virtual() != (mode != clockReal) {
			t.Errorf("%s: %s %v, expected %s %d", what, got, now, mode, at)
		}
	}
	told := func(c *virtualClock, want string) {
		t.Helper()
		var log bytes.Buffer
		c.logMode(slog.New(slog.NewTextHandler(&log, nil)))
		if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), want) {
			t.Errorf("it says %q, expected %q", &log, want)
		}
	}
	expect("a new chain", fresh(true), clockVirtual, genesisTime+150)
	told(fresh(true), "keeps its difficulty")
	expect("a new chain in real time", fresh(false), clockReal, 0)
	told(fresh(false), "as --solonet.clock real says")

	c := fresh(true)
	blocksByTheClock(t, f, s, 20)
	expect("after 20 blocks", c, clockVirtual, genesisTime+150*21)
	expect("after a restart", fresh(true), clockVirtual, genesisTime+150*21)

	if err := s.change(clockRequest{Mode: clockReal}); err != nil {
		t.Fatal(err)
	}
	blocksByTheClock(t, f, s, 5) // Of a stock node, say.
	expect("with five of the last eleven in real time", c, clockVirtual, genesisTime+150*26)
	blocksByTheClock(t, f, s, 1)
	expect("with six of them", c, clockReal, 0)
	expect("the same after a restart", fresh(true), clockReal, 0)
	told(fresh(true), "have the time of day")
}

// TestARetargetDoesNotCountBackwards has a peer stamp the one block with the time of day that
// a retarget counts from. Virtual time at the retarget after it would be years before, and
// the target negative: no hash meets it, and the chain ends.
func TestARetargetDoesNotCountBackwards(t *testing.T) {
	f := chaintest.NewQuick(t)
	s, _ := withTools(t, f, "a")
	blocksByTheClock(t, f, s, int(consensus.BlocksPerRetarget)-1)
	if err := s.change(clockRequest{Mode: clockReal}); err != nil {
		t.Fatal(err)
	}
	blocksByTheClock(t, f, s, 1)
	s.virtualClock = newVirtualClock(f.Bytom, true) // Everybody else's.
	if mode, now := s.read(); mode != clockReal {
		t.Errorf("%s %v, expected %s", mode, now, clockReal)
	}
}

// TestARetargetThatBeganInTheFuture has a clock be an hour ahead at the block that a retarget counts from, and the
// next 2,016 take less than that, as where difficulty is next to none.
func TestARetargetThatBeganInTheFuture(t *testing.T) {
	f := chaintest.NewQuick(t)
	s, _ := withTools(t, f, "a")
	blocksByTheClock(t, f, s, int(consensus.BlocksPerRetarget)-1)
	base := time.Now().Unix() + 3000
	if err := s.change(clockRequest{Mode: clockVirtual, Time: base}); err != nil {
		t.Fatal(err)
	}
	blocksByTheClock(t, f, s, 1)
	if err := s.change(clockRequest{Mode: clockReal}); err != nil {
		t.Fatal(err)
	}
	mode, now := s.read()
	if mode != clockReal || time.Until(now).Abs() > time.Minute {
		t.Fatalf("as it begins: %s %v, expected the time of day", mode, now)
	}
	blocksByTheClock(t, f, s, int(consensus.BlocksPerRetarget)-1)
	mode, now = s.read()
	if ahead := time.Until(now); mode != clockReal || now.Unix() <= base || ahead > time.Hour-30*time.Second {
		t.Errorf("at the retarget's end: %s %v, %v ahead, expected more than %d, and less than an hour", mode, now, ahead, base)
	}
	for mode, request := range map[string]clockRequest{
		clockVirtual: {Mode: clockVirtual, Time: base - 7200}, clockFrozen: {Mode: clockFrozen, Time: base - 7200}, clockReal: {Mode: clockReal},
	} {
		if err := s.change(request); err != nil {
			t.Fatal(err)
		}
		if is, now := s.read(); is != mode || now.Unix() <= base {
			t.Errorf("set back at the retarget's end: %s %v, expected %s, and more than %d", is, now, mode, base)
		}
	}
	for _, request := range []clockRequest{{Mode: clockVirtual, Time: base - 7200}, {Advance: 10}} {
		if err := s.change(request); err != nil {
			t.Fatal(err)
		}
	}
	blocksByTheClock(t, f, s, 1)
	want := base - 7200 + 10 + int64(consensus.TargetSecondsPerBlock)
	if mode, now = s.read(); mode != clockVirtual || now.Unix() != want {
		t.Errorf("ten seconds on, and a block later: %s %d, expected %s %d", mode, now.Unix(), clockVirtual, want)
	}
	if err := s.change(clockRequest{Mode: clockReal}); err != nil {
		t.Fatal(err)
	}
	blocksByTheClock(t, f, s, 2)
	if mode, now = s.read(); mode != clockReal || time.Until(now).Abs() > time.Minute {
		t.Errorf("behind the retarget: %s %v, expected the time of day", mode, now)
	}
}

// TestAChainThatHasEndedSaysSo has a stock node's clock end what a retarget counts, before it began.
func TestAChainThatHasEndedSaysSo(t *testing.T) {
	f := chaintest.NewQuick(t)
	s, _ := withTools(t, f, "a")
	template, err := s.generator.Make(t.Context(), mining.Request{Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	ended := *template
	ended.Target = mining.TargetFromBits(f.Chain.Tip().Bits | 1<<55) // Below zero.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := s.solve(ctx, mining.NewJob(&ended, 1), true); err == nil || !strings.Contains(err.Error(), "this chain has ended") {
		t.Errorf("target %v: %v", ended.Target, err)
	}
}

// TestTheClockOfALongSolonet has 150 s a block reach the present.
func TestTheClockOfALongSolonet(t *testing.T) {
	f := chaintest.NewQuick(t)
	c := newVirtualClock(f.Bytom, true)
	left := time.Now().Unix() - genesisTime
	for zero, want := range map[int64]string{genesisTime + left - 200: clockVirtual, genesisTime + left: clockReal} {
		c.zero = zero
		if mode, now := c.read(); mode != want || now.After(time.Now()) {
			t.Errorf("%s %v, expected %s", mode, now, want)
		}
	}
	// As a test sets it, it may be ahead.
	if err := c.change(clockRequest{Mode: clockVirtual, Time: time.Now().Unix() + 3000}); err != nil {
		t.Fatal(err)
	}
	if mode, now := c.read(); mode != clockVirtual || time.Until(now) < 2900*time.Second {
		t.Errorf("%s %v", mode, now)
	}
	before := c.zero
	if err := c.change(clockRequest{}); err != nil || c.zero != before {
		t.Errorf("to ask is not to set: %v", err)
	}
}

// TestOneClockForAllWork asks a whole node, as make run starts it, for work of each kind:
// all of it has the virtual time, and there is no word of a wrong clock.
func TestOneClockForAllWork(t *testing.T) {
	config := soloConfig(home(t))
	config.Mining.Devices = "cpu"
	config.Bytom.Mining = true
	n, _ := newWholeNode(t, config)
	const want = genesisTime + 150
	current, err := n.generator.Current()
	if err != nil || current.Timestamp != want {
		t.Fatalf("template: %v, %v", current, err)
	}
	var work struct {
		Header struct{ Timestamp uint64 } `json:"block_header"`
	}
	if detail := n.ask(t, "/get-work-json", ``, &work); detail != "" || work.Header.Timestamp != want {
		t.Errorf("get-work: %+v %s", work, detail)
	}
	var template struct {
		CurTime uint64 `json:"curtime"`
		MinTime uint64 `json:"mintime"`
		MaxTime uint64 `json:"maxtime"`
	}
	if detail := n.ask(t, "/get-block-template", `{}`, &template); detail != "" || template.CurTime != want || template.MinTime != genesisTime+1 || template.MaxTime < uint64(time.Now().Unix()) {
		t.Errorf("get-block-template: %+v %s", template, detail)
	}
	if now := n.generator.Now().Unix(); now != want {
		t.Errorf("a rig's job would have %d", now)
	}
	n.clock.look(chainTimeAt(n.bytom.chain.GetBlockIndex().BestNode()))
	var info struct{ Clock string }
	if detail := n.ask(t, "/mining-info", ``, &info); detail != "" || info.Clock != "" {
		t.Errorf("mining-info: %q %s", info.Clock, detail)
	}
	if log := n.log.String(); strings.Count(log, "keeps its difficulty") != 1 || strings.Contains(log, "NTP") {
		t.Errorf("the log: %s", log)
	}
}

func TestSolonetClockKey(t *testing.T) {
	c := NewConfig()
	c.Bytom.ChainID = "solonet"
	for clock, ok := range map[string]bool{"virtual": true, "real": true, "": false, "frozen": false, "Real": false} {
		c.Solonet.Clock = clock
		if err := c.check(); (err == nil) != ok || !ok && !strings.Contains(err.Error(), "solonet.clock") {
			t.Errorf("%q: %v", clock, err)
		}
	}
}
