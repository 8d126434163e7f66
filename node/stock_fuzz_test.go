package node

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// stockRequests are bodies that the stock API's routes know the fields of, for those that have
// fields. Nothing in them names what the test looks after.
var stockRequests = map[string]string{
	"/create-account":                 `{"root_xpubs":["00"],"quorum":1,"alias":"other","access_token":""}`,
	"/update-account-alias":           `{"account_id":"0","account_alias":"other","new_alias":"another"}`,
	"/list-accounts":                  `{"id":"0","alias":"other"}`,
	"/delete-account":                 `{"account_id":"0","account_alias":"other"}`,
	"/create-account-receiver":        `{"account_id":"0","account_alias":"other"}`,
	"/list-addresses":                 `{"account_alias":"other","account_id":"0","from":0,"count":2}`,
	"/validate-address":               `{"address":"sm1q"}`,
	"/list-pubkeys":                   `{"account_id":"0","account_alias":"other","public_key":"00"}`,
	"/create-asset":                   `{"alias":"coin","root_xpubs":["00"],"quorum":1,"limit_height":5,"definition":{"decimals":8},"issuance_program":"51"}`,
	"/update-asset-alias":             `{"id":"00","alias":"coin"}`,
	"/get-asset":                      `{"id":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}`,
	"/list-assets":                    `{"id":"00"}`,
	"/update-key-alias":               `{"xpub":"00","new_alias":"another"}`,
	"/delete-key":                     `{"xpub":"00","password":"p"}`,
	"/reset-key-password":             `{"xpub":"00","old_password":"p","new_password":"q"}`,
	"/check-key-password":             `{"xpub":"00","password":"p"}`,
	"/sign-message":                   `{"address":"sm1q","message":"00","password":"p"}`,
	"/build-transaction":              `{"base_transaction":null,"actions":[{"type":"spend_account","account_id":"0","asset_id":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","amount":5},{"type":"control_address","address":"sm1q","amount":5,"asset_id":"00"}],"ttl":0,"time_range":9}`,
	"/build-chain-transactions":       `{"actions":[{"type":"control_program","control_program":"00","amount":5}],"ttl":0,"time_range":9}`,
	"/sign-transaction":               `{"password":"p","transaction":{"raw_transaction":"00","signing_instructions":[{"position":0,"witness_components":[{"type":"data","value":"00"}]}],"fee":1,"allow_additional_actions":false}}`,
	"/sign-transactions":              `{"password":"p","transactions":[{"raw_transaction":"00","signing_instructions":[]}]}`,
	"/get-transaction":                `{"tx_id":"00"}`,
	"/list-transactions":              `{"id":"00","account_id":"0","detail":true,"unconfirmed":false,"from":0,"count":2}`,
	"/list-balances":                  `{"account_id":"0","account_alias":"other"}`,
	"/list-unspent-outputs":           `{"account_id":"0","id":"00","unconfirmed":true,"smart_contract":false,"from":0,"count":2}`,
	"/decode-program":                 `{"program":"51"}`,
	"/recovery-wallet":                `{"xpubs":["00"]}`,
	"/create-access-token":            `{"id":"other","type":"client"}`,
	"/delete-access-token":            `{"id":"other"}`,
	"/check-access-token":             `{"id":"other","secret":"00"}`,
	"/create-transaction-feed":        `{"alias":"feed","filter":"asset_id='00'"}`,
	"/get-transaction-feed":           `{"alias":"feed"}`,
	"/update-transaction-feed":        `{"alias":"feed","filter":"asset_id='01'"}`,
	"/delete-transaction-feed":        `{"alias":"feed"}`,
	"/submit-transaction":             `{"raw_transaction":"00"}`,
	"/submit-transactions":            `{"raw_transactions":["00"]}`,
	"/estimate-transaction-gas":       `{"transaction_template":{"raw_transaction":"00","signing_instructions":[]}}`,
	"/estimate-chain-transaction-gas": `{"transaction_templates":[{"raw_transaction":"00","signing_instructions":[]}]}`,
	"/get-unconfirmed-transaction":    `{"tx_id":"00"}`,
	"/decode-raw-transaction":         `{"raw_transaction":"00"}`,
	"/get-block":                      `{"block_height":0,"block_hash":""}`,
	"/get-raw-block":                  `{"block_height":0,"block_hash":""}`,
	"/get-block-header":               `{"block_height":0,"block_hash":""}`,
	"/get-difficulty":                 `{"block_height":0,"block_hash":""}`,
	"/get-hash-rate":                  `{"block_height":0,"block_hash":""}`,
	"/set-mining":                     `{"is_mining":false}`,
	"/submit-work":                    `{"block_header":"00"}`,
	"/submit-work-json":               `{"block_header":{"version":1,"height":1,"nonce":5}}`,
	"/submit-block":                   `{"raw_block":"00"}`,
	"/verify-message":                 `{"address":"sm1q","derived_xpub":"00","message":"00","signature":"00"}`,
	"/compile":                        `{"contract":"contract A() locks v { clause b() { unlock v } }","args":[]}`,
	"/disconnect-peer":                `{"peer_id":"00"}`,
	"/connect-peer":                   `{"ip":"127.0.0.1","port":1}`,
	"/get-merkle-proof":               `{"tx_ids":["00"],"block_hash":"00"}`,
}

