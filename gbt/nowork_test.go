package gbt

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// TestWorkThatGoesAway: who polls for work or for news of it is told why there is none, and
// what was handed out before is a block all the same. Work comes back by itself.
func TestWorkThatGoesAway(t *testing.T) {
	var lost atomic.Bool
	c, r := server(t, func(cfg *mining.GeneratorConfig) {
		payee := cfg.Payee
		cfg.Payee = func() (mining.Payee, []byte, error) {
			if lost.Load() {
				return mining.Payee{}, nil, fmt.Errorf("%w: the account is gone", mining.ErrNoPayee)
			}
			return payee()
		}
	})
	client := newClient(t, r)
	work, err := client.GetWork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := getTemplate(t, r, `{}`)
	told := make(chan error)
	for range 2 {
		go func() {
			_, err := client.GetBlockTemplate(t.Context(), wire.TemplateRequest{LongpollID: before.LongpollID})
			told <- err
		}()
	}
	_, replaced := c.generator.Watch()
	lost.Store(true)
	c.generator.Force()
	for range 2 {
		if err := <-told; !errors.Is(err, mining.ErrNoPayee) {
			t.Errorf("a longpoll was told %v", err)
		}
	}
	<-replaced
	if _, err := client.GetWork(t.Context()); !errors.Is(err, mining.ErrNoPayee) {
		t.Errorf("get-work was told %v", err)
	}
	header := *work.BlockHeader
	for err = mining.ErrHighHash; errors.Is(err, mining.ErrHighHash); header.Nonce++ {
		err = client.SubmitWork(t.Context(), &header)
	}
	if err != nil || c.made == nil {
		t.Errorf("a solution: %v", err)
	}
	lost.Store(false)
	for _, err = client.GetWork(t.Context()); err != nil; _, err = client.GetWork(t.Context()) {
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}
