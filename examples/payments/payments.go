// Package payments is an example of code to be tested against a local network: it
// tells what an address was paid.
package payments

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// btm is the id of Bytom's own asset.
const btm = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

// Received is how much BTM an address was paid, in its smallest unit, by transactions
// with so many confirmations at least; the block that has one is its first. It reads
// the whole chain of the node at url.
func Received(ctx context.Context, url, address string, confirmations uint64) (total uint64, err error) {
	var tip struct {
		Height uint64 `json:"block_count"`
	}
	if err := call(ctx, url+"/get-block-count", struct{}{}, &tip); err != nil {
		return 0, err
	}
	for height := uint64(1); height+confirmations <= tip.Height+1; height++ {
		var block struct {
			Transactions []struct {
				Outputs []struct {
					Asset   string `json:"asset_id"`
					Amount  uint64 `json:"amount"`
					Address string `json:"address"`
				} `json:"outputs"`
			} `json:"transactions"`
		}
		if err := call(ctx, url+"/get-block", map[string]uint64{"block_height": height}, &block); err != nil {
			return 0, err
		}
		for _, tx := range block.Transactions {
			for _, out := range tx.Outputs {
				if out.Address == address && out.Asset == btm {
					total += out.Amount
				}
			}
		}
	}
	return total, nil
}

// call posts in to a node's route, and reads the answer's data into out.
func call(ctx context.Context, url string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		Status string          `json:"status"`
		Msg    string          `json:"msg"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", url, answer.Msg)
	}
	return json.Unmarshal(answer.Data, out)
}
