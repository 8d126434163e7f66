package mining

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"
)

func timeAt(unix int64) time.Time { return time.Unix(unix, 0) }

func sizeName(n int) string { return fmt.Sprintf("txs=%d", n) }

// runGenerator runs g until the test's end.
func runGenerator(t *testing.T, g *Generator) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
}

func TestGeneratorFollowsTheTip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		g := newTestGenerator(c)
		if _, err := g.Current(); !errors.Is(err, ErrNoTemplate) {
			t.Fatalf("before Run: %v", err)
		}
		runGenerator(t, g)
		synctest.Wait()
		sub, cancel := g.Subscribe()
		defer cancel()
		if first := <-sub; first.Height != 11 || first.Reason != NewParent {
			t.Fatalf("first template: height %d reason %s", first.Height, first.Reason)
		}
		c.connect(2)
		g.TipChanged()
		synctest.Wait()
		if next := <-sub; next.Height != 12 || next.Tip.Hash != bc.NewHash([32]byte{2}) {
			t.Fatalf("after a block: height %d on %s", next.Height, next.Tip.Hash.String())
		}
	})
}

// TestGeneratorLosesNoWakeUp holds the builder, connects a block, releases it, and
// must see no template of the old parent.
func TestGeneratorLosesNoWakeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		c.selecting, c.resume = make(chan struct{}), make(chan struct{})
		g := newTestGenerator(c)
		sub, cancel := g.Subscribe()
		defer cancel()
		runGenerator(t, g)
		<-c.selecting // The first build is under way, on the old tip.
		c.connect(2)
		g.TipChanged()
		<-c.selecting // The build that the new tip caused does not wait for it.
		c.mu.Lock()
		c.selecting = nil
		c.mu.Unlock()
		c.resume <- struct{}{}
		c.resume <- struct{}{}
		synctest.Wait()
		if got := <-sub; got.Tip.Hash != c.Tip().Hash {
			t.Fatalf("template on %s, the tip is %s", got.Tip.Hash.String(), c.tip.Hash.String())
		}
		// Without TipChanged the build itself finds that the tip moved.
		c.mu.Lock()
		c.selecting = make(chan struct{})
		c.mu.Unlock()
		g.PayeeChanged()
		<-c.selecting
		c.connect(3)
		c.mu.Lock()
		c.selecting = nil
		c.mu.Unlock()
		c.resume <- struct{}{}
		synctest.Wait()
		if got := <-sub; got.Tip.Hash != c.Tip().Hash {
			t.Fatalf("template on %s, the tip is %s", got.Tip.Hash.String(), c.tip.Hash.String())
		}
	})
}

// TestTheSameWorkHasTheSameSequence chooses no transactions for a new tip, and takes its
// time; then it is told of that tip once more, of the payee, and asked for another template.
func TestTheSameWorkHasTheSameSequence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		c.selecting, c.resume = make(chan struct{}), make(chan struct{})
		g := newTestGenerator(c)
		sub, cancel := g.Subscribe()
		defer cancel()
		runGenerator(t, g)
		<-c.selecting
		empty := <-sub
		c.mu.Lock()
		c.selecting = nil
		c.mu.Unlock()
		c.resume <- struct{}{}
		expect := func(reason Reason, sequence uint64) {
			t.Helper()
			if got := <-sub; got.Reason != reason || got.Sequence != sequence {
				t.Errorf("%s has the sequence number %d, expected %s with %d", got.Reason, got.Sequence, reason, sequence)
			}
		}
		expect(NewParent, empty.Sequence)
		g.TipChanged()
		expect(NewParent, empty.Sequence)
		g.PayeeChanged()
		expect(NewPayee, empty.Sequence)
		g.Force()
		expect(Forced, empty.Sequence+1)
		c.connect(2)
		g.TipChanged()
		expect(NewParent, empty.Sequence+2)
	})
}

func TestGeneratorWaitsBetweenTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		g := newTestGenerator(c)
		runGenerator(t, g)
		synctest.Wait()
		sub, cancel := g.Subscribe()
		defer cancel()
		<-sub
		start := time.Now()
		c.mu.Lock()
		c.txs = randomCandidates(random(), 3)
		c.mu.Unlock()
		for range 1000 {
			g.TxsChanged()
		}
		if got := <-sub; got.Reason != NewTxs {
			t.Fatalf("reason %s", got.Reason)
		}
		if waited := time.Since(start); waited != 5*time.Second {
			t.Errorf("a template for new transactions after %v, expected 5s", waited)
		}
		if got := <-sub; got.Reason != Forced {
			t.Fatalf("reason %s", got.Reason)
		}
		if waited := time.Since(start); waited != 35*time.Second {
			t.Errorf("refreshed after %v, expected 35s", waited)
		}
	})
}

func TestSubscribersGetTheNewestAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		g := newTestGenerator(c)
		runGenerator(t, g)
		synctest.Wait()
		slow, cancel := g.Subscribe()
		defer cancel()
		for h := byte(2); h < 12; h++ {
			c.connect(h)
			g.TipChanged()
			synctest.Wait()
		}
		if got := <-slow; got.Tip.Hash != c.Tip().Hash {
			t.Errorf("a slow subscriber got height %d, expected the newest, %d", got.Height, c.tip.Height+1)
		}
		select {
		case extra := <-slow:
			t.Errorf("and another one behind it, of height %d", extra.Height)
		default:
		}
	})
}

