package gbt

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// result is that of a call, which must have one.
func result(t *testing.T, r http.Handler, method, params string) any {
	t.Helper()
	_, text := post(r, "/", `{"id":1,"method":"`+method+`","params":`+params+`}`)
	var a struct{ Result, Error any }
	if err := json.Unmarshal([]byte(text), &a); err != nil || a.Error != nil || a.Result == nil {
		t.Fatalf("%s %s: %v: %s", method, params, err, text)
	}
	return a.Result
}

// fields holds some of an object's fields to what they should be.
func fields(t *testing.T, what string, got any, want map[string]any) {
	t.Helper()
	object, ok := got.(map[string]any)
	if !ok {
		t.Fatalf("%s: %v, expected an object", what, got)
	}
	for name, v := range want {
		if !reflect.DeepEqual(object[name], v) {
			t.Errorf("%s: %s is %#v, expected %#v", what, name, object[name], v)
		}
	}
}

// hashOf is a hash as nodes print it.
func hashOf(v uint64) string {
	h := bc.Hash{V0: v}
	return h.String()
}

// TestChainCalls asks what pools and tools ask beside work: the values, and the kinds of
// JSON that typed clients read.
func TestChainCalls(t *testing.T) {
	c, r := server(t)
	for _, test := range []struct {
		method, params string
		want           any
	}{
		{"getblockcount", `[]`, 9.0}, {"getbestblockhash", `[]`, hashOf(1)}, {"getblockhash", `[9]`, hashOf(1)},
		{"getblockhash", `{"height":"0"}`, hashOf(77)}, {"getdifficulty", `[]`, 16.0}, {"getconnectioncount", `[]`, 7.0},
		{"uptime", `[]`, 0.0}, {"help", `["nope"]`, "help: unknown command: nope"},
	} {
		if got := result(t, r, test.method, test.params); got != test.want {
			t.Errorf("%s %s: %v, expected %v", test.method, test.params, got, test.want)
		}
	}
	fields(t, "getblockchaininfo", result(t, r, "getblockchaininfo", `[]`), map[string]any{
		"chain": "solonet", "blocks": 9.0, "headers": 12.0, "bestblockhash": hashOf(1), "difficulty": 16.0, "mediantime": 1000.0,
		"time": 1234.0, "verificationprogress": 10.0 / 13, "initialblockdownload": false, "pruned": false, "warnings": "",
		"chainwork": strings.Repeat("0", 58) + "abcdef", "bits": "1c10000000000000", "target": "1" + strings.Repeat("0", 63),
	})
	fields(t, "getmininginfo", result(t, r, "getmininginfo", `[]`), map[string]any{
		"chain": "solonet", "blocks": 9.0, "difficulty": 16.0, "networkhashps": 1000.0, "hashespersec": 0.0, "pooledtx": 4.0,
		"currentblocktx": 0.0, "currentblocksize": 0.0, "generate": false, "genproclimit": -1.0, "testnet": true, "errors": "",
		"warnings": "", "connections": 7.0,
	})
	fields(t, "getnetworkinfo", result(t, r, "getnetworkinfo", `[]`), map[string]any{
		"version": 1010100.0, "subversion": "/Bytom:1.1.1/", "protocolversion": 1010100.0, "connections": 2.0, "connections_in": 1.0,
		"connections_out": 1.0, "networkactive": true, "localrelay": true, "relayfee": 0.0, "warnings": "", "timeoffset": 0.0,
	})
	fields(t, "getinfo", result(t, r, "getinfo", `[]`), map[string]any{
		"version": 1010100.0, "blocks": 9.0, "connections": 7.0, "difficulty": 16.0, "testnet": true, "errors": "",
	})
	peers := result(t, r, "getpeerinfo", `[]`).([]any)
	if len(peers) != 2 {
		t.Fatalf("%d peers", len(peers))
	}
	fields(t, "a peer", peers[0], map[string]any{
		"id": 0.0, "addr": "10.0.0.1:46657", "network": "ipv4", "inbound": false, "startingheight": 12.0, "version": 1010100.0,
		"subver": "/Bytom:1.1.1/", "bytessent": 5.0, "bytesrecv": 6.0, "conntime": 1.6e9, "lastsend": 1.6e9, "connection_type": "outbound-full-relay",
	})
	fields(t, "a peer", peers[1], map[string]any{"id": 1.0, "network": "ipv6", "inbound": true, "connection_type": "inbound", "version": 1000500.0})
	if v := ipVersion("[::ffff:10.0.0.1]:5"); v != "ipv4" {
		t.Errorf("an IPv4 address written as one of IPv6: %s", v)
	}
	c.somePool(2)
	c.generator.Force()
	c.handler.settle(t.Context())
	fields(t, "getmininginfo", result(t, r, "getmininginfo", `[]`), map[string]any{"currentblocktx": 2.0, "currentblocksize": 200.0})
}

