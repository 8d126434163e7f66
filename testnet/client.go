package testnet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Client calls a node's RPC. It is safe for concurrent use.
type Client struct {
	// URL is where the node answers, http://host:port.
	URL string
}

// answer is the envelope of every RPC.
type answer struct {
	Status      string          `json:"status"`
	Msg         string          `json:"msg"`
	ErrorDetail string          `json:"error_detail"`
	Detail      string          `json:"detail"`
	Data        json.RawMessage `json:"data"`
}

var httpClient = &http.Client{Timeout: 10 * time.Minute}

// Call calls a route with in as JSON, and puts the answer's data in out, unless
// that is nil.
func (c Client) Call(ctx context.Context, route string, in, out any) error {
	_, body, err := c.Post(ctx, route, in)
	if err != nil {
		return err
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return fmt.Errorf("%s: %w: %.200s", route, err, body)
	}
	if a.Status != "success" {
		return fmt.Errorf("%s: %s: %s%s", route, a.Msg, a.ErrorDetail, a.Detail)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(a.Data, out); err != nil {
		return fmt.Errorf("%s: %w: %.200s", route, err, a.Data)
	}
	return nil
}

// Post posts in, JSON text or a value to encode as JSON, and returns the status and
// the body as they came.
func (c Client) Post(ctx context.Context, route string, in any) (status int, body []byte, err error) {
	raw, ok := in.([]byte)
	if !ok {
		if raw, err = json.Marshal(in); err != nil {
			return 0, nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+route, bytes.NewReader(raw))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := httpClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// Height is the height of the node's best block.
func (c Client) Height(ctx context.Context) (uint64, error) {
	var out struct {
		BlockCount uint64 `json:"block_count"`
	}
	err := c.Call(ctx, "/get-block-count", nil, &out)
	return out.BlockCount, err
}

// BlockHash is the id of the main chain's block at a height.
func (c Client) BlockHash(ctx context.Context, height uint64) (string, error) {
	var out struct {
		Hash string `json:"hash"`
	}
	err := c.Call(ctx, "/get-block", map[string]any{"block_height": height}, &out)
	return out.Hash, err
}

// PeerCount is how many peers the node has.
func (c Client) PeerCount(ctx context.Context) (int, error) {
	var out struct {
		PeerCount int `json:"peer_count"`
	}
	err := c.Call(ctx, "/net-info", nil, &out)
	return out.PeerCount, err
}

// Client is the RPC of the node of an index.
func (n *Network) Client(index int) (Client, error) {
	if index < 0 || index >= len(n.Nodes) {
		return Client{}, fmt.Errorf("node %d: expected 0 to %d", index, len(n.Nodes)-1)
	}
	return n.Nodes[index].Client(), nil
}
