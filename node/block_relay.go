package node

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/redact"
)

// relay brings found blocks to other nodes of the operator's choice by their
// /submit-block, at the time that our own chain gets them: a second way to the
// network, should our peers be few or slow. It is safe for concurrent use.
type relay struct {
	nodes  []*url.URL
	client *http.Client
	log    *slog.Logger
	// pause is how long a node that did not answer is left alone; it doubles.
	pause time.Duration

	sending atomic.Int64 // blocks on their way, counted by the node
}

// relayTries is how often a block is offered to a node that does not answer.
const relayTries = 5

// newRelay returns a relay to nodes given as URLs, separated by commas; an access token
// stands in the URL, as user name and password.
func newRelay(nodes string, log *slog.Logger) (*relay, error) {
	r := &relay{client: &http.Client{Timeout: 20 * time.Second, Transport: fewConnections()}, log: log, pause: 500 * time.Millisecond}
	for text := range strings.SplitSeq(nodes, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("key mining.extra-nodes: value %q: expected http://host:port or http://user:password@host:port", redact.URL(text))
		}
		r.nodes = append(r.nodes, u)
	}
	return r, nil
}

// send starts to bring a block to all nodes, and returns.
func (r *relay) send(block *types.Block) {
	for _, node := range r.nodes {
		r.sending.Add(1)
		go func() {
			defer r.sending.Add(-1)
			r.sendTo(node, block)
		}()
	}
}

// wait gives the sending time until ctx ends, when the node stops. A device that did not return in time may find a block
// meanwhile, which a sync.WaitGroup does not allow.
func (r *relay) wait(ctx context.Context) {
	const pause = 5 * time.Millisecond
	for r.sending.Load() > 0 {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			r.log.Warn("a found block may not have reached all extra nodes")
			return
		}
	}
}

func (r *relay) sendTo(node *url.URL, block *types.Block) {
	log := r.log.With("node", redact.URL(node.String()), "height", block.Height)
	raw, err := block.MarshalText()
	if err != nil {
		log.Error("found block not relayed", "error", err)
		return
	}
	request := map[string]string{"raw_block": string(raw)}
	answer := ""
	err = retry(context.Background(), relayTries, r.pause, time.Minute, func() error {
		return postJSON(context.Background(), r.client, node.JoinPath("submit-block").String(), request, func(resp *http.Response) (err error) {
			answer, err = readSubmitAnswer(resp)
			return err
		})
	})
	if err != nil {
		log.Warn("found block not relayed", "tries", relayTries, "error", err)
		return
	}
	log.Info("found block relayed", "answer", answer)
}

// readSubmitAnswer is what a node says of a block. A refusal is no error: that node has
// judged. One that does not let the caller in has not, and says so by HTTP's status.
func readSubmitAnswer(resp *http.Response) (string, error) {
	var out struct {
		Status      string
		ErrorDetail string `json:"error_detail"`
		Detail      string // of a refusal for want of a token
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return "", fmt.Errorf("status %s: %w", resp.Status, err)
	}
	if resp.StatusCode/100 != 2 {
		return "", fmt.Errorf("status %s: %s%s", resp.Status, brief(out.ErrorDetail), brief(out.Detail))
	}
	return strings.TrimSpace(brief(out.Status) + " " + brief(out.ErrorDetail)), nil
}