// TestGetBlock reads blocks of the best chain, its genesis and its tip, and one beside.
func TestGetBlock(t *testing.T) {
	_, r := server(t)
	tip := result(t, r, "getblock", `["`+hashOf(1)+`"]`)
	fields(t, "the tip", tip, map[string]any{
		"hash": hashOf(1), "confirmations": 1.0, "height": 9.0, "previousblockhash": hashOf(76), "nextblockhash": nil, "tx": []any{},
		"nTx": 0.0, "time": 1234.0, "difficulty": 16.0, "version": 1.0, "bits": "1c10000000000000",
	})
	fields(t, "the genesis", result(t, r, "getblock", `{"blockhash":"`+hashOf(77)+`","verbosity":1}`), map[string]any{
		"confirmations": 10.0, "previousblockhash": nil,
	})
	fields(t, "a block beside", result(t, r, "getblock", `["`+hashOf(78)+`",true]`), map[string]any{"confirmations": -1.0, "height": 9.0})
	for _, level := range []string{"0", "false", `"0"`} {
		text, ok := result(t, r, "getblock", `["`+hashOf(1)+`",`+level+`]`).(string)
		if !ok || float64(len(text)) != 2*tip.(map[string]any)["size"].(float64) {
			t.Errorf("verbosity %s: %q", level, text)
		}
	}
	if _, text := post(r, "/", `{"method":"getblock","params":["`+hashOf(1)+`",[]]}`); !strings.Contains(text, "parameter verbosity: value []: expected 0 or 1") {
		t.Error(text)
	}
}

// TestValidateAddress tells the two kinds of addresses, and what is none.
func TestValidateAddress(t *testing.T) {
	c, r := server(t)
	address := strings.Repeat("a", 20)
	fields(t, "an address", result(t, r, "validateaddress", `["`+address+`"]`), map[string]any{
		"isvalid": true, "address": address, "isscript": false, "iswitness": true, "witness_version": 0.0,
		"scriptPubKey": "0014" + strings.Repeat("61", 20), "witness_program": strings.Repeat("61", 20),
	})
	c.handler.cfg.ParsePayee = func(address string) (mining.Payee, error) {
		return mining.Payee{Address: address, Program: append([]byte{0, 32}, make([]byte, 32)...)}, nil
	}
	fields(t, "a script's", result(t, r, "validateaddress", `["y"]`), map[string]any{"isscript": true, "witness_program": strings.Repeat("00", 32)})
	c.handler.cfg.ParsePayee = func(string) (mining.Payee, error) {
		return mining.Payee{}, errors.New(`address "x": expected 20 characters`)
	}
	fields(t, "none", result(t, r, "validateaddress", `["x"]`), map[string]any{
		"isvalid": false, "address": nil, "error": `address "x": expected 20 characters`, "error_locations": []any{},
	})
}

// TestHelp lists all methods, and has a page of each.
func TestHelp(t *testing.T) {
	c, r := server(t)
	list := result(t, r, "help", `[]`).(string)
	if again := result(t, r, "help", `[""]`); again != list {
		t.Errorf("help of nothing: %v", again)
	}
	lines := strings.Split(list, "\n")
	if len(lines) != len(c.handler.methods) || !strings.Contains(list, "submitblock \"hexdata\" ( dummy )") ||
		!strings.Contains(list, "getblocktemplate ( {template_request} )") || !strings.Contains(list, "getblockhash height\n") {
		t.Errorf("help:\n%s", list)
	}
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		page := result(t, r, "help", `["`+name+`"]`).(string)
		about := c.handler.methods[name].about
		if !strings.HasPrefix(page, line+"\n\n"+about) || about == "" {
			t.Errorf("help %s:\n%s", name, page)
		}
	}
	page := result(t, r, "help", `{"command":"getnetworkhashps"}`).(string)
	if !strings.Contains(page, "1. nblocks (number, optional) over so many blocks") || !strings.Contains(page, "2. height (") {
		t.Error(page)
	}
}