// TestFreshWaitsForTheNewTip asks while the template of the new tip is being made.
func TestFreshWaitsForTheNewTip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		g := newTestGenerator(c)
		runGenerator(t, g)
		synctest.Wait()
		c.mu.Lock()
		c.selecting, c.resume = make(chan struct{}), make(chan struct{})
		c.mu.Unlock()
		c.connect(2)
		g.TipChanged()
		<-c.selecting // It is being built.
		go func() { time.Sleep(100 * time.Millisecond); c.resume <- struct{}{} }()
		start := time.Now()
		got, err := g.Fresh(t.Context())
		if err != nil || got.Tip.Hash != c.Tip().Hash || time.Since(start) != 10*time.Millisecond {
			t.Fatalf("after %v: %+v, %v", time.Since(start), got, err)
		}
		synctest.Wait()
		time.Sleep(time.Second)
		// A builder that has not heard of the tip is not waited for.
		c.connect(3)
		start = time.Now()
		if got, err := g.Fresh(t.Context()); err != nil || got.Height != 12 || time.Since(start) != freshWait {
			t.Fatalf("after %v: %+v, %v", time.Since(start), got, err)
		}
	})
}

// TestStagesAreObserved takes the times from a tip to its templates.
func TestStagesAreObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		seen := make(map[Stage][]time.Duration)
		g := NewGenerator(GeneratorConfig{
			Source: c, Payee: func() (Payee, []byte, error) { return testPayee, nil, nil },
			Observe: func(s Stage, d time.Duration) { seen[s] = append(seen[s], d) },
		})
		runGenerator(t, g)
		synctest.Wait()
		c.selecting, c.resume = make(chan struct{}), make(chan struct{})
		c.connect(2)
		g.TipChanged()
		<-c.selecting
		time.Sleep(time.Second)
		c.resume <- struct{}{}
		synctest.Wait()
		if got := seen[StageTemplate]; len(got) != 2 || got[1] != 10*time.Millisecond {
			t.Errorf("tip to template: %v", got)
		}
		if got := seen[StageFull]; len(got) != 2 || got[1] != time.Second {
			t.Errorf("tip to full template: %v", got)
		}
	})
}

// TestSettleWaitsForWhatWasAskedFor changes the payee while a template for the one before
// is under way.
func TestSettleWaitsForWhatWasAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		var payee atomic.Pointer[Payee]
		payee.Store(&testPayee)
		g := NewGenerator(GeneratorConfig{Source: c, Payee: func() (Payee, []byte, error) { return *payee.Load(), nil, nil }})
		runGenerator(t, g)
		synctest.Wait()
		if err := g.Settle(t.Context()); err != nil {
			t.Fatalf("nothing was asked for: %v", err)
		}
		c.mu.Lock()
		c.selecting, c.resume = make(chan struct{}), make(chan struct{})
		c.mu.Unlock()
		g.Force()
		<-c.selecting // It has asked for the payee.
		other := Payee{Address: "other", Program: append([]byte{0, 20}, bytes.Repeat([]byte{7}, 20)...)}
		payee.Store(&other)
		g.PayeeChanged()
		gone, leave := context.WithCancel(t.Context())
		leave()
		if err := g.Settle(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("whoever goes away is told %v", err)
		}
		settled := make(chan string)
		go func() {
			err := g.Settle(t.Context())
			template, _ := g.Current()
			settled <- fmt.Sprint(template.Payee.Address, " ", err)
		}()
		c.resume <- struct{}{}
		<-c.selecting
		synctest.Wait()
		select {
		case got := <-settled:
			t.Fatalf("settled on %s before the template was built", got)
		default:
		}
		c.mu.Lock()
		c.selecting = nil
		c.mu.Unlock()
		c.resume <- struct{}{}
		if got := <-settled; got != "other <nil>" {
			t.Errorf("settled on %s", got)
		}
		// Where there is no template, the reason for that is the answer.
		c.mu.Lock()
		c.ready = ErrNotReady
		c.mu.Unlock()
		g.PayeeChanged()
		if err := g.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Current(); !errors.Is(err, ErrNotReady) {
			t.Errorf("settled on %v", err)
		}
	})
}

// TestGeneratorIsAliveWithoutACause asks a generator for which nothing happens, one that is
// held in a build, and one whose tip moves at each build.
func TestGeneratorIsAliveWithoutACause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		g := newTestGenerator(c)
		asked := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			return g.Alive(ctx)
		}
		if err := asked(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("before Run: %v", err)
		}
		runGenerator(t, g)
		synctest.Wait()
		before, _ := g.Current()
		start := time.Now()
		if err := asked(); err != nil || time.Since(start) > 0 {
			t.Errorf("without a cause it takes %v: %v", time.Since(start), err)
		}
		if after, _ := g.Current(); before == nil || after != before {
			t.Errorf("the question has built a template: %v, %v", before, after)
		}

		c.mu.Lock()
		c.selecting, c.resume = make(chan struct{}), make(chan struct{})
		c.mu.Unlock()
		g.PayeeChanged()
		<-c.selecting
		if err := asked(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("held in a build: %v", err)
		}
		for moves := byte(2); moves < 12; moves++ { // Each build finds the tip moved, and is followed by the next.
			answered := make(chan error, 1)
			go func() { answered <- asked() }()
			synctest.Wait()
			c.connect(moves)
			c.resume <- struct{}{}
			<-c.selecting
			if err := <-answered; err != nil {
				t.Errorf("between two builds: %v", err)
			}
		}
		c.mu.Lock()
		c.selecting = nil
		c.mu.Unlock()
		c.resume <- struct{}{}
	})
}
