package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Notification is what a webhook is posted, as JSON.
type Notification struct {
	// Event is block.found, block.main, block.confirmed, block.matured, block.lost,
	// block.refused, payee.changed (over RPC), payee.lost (what is mined can't be spent any
	// more), payee.back, clock.off, clock.right, disk.full, disk.right, watch.alarm (others differ),
	// watch.right, payout.unsigned, payout.paid, payout.given-up, payout.conflict, payout.held,
	// fault.raised or fault.over.
	Event string    `json:"event"`
	At    time.Time `json:"at"`
	// Network and Node say whose event it is: chain_id and node_alias.
	Network string `json:"network"`
	Node    string `json:"node,omitempty"`
	// Block is what the event is about, if it is a block.
	Block *FoundBlock `json:"block,omitempty"`
	// Payee is who is paid from now on, if that was changed over RPC.
	Payee *PayeeChange `json:"payee,omitempty"`
	// Fault is what has come or gone, with fault.raised and fault.over.
	Fault *Fault `json:"fault,omitempty"`
	// Rig is the rig that the event is about, with rig.away, rig.silent, rig.degraded,
	// rig.flapping and rig.back.
	Rig *RigAlert `json:"rig,omitempty"`
	// Detail is a sentence.
	Detail string `json:"detail,omitempty"`
}

// PayeeChange is a change of the address that coinbases pay.
type PayeeChange struct {
	// Old is empty if there was none.
	Old string `json:"old,omitempty"`
	New string `json:"new"`
	// By is who changed it: the caller's address, and the name of its access token.
	By string `json:"by"`
}

// notifier brings notifications to a webhook or a command, one after the other in their
// order, and holds nobody up. It is safe for concurrent use.
type notifier struct {
	what   string                                    // "webhook" or "command"
	do     func(context.Context, Notification) error // nil where there is no command
	tries  int
	url    string // the webhook's; empty where there is none
	client *http.Client
	queue  chan Notification
	log    *slog.Logger
	pause  time.Duration // before the second try; it doubles up to notifyPause
	warned atomic.Int64  // when lost notifications were last logged, in Unix nanoseconds
	gone   atomic.Uint64 // those that were lost
	lastTry
}

const (
	notifyQueue = 1000
	// notifyTries is how often a notification is posted to a webhook that does not take
	// it: for a quarter of an hour, and longer if it doesn't answer.
	notifyTries = 20
	// notifyRefusals is how often one is posted whose content the webhook refuses, for a quarter of a minute:
	// it would hold up those behind it for nothing.
	notifyRefusals = 5
	// notifyPause is the longest pause between two tries.
	notifyPause = time.Minute
	// notifyGrace is how long the last ones may take when the node stops.
	notifyGrace = time.Second
	// notifyWarnPeriod is how often lost notifications are logged.
	notifyWarnPeriod = time.Hour
)

func newNotifier(webhook string, log *slog.Logger) (*notifier, error) {
	if err := checkOutboundURL("notify.webhook", webhook); err != nil {
		return nil, err
	}
	n := &notifier{
		what: "webhook", tries: notifyTries, url: webhook, client: &http.Client{Timeout: 10 * time.Second, Transport: fewConnections()},
		queue: make(chan Notification, notifyQueue), log: log, pause: time.Second,
	}
	if webhook != "" {
		n.do = n.postTo
	}
	return n, nil
}

// send leaves a notification to be posted.
func (n *notifier) send(note Notification) {
	if n.do == nil { // Nobody wants it.
		return
	}
	select {
	case n.queue <- note:
	default:
		n.lost(note, errors.New("too many wait"))
	}
}

// run posts what is left to it until ctx ends, then what is still there, each once.
func (n *notifier) run(ctx context.Context) error {
	last, cancel := outlast(ctx, notifyGrace)
	defer cancel()
	for {
		select {
		case note := <-n.queue:
			err := n.deliver(ctx, last, note)
			if err != nil && ctx.Err() != nil {
				n.logUnsent(err)
				return ctx.Err()
			}
		case <-ctx.Done():
			n.drain(last)
			return ctx.Err()
		}
	}
}

// drain posts what waits, as long as the webhook takes it.
func (n *notifier) drain(ctx context.Context) {
	for {
		select {
		case note := <-n.queue:
			if err := n.post(ctx, note); err != nil {
				n.logUnsent(err)
				return
			}
		default:
			return
		}
	}
}

// notifyLast sends what came since run ended, or where it was never begun: a block can be found, or written down, as the
// process stops. It takes notifyGrace at most, and ends with ctx.
func (s *station) notifyLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, notifyGrace)
	defer cancel()
	var sending sync.WaitGroup
	for _, n := range []*notifier{s.notifier, s.command} {
		sending.Go(func() { n.drain(ctx) })
	}
	sending.Wait()
}

// logUnsent gives up one notification and those that wait, as the node stops, and logs how many.
func (n *notifier) logUnsent(err error) {
	for lost := 1; ; lost++ {
		select {
		case <-n.queue:
		default:
			n.log.Warn("notifications are lost: the "+n.what+" does not take them before the node stops", "lost", lost, "error", err)
			return
		}
	}
}

// deliver posts a notification, more than once if it must while ctx lasts. The last
// try ends with last.
func (n *notifier) deliver(ctx, last context.Context, note Notification) error {
	failed, refusals := false, 0
	trying, giveUp := context.WithCancel(ctx)
	defer giveUp()
	err := retry(trying, n.tries, n.pause, notifyPause, func() error {
		err := n.post(last, note)
		if errors.Is(err, errContent) {
			if refusals++; refusals >= notifyRefusals {
				giveUp()
			}
		}
		if err != nil && n.tries > 1 && !failed && ctx.Err() == nil {
			failed = true
			n.warn("the "+n.what+" takes no notification, will try again", "event", note.Event, "error", err)
		}
		return err
	})
	switch {
	case err == nil && failed:
		n.warned.Store(0)
		n.log.Info("the " + n.what + " takes notifications again")
	case err != nil && ctx.Err() == nil:
		n.lost(note, err)
	}
	return err
}

// lost logs that a notification is not posted.
func (n *notifier) lost(note Notification, err error) {
	n.gone.Add(1)
	n.log.Debug("notification lost", "event", note.Event, "error", err)
	n.warn("notifications are lost: the "+n.what+" does not take them", "event", note.Event, "error", err)
}

// warn logs that a webhook fails, once an hour: each notification and each try would
// be one more line of the same.
func (n *notifier) warn(text string, args ...any) {
	now, told := time.Now(), n.warned.Load()
	if now.Sub(time.Unix(0, told)).Abs() >= notifyWarnPeriod && n.warned.CompareAndSwap(told, now.UnixNano()) {
		n.log.Warn(text, args...)
	}
}

func (n *notifier) post(ctx context.Context, note Notification) error {
	err := n.do(ctx, note)
	n.set(err)
	return err
}

// errContent is that a webhook refuses a notification for what is in it, which no later try changes.
var errContent = errors.New("it refuses what is in the notification")

// postTo posts a notification to the webhook.
func (n *notifier) postTo(ctx context.Context, note Notification) error {
	return postJSON(ctx, n.client, n.url, note, func(resp *http.Response) error {
		switch resp.StatusCode {
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
			return fmt.Errorf("the webhook answered %s: %w", resp.Status, errContent)
		}
		if resp.StatusCode/100 != 2 {
			return fmt.Errorf("the webhook answered %s", resp.Status)
		}
		return nil
	})
}