// oddValues take the places of what a route expects.
var oddValues = []string{
	`null`, `true`, `false`, `0`, `1`, `-1`, `1.5`, `9223372036854775808`, `18446744073709551616`, `-9223372036854775809`, `1e308`, `1e999`, `""`, `"x"`, `"-1"`,
	`"0"`, `"18446744073709551616"`, `[]`, `{}`, `[null]`, `{"":null}`, `"` + strings.Repeat("0", 64) + `"`, `"` + strings.Repeat("f", 63) + `"`,
	`"` + strings.Repeat("a", 5000) + `"`, strings.Repeat("[", 60) + strings.Repeat("]", 60), strings.Repeat(`{"a":`, 60) + "1" + strings.Repeat("}", 60),
}

// script draws from a fuzzer's bytes; behind their end it draws 0.
type script []byte

func (s *script) pick(n int) int {
	if len(*s) == 0 || n < 1 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return int(b) % n
}

// stockBody makes a body for a route of what the grammar has: the known one with values of other
// kinds, with some missing, twice or too many, or cut off.
func stockBody(route string, s *script) string {
	var tree any
	if json.Unmarshal([]byte(stockRequests[route]), &tree) != nil {
		tree = map[string]any{}
	}
	for range s.pick(4) {
		tree = changed(tree, s)
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		return "{}"
	}
	switch s.pick(16) {
	case 1:
		return oddValues[s.pick(len(oddValues))]
	case 2:
		return string(raw[:s.pick(len(raw))])
	case 3:
		return string(raw) + string(raw)
	}
	return string(raw)
}

// changed is a tree with one change.
func changed(tree any, s *script) any {
	odd := json.RawMessage(oddValues[s.pick(len(oddValues))])
	switch tree := tree.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(tree))
		if len(names) == 0 {
			return map[string]any{"id": odd}
		}
		name := names[s.pick(len(names))]
		switch s.pick(6) {
		case 0:
			delete(tree, name)
		case 1:
			tree[name] = []any{tree[name], tree[name]}
		case 2:
			tree["more"] = odd
		case 3:
			tree[name] = changed(tree[name], s)
		default:
			tree[name] = odd
		}
		return tree
	case []any:
		if len(tree) > 0 && s.pick(3) > 0 {
			i := s.pick(len(tree))
			tree[i] = changed(tree[i], s)
			return tree
		}
		return append(tree, odd)
	}
	return odd
}

// panicking are routes whose stock code panics on some bodies, which is answered: none is a seed.
var panicking = []string{"/submit-transaction", "/decode-raw-transaction", "/estimate-transaction-gas", "/estimate-chain-transaction-gas"}

// keeper is the name of what must not be lost: an account of the wallet, and the token.
const keeper = "keeper"

