package node

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestASlowDiskDoesNotSilenceThePage: the rigs' days are read from the disk, which may take its time, or hang.
// All else goes on, or the page would say that there is no contact with a node that mines.
func TestASlowDiskDoesNotSilenceThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEvents(eventSources{
			status: func() any { return map[string]any{"at": time.Now()} },
			rigs: func(time.Time) (RigStatsList, error) {
				time.Sleep(30 * time.Second)
				return RigStatsList{Rigs: []RigStats{{Rig: "shed.1"}}}, nil
			},
			fates:    func(int) ([]mining.Fate, error) { return nil, nil },
			describe: func([]mining.Fate) []FoundStats { return nil },
			tip:      func() mining.Tip { return mining.Tip{} }, log: slog.New(slog.DiscardHandler),
		})
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = e.run(ctx) }()
		defer func() {
			stop()
			time.Sleep(time.Minute) // What is being read ends.
		}()
		if !e.enter() {
			t.Fatal("no room")
		}
		defer e.leave()
		time.Sleep(20*time.Second + time.Millisecond)
		if _, last, _, _ := e.since(0); last < 15 {
			t.Errorf("%d events in 20 s", last)
		}
		time.Sleep(20 * time.Second)
		texts, _, _, _ := e.since(0)
		rigs := 0
		for _, text := range texts {
			if strings.Contains(string(text), "shed.1") {
				rigs++
			}
		}
		if rigs != 1 {
			t.Errorf("the rig was told of %d times, expected once", rigs)
		}
	})
}
