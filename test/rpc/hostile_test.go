package rpc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// routes are all that the node answers: ours first, then the stock node's. needs
// marks those that can't do anything without input.
var routes = []struct {
	path  string
	needs bool
}{
	{"/get-work", false}, {"/get-work-json", false}, {"/submit-work", true}, {"/submit-work-json", true},
	{"/submit-block", true}, {"/is-mining", false}, {"/set-mining", false}, {"/get-mining-address", false},
	{"/set-mining-address", true}, {"/get-coinbase-arbitrary", false}, {"/set-coinbase-arbitrary", false}, {"/net-info", false}, {"/list-found-blocks", false},
	{"/get-found-block", true}, {"/resubmit-found-block", true}, {"/metrics", false},
	{"/prioritise-transaction", true}, {"/exclude-transaction", true}, {"/list-overrides", false}, {"/explain-template", true},

	{"/create-account", true}, {"/update-account-alias", true}, {"/list-accounts", false}, {"/delete-account", true},
	{"/create-account-receiver", true}, {"/list-addresses", false}, {"/validate-address", false}, {"/list-pubkeys", true},
	{"/create-asset", true}, {"/update-asset-alias", true}, {"/get-asset", false}, {"/list-assets", false},
	{"/create-key", false}, {"/update-key-alias", true}, {"/list-keys", false}, {"/delete-key", true},
	{"/reset-key-password", false}, {"/check-key-password", false}, {"/sign-message", true},
	{"/build-transaction", false}, {"/build-chain-transactions", false}, {"/sign-transaction", false}, {"/sign-transactions", false},
	{"/get-transaction", true}, {"/list-transactions", false}, {"/list-balances", false}, {"/list-unspent-outputs", false},
	{"/decode-program", false}, {"/backup-wallet", false}, {"/restore-wallet", false}, {"/rescan-wallet", false},
	{"/wallet-info", false}, {"/recovery-wallet", false}, {"/error", false},
	{"/create-access-token", false}, {"/list-access-tokens", false}, {"/delete-access-token", false}, {"/check-access-token", true},
	{"/create-transaction-feed", false}, {"/get-transaction-feed", false}, {"/update-transaction-feed", false},
	{"/delete-transaction-feed", false}, {"/list-transaction-feeds", false},
	{"/submit-transaction", true}, {"/submit-transactions", false}, {"/estimate-transaction-gas", false}, {"/estimate-chain-transaction-gas", false},
	{"/get-unconfirmed-transaction", true}, {"/list-unconfirmed-transactions", false}, {"/decode-raw-transaction", true},
	{"/get-block", false}, {"/get-raw-block", false}, {"/get-block-hash", false}, {"/get-block-header", false},
	{"/get-block-count", false}, {"/get-difficulty", false}, {"/get-hash-rate", false},
	{"/verify-message", false}, {"/compile", false}, {"/gas-rate", false},
	{"/list-peers", false}, {"/disconnect-peer", true}, {"/connect-peer", true}, {"/get-merkle-proof", false},
	{"/websocket-subscribe", false}, {"/no-such-route", false},
}

// hostile are bodies that no honest client sends.
var hostile = []struct {
	name, body string
	// bad means that a route which needs input must answer it with an error.
	bad bool
}{
	{"nothing", ``, true},
	{"empty object", `{}`, true},
	{"null", `null`, true},
	{"array", `[]`, true},
	{"string", `"x"`, true},
	{"number", `1e400`, true},
	{"not JSON", "\x00\xff{", true},
	{"unfinished", `{"block_header":`, true},
	{"deep", strings.Repeat("[", 100_000), true},
	{"nulls", everyField(`null`), true},
	{"numbers", everyField(`-1`), true},
	{"odd hex", everyField(`"abc"`), true},
	{"zero hex", everyField(`"00"`), true},
	{"objects", everyField(`{}`), true},
	{"arrays of null", everyField(`[null]`), true},
	{"header without transactions", `{"raw_block":"` + headerOnly + `","block_header":"` + headerOnly + `"}`, true},
}

// headerOnly is a block's serialisation that stops behind the header.
const headerOnly = "01010100000000000000000000000000000000000000000000000000000000000000000040" +
	"0000000000000000000000000000000000000000000000000000000000000000" +
	"0000000000000000000000000000000000000000000000000000000000000000" + "0000"

// everyField is an object with each field that some route knows.
func everyField(value string) string {
	fields := []string{
		"block_header", "raw_block", "is_mining", "mining_address", "arbitrary", "alias", "root_xpubs", "quorum",
		"account_id", "account_alias", "address", "xpub", "password", "new_alias", "old_password", "new_password",
		"transaction", "transactions", "base_transaction", "raw_transaction", "raw_transactions", "actions", "ttl", "time_range", "tx_id", "id", "type",
		"token", "secret", "program", "contract", "args", "block_height", "block_hash", "tx_ids", "addresses", "peer_id", "ip",
		"port", "filter", "mnemonic", "language", "definition", "issuance_program", "xpubs", "message", "derived_xpub", "signature",
		"from", "count", "unconfirmed", "smart_contract", "detail", "asset_images", "account_image", "key_images", "transaction_template",
		"hash", "threads", "devices", "fee_delta", "exclude",
	}
	var b strings.Builder
	for i, f := range fields {
		sep := ","
		if i == 0 {
			sep = "{"
		}
		fmt.Fprintf(&b, "%s%q:%s", sep, f, value)
	}
	return b.String() + "}"
}

func TestHostileRequests(t *testing.T) {
	n := testnet.Start(t, testnet.NodeOptions{})
	harness.MakeAccount(t, n)
	for _, route := range routes {
		for _, h := range hostile {
			_, body, err := n.Post(route.path, []byte(h.body))
			if err != nil {
				t.Fatalf("%s, %s: no answer: %v (node running: %v)", route.path, h.name, err, n.Running())
			}
			if route.path != "/websocket-subscribe" && route.path != "/metrics" && !json.Valid(body) {
				t.Errorf("%s, %s: answered %.200q, expected JSON", route.path, h.name, body)
			}
			if route.needs && h.bad && !bytes.Contains(body, []byte(`"status":"fail"`)) {
				t.Errorf("%s, %s: answered %.200s, expected an error", route.path, h.name, body)
			}
		}
	}
	for _, route := range routes {
		if err := flood(n, route.path); err != nil {
			t.Errorf("%s, 100 MB: %v", route.path, err)
		}
	}
	// After all that it still works.
	harness.NewSolver(t).Mine(n, 1)
	if h, err := n.Height(); err != nil || h == 0 {
		t.Errorf("height %d, error %v", h, err)
	}
}

// flood sends 100 MB of JSON string. The answer may be an error or a closed
// connection, which the node is free to use once it has read enough.
func flood(n *testnet.Node, route string) error {
	const size = 100 << 20
	body := io.MultiReader(strings.NewReader(`{"raw_block":"`), io.LimitReader(zeros{}, size))
	req, err := http.NewRequest(http.MethodPost, n.URL+route, body)
	if err != nil {
		return err
	}
	req.ContentLength = size + int64(len(`{"raw_block":"`))
	client := &http.Client{Timeout: 2 * time.Minute}
	resp, err := client.Do(req)
	if err != nil {
		if timeout, ok := errors.AsType[interface {
			error
			Timeout() bool
		}](err); ok && timeout.Timeout() {
			return err
		}
		return nil
	}
	return resp.Body.Close()
}

// zeros reads as the digit 0 for ever.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}
