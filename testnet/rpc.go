package testnet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// answer is the envelope of every RPC.
type answer struct {
	Status      string          `json:"status"`
	Msg         string          `json:"msg"`
	ErrorDetail string          `json:"error_detail"`
	Detail      string          `json:"detail"`
	Data        json.RawMessage `json:"data"`
}

var client = &http.Client{Timeout: time.Minute}

// Call calls a route with in as JSON, and puts the answer's data in out, unless
// that is nil.
func (n *Node) Call(route string, in, out any) error {
	_, body, err := n.Post(route, in)
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

// Post posts in, JSON text or a value to be made JSON, and returns the status and
// the body as they came.
func (n *Node) Post(route string, in any) (status int, body []byte, err error) {
	raw, ok := in.([]byte)
	if !ok {
		if raw, err = json.Marshal(in); err != nil {
			return 0, nil, err
		}
	}
	resp, err := client.Post(n.URL+route, "application/json", bytes.NewReader(raw))
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// Height is the height of the node's best block.
func (n *Node) Height() (uint64, error) {
	var out struct {
		BlockCount uint64 `json:"block_count"`
	}
	err := n.Call("/get-block-count", nil, &out)
	return out.BlockCount, err
}

// BlockHash is the id of the main chain's block at a height.
func (n *Node) BlockHash(height uint64) (string, error) {
	var out struct {
		Hash string `json:"hash"`
	}
	err := n.Call("/get-block", map[string]any{"block_height": height}, &out)
	return out.Hash, err
}

// PeerCount is how many peers the node has.
func (n *Node) PeerCount() (int, error) {
	var out struct {
		PeerCount int `json:"peer_count"`
	}
	err := n.Call("/net-info", nil, &out)
	return out.PeerCount, err
}

// WaitHeight waits until the node's best block is at height at least.
func (n *Node) WaitHeight(height uint64, limit time.Duration) {
	n.t.Helper()
	Wait(n.t, limit, func() error {
		h, err := n.Height()
		if err == nil && h < height {
			err = fmt.Errorf("%s is at height %d, expected %d", n.URL, h, height)
		}
		return err
	})
}

// WaitSameTip waits until both nodes have the same best block, and returns its
// height.
func WaitSameTip(a, b *Node, limit time.Duration) (height uint64) {
	a.t.Helper()
	Wait(a.t, limit, func() error {
		h, err := a.Height()
		if err != nil {
			return err
		}
		other, err := b.Height()
		if err != nil {
			return err
		}
		if h != other {
			return fmt.Errorf("heights %d and %d differ", h, other)
		}
		ours, err := a.BlockHash(h)
		if err != nil {
			return err
		}
		theirs, err := b.BlockHash(h)
		if err == nil && ours != theirs {
			err = fmt.Errorf("at height %d: %s and %s", h, ours, theirs)
		}
		height = h
		return err
	})
	return height
}
