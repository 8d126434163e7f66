package node

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestWhatComesAtTheEndIsToldOf: what becomes of a found block while the process stops, as one that a device or a disk has held up, comes when
// who sends notifications has ended, or, at a front that waits for its node, was never begun.
func TestWhatComesAtTheEndIsToldOf(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	f := waitingFront(t, slog.New(slog.NewTextHandler(t.Output(), nil)))
	url, got := hook(t, 0)
	var err error
	if f.notifier, err = newNotifier(url, f.log); err != nil {
		t.Fatal(err)
	}
	block := blockOf(7)
	f.journal.Watch(nil) // It is of an earlier run.
	if err := f.journal.Record(block, time.Now(), mining.Finder{Kind: mining.FoundByRig}); err != nil {
		t.Fatal(err)
	}
	f.journal.Watch(f.reportEvents)
	ctx, cancel := context.WithCancel(t.Context())
	f.relay.sending.Add(1)
	go func() { // The end waits for what is being relayed.
		defer f.relay.sending.Add(-1)
		<-ctx.Done()
		if err := f.journal.Append(block.Hash(), false, mining.Event{State: mining.StateMain, At: time.Now(), Best: 7}); err != nil {
			t.Error(err)
		}
	}()
	cancel()
	if err := f.Run(ctx); err != nil {
		t.Error(err)
	}
	if !slices.Equal(got(), []string{"block.main"}) {
		t.Errorf("told of %v, expected of the block", got())
	}
}
