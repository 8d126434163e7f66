package node

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/bytom-solo/bytom-solo/redact"
)

// Notification is what a webhook is posted, as JSON.
type Notification struct {
	// Event is block.found, block.main, block.confirmed, block.matured, block.lost,
	// block.refused, clock.off or clock.right.
	Event string    `json:"event"`
	At    time.Time `json:"at"`
	// Network and Node say who tells: chain_id and node_alias.
	Network string `json:"network"`
	Node    string `json:"node,omitempty"`
	// Block is what the event is about, if it is a block.
	Block *FoundBlock `json:"block,omitempty"`
	// Detail is a sentence.
	Detail string `json:"detail,omitempty"`
}

// notifier posts notifications to a webhook, one after the other, and holds nobody
// up. It is safe for concurrent use.
type notifier struct {
	url    string // empty: nobody wants them
	client *http.Client
	queue  chan Notification
	log    *slog.Logger
	pause  time.Duration // before the second try; it doubles
}

const (
	notifyQueue = 1000
	notifyTries = 5
)

func newNotifier(webhook string, log *slog.Logger) (*notifier, error) {
	if u, err := url.Parse(webhook); webhook != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return nil, fmt.Errorf("key notify.webhook: value %q: expected http://host/path", redact.URL(webhook))
	}
	return &notifier{
		url: webhook, client: &http.Client{Timeout: 10 * time.Second},
		queue: make(chan Notification, notifyQueue), log: log, pause: time.Second,
	}, nil
}

// send leaves a notification to be posted.
func (n *notifier) send(note Notification) {
	if n.url == "" {
		return
	}
	select {
	case n.queue <- note:
	default:
		n.log.Warn("notification dropped: the webhook is too slow", "event", note.Event)
	}
}

// run posts what is left to it until ctx ends, then what is still there, each once.
func (n *notifier) run(ctx context.Context) error {
	for {
		select {
		case note := <-n.queue:
			n.deliver(ctx, note)
		case <-ctx.Done():
			n.drain()
			return ctx.Err()
		}
	}
}

func (n *notifier) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for {
		select {
		case note := <-n.queue:
			if err := n.post(ctx, note); err != nil {
				n.log.Warn("notification not delivered", "event", note.Event, "error", err)
			}
		default:
			return
		}
	}
}

// deliver posts a notification, more than once if it must.
func (n *notifier) deliver(ctx context.Context, note Notification) {
	err := retry(ctx, notifyTries, n.pause, func() error { return n.post(context.WithoutCancel(ctx), note) })
	if err != nil {
		n.log.Warn("notification not delivered", "event", note.Event, "error", err)
	}
}

func (n *notifier) post(ctx context.Context, note Notification) error {
	return postJSON(ctx, n.client, n.url, note, func(resp *http.Response) error {
		if resp.StatusCode/100 != 2 {
			return fmt.Errorf("the webhook answered %s", resp.Status)
		}
		return nil
	})
}