func newGuardedNode(f *testing.F) (n *wholeNode, token string) {
	f.Helper()
	config := soloConfig(home(f))
	config.Mining.Devices = "none"
	n, _ = newWholeNode(f, config)
	var key struct {
		Data struct{ XPub string }
	}
	var made struct {
		Data struct{ Token string }
	}
	for _, call := range []struct {
		route, body string
		into        any
	}{
		{"/create-key", `{"alias":"keeper","password":"p"}`, &key},
		{"/create-account", `{"alias":"keeper","quorum":1,"root_xpubs":["XPUB"]}`, new(any)},
		{"/create-access-token", `{"id":"keeper","type":"client"}`, &made},
	} {
		w := httptest.NewRecorder()
		fromLoopback(n.server.Handler).ServeHTTP(w, httptest.NewRequest(http.MethodPost, call.route, strings.NewReader(strings.Replace(call.body, "XPUB", key.Data.XPub, 1))))
		if err := json.Unmarshal(w.Body.Bytes(), call.into); err != nil || w.Code != http.StatusOK {
			f.Fatalf("%s: %d %s", call.route, w.Code, w.Body)
		}
	}
	_, secret, _ := strings.Cut(made.Data.Token, ":")
	return n, secret
}

// FuzzStockRoutes sends bodies of a grammar to each route that the stock node has too, from
// another machine, with a token and without: without, the answer is 401; with it there is one, in
// time and whole, whatever the stock code does, which may be to panic; and the chain, the wallet
// and the token are there afterwards.
func FuzzStockRoutes(f *testing.F) {
	n, secret := newGuardedNode(f)
	random := rand.New(rand.NewPCG(1, 2))
	for i, route := range stockRoutes {
		f.Add([]byte{byte(i)})
		if !slices.Contains(panicking, route) {
			f.Add([]byte{byte(i), 2, byte(random.Uint32()), byte(random.Uint32()), byte(random.Uint32()), byte(random.Uint32()), byte(random.Uint32())})
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := script(raw)
		route := stockRoutes[s.pick(len(stockRoutes))]
		if route == "/websocket-subscribe" {
			return // Who answers it runs with the network alone: test/rpc asks it.
		}
		body := stockBody(route, &s)
		if w := n.askAsStranger(t, route, body, ""); w.Code != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d %.200s", route, w.Code, w.Body)
		}
		w := n.askAsStranger(t, route, body, secret)
		text := w.Body.Bytes()
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && !json.Valid(text) || w.Code == http.StatusOK && len(text) == 0 {
			t.Errorf("%s %.300q: %d %.300q", route, body, w.Code, text)
		}
		panicked := n.log.take("caused a panic")
		if panicked {
			t.Logf("%s: the stock code panics", route)
		}
		if panicked && (w.Code != http.StatusBadRequest || !bytes.Contains(text, []byte("could not be handled"))) {
			t.Errorf("%s %.300q: a panic, and the answer %d %.300q", route, body, w.Code, text)
		}
		if h := n.bytom.chain.BestBlockHeight(); h != 0 {
			t.Errorf("%s %.300q: the chain is at %d", route, body, h)
		}
		var accounts []struct{ Alias string }
		n.ask(t, "/list-accounts", `{"alias":"`+keeper+`"}`, &accounts)
		if len(accounts) != 1 {
			t.Errorf("%s %.300q: the accounts are %v", route, body, accounts)
		}
		if w := n.askAsStranger(t, "/get-block-count", "", secret); w.Code != http.StatusOK {
			t.Errorf("%s %.300q: then the token gets %d", route, body, w.Code)
		}
	})
}

// mostTime is how long a route may take on a busy machine.
const mostTime = 20 * time.Second

// askAsStranger posts from another machine, with the keeper's secret or without a token.
func (n *wholeNode) askAsStranger(t *testing.T, route, body, secret string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, route, strings.NewReader(body))
	r.RemoteAddr, r.Host = "192.0.2.9:5000", "127.0.0.1:9888"
	if secret != "" {
		r.SetBasicAuth(keeper, secret)
	}
	w, done := httptest.NewRecorder(), make(chan struct{})
	go func() { defer close(done); n.server.Handler.ServeHTTP(w, r) }()
	select {
	case <-done:
	case <-time.After(mostTime):
		t.Fatalf("%s %.300q: no answer in %v", route, body, mostTime)
	}
	return w
}

// take reports whether the log has a text, and clears it.
func (b *lockedBuffer) take(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.buffer.Reset()
	return bytes.Contains(b.buffer.Bytes(), []byte(text))
}
