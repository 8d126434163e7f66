package node

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// hangingHandler hangs who logs a message.
type hangingHandler struct {
	slog.Handler
	message string
	stuck   chan struct{} // closed when it is to go on
}

func (h hangingHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Message == h.message {
		<-h.stuck
	}
	return nil
}

func (h hangingHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

// waitingFront opens a front whose engine is not there, and so no node either.
func waitingFront(t *testing.T, log *slog.Logger) *Front {
	t.Helper()
	config := NewConfig()
	config.Bytom.RootDir = t.TempDir()
	key, err := fleet.OpenKey(config.FrontKeyPath())
	if err != nil {
		t.Fatal(err)
	}
	flags := pflag.NewFlagSet("front", pflag.ContinueOnError)
	config.RegisterFront(flags)
	if err := flags.Parse([]string{
		"--chain_id", "solonet", "--engine", "nats://127.0.0.1:1", "--node", key.Public().String() + "@http://127.0.0.1:1",
		"--mining.address", "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7", "--stratum.listen", "127.0.0.1:0", "--api_addr", "127.0.0.1:0",
	}); err != nil {
		t.Fatal(err)
	}
	if err := config.LoadFront(flags, func(string) (string, bool) { return "", false }); err != nil {
		t.Fatal(err)
	}
	f, err := NewFront(t.Context(), config, log)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestWatchdogKnowsWhenAFrontHangs: one that waits for its node is up for the service manager, which
// is told for what, and goes on giving signs of life until nodes' work has no way to rigs any more.
func TestWatchdogKnowsWhenAFrontHangs(t *testing.T) {
	if inOwnProcess(t) {
		return
	}
	manager := newServiceManager(t)
	stuck := make(chan struct{})
	release := sync.OnceFunc(func() { close(stuck) })
	defer release()
	f := waitingFront(t, slog.New(hangingHandler{slog.NewTextHandler(io.Discard, nil), "a message to this node's fronts is refused", stuck}))
	f.patience = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	manager.await(t, "READY=1", time.Minute)
	testnet.Wait(t, time.Minute, func() error {
		manager.mu.Lock()
		defer manager.mu.Unlock()
		for _, l := range manager.lines {
			if strings.HasPrefix(l.text, "STATUS=waits=\"the engine can't be reached") {
				return nil
			}
		}
		return errors.New("it is not said what the front waits for")
	})
	manager.awaitAfter(t, "WATCHDOG=1", time.Now(), watchdogTest)
	go f.feed.Refuse(f.config.Front.Nodes[0].key, errors.New("held"))
	testnet.Wait(t, time.Minute, func() error {
		if since := time.Now().Add(-watchdogTest); len(manager.times("WATCHDOG=1", since)) > 0 {
			return errors.New("there are signs of life")
		}
		return nil
	})
	release()
	manager.awaitAfter(t, "WATCHDOG=1", time.Now(), watchdogTest)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	manager.await(t, "STOPPING=1", time.Second)
}
