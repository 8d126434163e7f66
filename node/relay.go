package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"
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

	sending sync.WaitGroup
}

// relayTries is how often a block is offered to a node that does not answer.
const relayTries = 5

// newRelay makes a relay to nodes given as URLs, separated by commas; an access token
// stands in the URL, as user name and password.
func newRelay(nodes string, log *slog.Logger) (*relay, error) {
	r := &relay{client: &http.Client{Timeout: 20 * time.Second}, log: log, pause: 500 * time.Millisecond}
	for text := range strings.SplitSeq(nodes, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("key mining.extra-nodes: value %q: expected http://host:port or http://user:password@host:port", text)
		}
		r.nodes = append(r.nodes, u)
	}
	return r, nil
}

// send starts to bring a block to all nodes, and returns.
func (r *relay) send(block *types.Block) {
	for _, node := range r.nodes {
		r.sending.Go(func() { r.sendTo(node, block) })
	}
}

// wait gives the sending a last moment when the node stops.
func (r *relay) wait(limit time.Duration) {
	done := make(chan struct{})
	go func() { r.sending.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(limit):
		r.log.Warn("a found block may not have reached all extra nodes")
	}
}

func (r *relay) sendTo(node *url.URL, block *types.Block) {
	log := r.log.With("node", node.Redacted(), "height", block.Height)
	raw, err := block.MarshalText()
	if err != nil {
		log.Error("found block not relayed", "error", err)
		return
	}
	body, err := json.Marshal(map[string]string{"raw_block": string(raw)})
	if err != nil {
		log.Error("found block not relayed", "error", err)
		return
	}
	for try, pause := 1, r.pause; ; try, pause = try+1, 2*pause {
		answer, err := r.post(node, body)
		if err == nil {
			log.Info("found block relayed", "answer", answer)
			return
		}
		if try == relayTries {
			log.Warn("found block not relayed", "tries", try, "error", err)
			return
		}
		time.Sleep(pause)
	}
}

// post offers a block once. An answer of the node's, be it a refusal, is no error.
func (r *relay) post(node *url.URL, body []byte) (answer string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), r.client.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, node.JoinPath("submit-block").String(), bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var out struct {
		Status      string
		ErrorDetail string `json:"error_detail"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&out); err != nil {
		return "", fmt.Errorf("status %s: %w", resp.Status, err)
	}
	return strings.TrimSpace(out.Status + " " + out.ErrorDetail), nil
}
