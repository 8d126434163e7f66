package gbt

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// rpcCase is a call, and HTTP's status and a part of the answer.
type rpcCase struct {
	body   string
	status int
	want   string
}

func callAll(t *testing.T, r http.Handler, cases []rpcCase) {
	t.Helper()
	for _, test := range cases {
		status, text := post(r, "/", test.body)
		if status != test.status || !strings.Contains(text, test.want) || test.want == "" && text != "" {
			t.Errorf("%.120s:\n%d %.400s\nexpected %d %s", test.body, status, text, test.status, test.want)
		}
		for _, word := range []string{"wire.", "gbt.", "*", "Go value", "encoding/", "json:"} {
			if strings.Contains(text, word) {
				t.Errorf("%.120s: words of Go's: %.400s", test.body, text)
			}
		}
	}
}

// TestJSONRPC calls the mining methods as Bitcoin's tools do.
func TestJSONRPC(t *testing.T) {
	c, r := server(t)
	var a struct {
		Version string `json:"jsonrpc"`
		Result  wire.Template
		ID      int
	}
	_, text := post(r, "/", `{"jsonrpc":"2.0","id":7,"method":"getblocktemplate","params":[{"rules":["segwit"]}]}`)
	if err := json.Unmarshal([]byte(text), &a); err != nil || a.ID != 7 || a.Result.Height != 10 || a.Version != "2.0" {
		t.Fatalf("%v: %s", err, text)
	}
	h := getWork(t, r)
	solve(h, true)
	post(r, "/submit-work", submitBody(t, h))
	raw, err := c.processed[0].MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	miss := *c.processed[0]
	solve(&miss.BlockHeader, false)
	missed, err := miss.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	c.processed = nil
	id := strings.Repeat("ab", 32)
	callAll(t, r, []rpcCase{
		{`{"id":"x","method":"submitblock","params":["` + string(missed) + `"]}`, 200, `{"error":null,"id":"x","result":"high-hash"}`},
		{`{"id":"x","method":"submitblock","params":["` + string(raw) + `"]}`, 200, `{"error":null,"id":"x","result":null}`},
		{`{"id":"x","method":"submitblock","params":["` + string(raw) + `",{"workid":"1"}]}`, 200, `{"error":null,"id":"x","result":"duplicate"}`},
		{`{"id":"x","method":"submitblock","params":{"hexdata":"` + string(raw) + `","dummy":"1"}}`, 200, `"result":"duplicate"`},
		{`{"jsonrpc":"2.0","id":1,"method":"getblocktemplate","params":[{"mode":"proposal","data":"` + string(raw) + `"}]}`, 200, `"result":"duplicate"`},
		{`{"id":1,"method":"getblocktemplate","params":{"template_request":{"mode":"proposal","data":"` + string(raw) + `"}}}`, 200, `"result":"duplicate"`},
		{`{"jsonrpc":"2.0","id":1,"method":"getmininginfo"}`, 200, `"chain":"solonet"`},
		{`{"jsonrpc":"2.0","id":1,"method":"getnetworkhashps","params":[5]}`, 200, `{"id":1,"jsonrpc":"2.0","result":1005}`},
		{`{"id":1,"method":"getnetworkhashps","params":{"height":9,"nblocks":"5"}}`, 200, `"result":1005`},
		{`{"id":1,"method":"getnetworkhashps","params":{"args":[5],"height":9}}`, 200, `"result":1005`},
		{`{"id":1,"method":"getnetworkhashps","params":{}}`, 200, `"result":1120`},
		{`{"id":1,"method":"getnetworkhashps","params":[null,null]}`, 200, `"result":1120`},
		{`{"id":1,"method":"getnetworkhashps","params":null}`, 200, `"result":1120`},
		{`{"id":1,"method":"getnetworkhashps","params":[-1]}`, 200, `"result":1000`},
		{`{"id":1,"method":"getnetworkhashps","params":[9007199254740993]}`, 200, `"result":2147484647`},
		{`{"jsonrpc":"2.0","id":1,"method":"prioritisetransaction","params":["` + id + `",0,"5"]}`, 200, `"result":true`},
		{`{"id":1,"method":"prioritisetransaction","params":{"txid":"` + id + `","fee_delta":5}}`, 200, `"result":true`},
		{`{"id":1,"method":"prioritisetransaction","params":{"txid":"` + id + `","priority_delta":0,"fee_delta":"-5"}}`, 200, `"result":true`},
	})
}

// TestJSONRPCFraming has Bitcoin Core's readings of versions and ids, and its statuses:
// they were taken from one (29.4) that was asked the same, but for the last of the
// batches, which it answers with [].
func TestJSONRPCFraming(t *testing.T) {
	_, r := server(t)
	callAll(t, r, []rpcCase{
		{`{"method":"getblockcount","params":[]}`, 200, `{"error":null,"id":null,"result":9}`},
		{`{"method":"getblockcount"}`, 200, `{"error":null,"id":null,"result":9}`},
		{`{"jsonrpc":1,"method":"getblockcount","params":[]}`, 200, `{"error":null,"id":null,"result":9}`},
		{`{"jsonrpc":1.0,"id":1,"method":"getblockcount"}`, 200, `{"error":null,"id":1,"result":9}`},
		{`{"jsonrpc":"1.0","id":"a","method":"getblockcount"}`, 200, `{"error":null,"id":"a","result":9}`},
		{`{"jsonrpc":"1.0","method":"getblockcount"}`, 200, `{"error":null,"id":null,"result":9}`},
		{`{"jsonrpc":2,"id":1,"method":"getblockcount"}`, 200, `{"error":null,"id":1,"result":9}`},
		{`{"jsonrpc":"3.0","method":"getblockcount"}`, 200, `{"error":null,"id":null,"result":9}`},
		{`{"jsonrpc":null,"method":"getblockcount"}`, 200, `{"error":null,"id":null,"result":9}`},
		{`{"jsonrpc":true,"id":{"a":[1]},"method":"getblockcount"}`, 200, `{"error":null,"id":{"a":[1]},"result":9}`},
		{`{"jsonrpc":"2.0","id":1,"method":"getblockcount"}`, 200, `{"id":1,"jsonrpc":"2.0","result":9}`},
		{`{"jsonrpc":"2.0","id":null,"method":"getblockcount"}`, 200, `{"id":null,"jsonrpc":"2.0","result":9}`},
		{`{"jsonrpc":"2.0","method":"getblockcount"}`, 204, ``},
		{`{"jsonrpc":"2.0","method":"nope"}`, 204, ``},

		{`{"id":1,"method":"nope"}`, 404, `"message":"Method not found","data"`},
		{`{"id":1,"method":"nope"}`, 404, `{"error":{"code":-32601,`},
		{`{"jsonrpc":"2.0","id":1,"method":"nope"}`, 200, `{"error":{"code":-32601,`},
		{`{"id":1,"method":5}`, 400, `{"code":-32600,"message":"method: value \"5\": expected a string`},
		{`{"id":1}`, 400, `"code":-32600`}, {`{"id":1,"method":""}`, 400, `"code":-32600`},
		{`{"jsonrpc":"2.0","id":1}`, 400, `"code":-32600`},
		{`{"id":1,"method":"getblockcount","params":5}`, 400, `{"code":-32600,"message":"params: value 5: expected an array or an object"}`},
		{`{"id":1,"method":"getblockhash","params":[7]}`, 500, `{"code":-8,`},
		{`{"jsonrpc":"2.0","id":1,"method":"getblockhash","params":[7]}`, 200, `{"code":-8,`},
		{`{`, 500, `"code":-32700`}, {``, 500, `"code":-32700`}, {`"x"`, 500, `"code":-32700`}, {`null`, 500, `"code":-32700`}, {`[1`, 500, `"code":-32700`},

		{`[{"id":1,"method":"nope"},{"jsonrpc":"2.0","id":2,"method":"nope"},{"method":"getblockcount"},{"jsonrpc":"2.0","method":"getblockcount"},3,null,{}]`, 200,
			`[{"error":{"code":-32601,"message":"Method not found","data":{"reason":"unknown-method","debug":"method \"nope\" is not known; help lists those that are"}},"id":1,"result":null},` +
				`{"error":{"code":-32601,"message":"Method not found","data":{"reason":"unknown-method","debug":"method \"nope\" is not known; help lists those that are"}},"id":2,"jsonrpc":"2.0"},` +
				`{"error":null,"id":null,"result":9},{"error":{"code":-32600,"message":"not a call: field the body: found a JSON number, expected an object"},"id":null,"result":null},` +
				`{"error":{"code":-32600,"message":"not a call:`},
		{`[{"jsonrpc":"2.0","method":"getblockcount"}]`, 204, ``},
		{`[]`, 400, `"code":-32600`},
		{`[` + strings.Repeat(`{"method":"getblockcount"},`, maxBatch) + `{}]`, 400, `the batch: 101 calls, expected 1 to 100`},
	})
	if status, text := post(r, "/", `[`+strings.Repeat(`{"method":"getblockcount"},`, maxBatch-1)+`{"method":"uptime"}]`); status != 200 || strings.Count(text, `"result":`) != maxBatch {
		t.Errorf("the largest batch: %d %.200s", status, text)
	}
	for _, path := range []string{"/wallet/", "/wallet/my%20wallet", "/wallet/a/b"} {
		if status, text := post(r, path, `{"method":"getblockcount"}`); status != 200 || text != `{"error":null,"id":null,"result":9}` {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if status, _ := post(r, "/", `"`+strings.Repeat("x", MaxBody)+`"`); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large a body: %d", status)
	}
}

// TestJSONRPCArguments has errors of arguments: they name the parameter, the value and
// what was expected, in the caller's words.
func TestJSONRPCArguments(t *testing.T) {
	_, r := server(t)
	id := strings.Repeat("ab", 32)
	call := func(method, params string) string {
		return `{"id":1,"method":"` + method + `","params":` + params + `}`
	}
	callAll(t, r, []rpcCase{
		// Pools want -1 of this one.
		{call("submitblock", `[]`), 500, `{"code":-1,"message":"parameter hexdata: missing, expected a JSON string: the whole block in hexadecimal\n\nsubmitblock \"hexdata\" ( dummy )`},
		{call("submitblock", `{}`), 500, `{"code":-1,`},
		{call("submitblock", `[null]`), 500, `{"code":-1,`},
		{call("submitblock", `["zz"]`), 500, `{"code":-22,"message":"field hexdata: value \"zz\": expected a block in hexadecimal"}`},
		{call("submitblock", `[""]`), 500, `{"code":-22,`},
		{call("submitblock", `[5]`), 500, `{"code":-3,"message":"parameter hexdata: value 5: found a JSON number, expected a JSON string"}`},
		{call("submitblock", `{"hexdata":"00","dumm":1}`), 500, `{"code":-8,"message":"Unknown named parameter dumm: expected: submitblock \"hexdata\" ( dummy )"}`},
		{call("submitblock", `["00",1,2]`), 500, `{"code":-1,"message":"submitblock: 3 arguments, expected at most 2`},
		{call("submitblock", `{"args":["00"],"hexdata":"00"}`), 500, `{"code":-8,"message":"parameter hexdata: given twice"}`},
		{call("submitblock", `{"args":"00"}`), 500, `{"code":-8,"message":"parameter args: found a JSON string, expected an array of the arguments without a name"}`},
		{call("submitblock", `{"args":[1,2,3]}`), 500, `{"code":-1,`},
		{call("prioritisetransaction", `["ab",0,5]`), 500, `{"code":-8,"message":"field txid: value \"ab\": expected 64 hexadecimal characters"}`},
		{call("prioritisetransaction", `["`+id+`",0]`), 500, `{"code":-1,"message":"parameter fee_delta: missing, expected a JSON number`},
		{call("prioritisetransaction", `["`+id+`",0,"x"]`), 500, `{"code":-8,"message":"parameter fee_delta: value \"x\": expected a whole number`},
		{call("prioritisetransaction", `["`+id+`",0,1.5]`), 500, `{"code":-8,`},
		{call("prioritisetransaction", `["`+id+`",0,true]`), 500, `{"code":-3,"message":"parameter fee_delta: value true: found a JSON boolean, expected a JSON number"}`},
		{call("getnetworkhashps", `[5,10]`), 500, `{"code":-8,"message":"parameter height: expected up to 9"}`},
		{call("getnetworkhashps", `{"nblocks":[]}`), 500, `{"code":-3,"message":"parameter nblocks: value []: found a JSON array, expected a JSON number"}`},
		{call("getnetworkhashps", `["5x"]`), 500, `{"code":-8,`},
		{call("getblocktemplate", `[5]`), 500, `{"code":-3,"message":"parameter template_request: value 5: found a JSON number, expected a JSON object"}`},
		{call("getblocktemplate", `[{"mode":5}]`), 500, `{"code":-3,"message":"parameter template_request: field mode: found a JSON number, expected a string"}`},
		{call("getblocktemplate", `[{"rules":"segwit"}]`), 500, `{"code":-3,"message":"parameter template_request: field rules: found a JSON string, expected an array"}`},
		{call("getblocktemplate", `[{"mode":"x"}]`), 500, `{"code":-8,"message":"field mode: value \"x\": expected template or proposal"}`},
		{call("getblocktemplate", `[{"extranonce_size":"x"}]`), 500, `{"code":-8,"message":"field extranonce_size: value \"x\": expected`},
		{call("getblocktemplate", `[{"payee":"x"}]`), 500, `{"code":-8,"message":"field payee: address \"x\"`},
		{call("getblocktemplate", `[{"mode":"proposal","data":"zz"}]`), 500, `{"code":-22,`},
		{call("getblockhash", `{"height":-1}`), 500, `{"code":-8,"message":"Block height out of range: parameter height: value -1: expected 0 to 9"}`},
		{call("getblockhash", `[]`), 500, `{"code":-1,`},
		{call("getblock", `["`+id+`"]`), 500, `{"code":-5,"message":"Block not found: parameter blockhash: value \"` + id + `\": expected a block that the node has"}`},
		{call("getblock", `["ab"]`), 500, `{"code":-8,`},
		{call("getblockcount", `{"z":1,"y":1,"x":1,"a":1}`), 500, `Unknown named parameter a:`},
		{call("getblockcount", `[1]`), 500, `{"code":-1,`},
		{call("getblockcount", `{"x":1}`), 500, `{"code":-8,"message":"Unknown named parameter x: expected: getblockcount"}`},
	})
}

// TestJSONRPCWithoutWork asks a node that has no work to give.
func TestJSONRPCWithoutWork(t *testing.T) {
	c, r := server(t)
	c.mu.Lock()
	c.notReady = mining.ErrNotReady
	c.mu.Unlock()
	c.move()
	c.generator.TipChanged()
	callAll(t, r, []rpcCase{
		{`{"id":1,"method":"getblocktemplate","params":[{}]}`, 500, `{"error":{"code":-10,"message":"` + string(mining.ErrNotReady) + `","data":{"reason":"` + string(mining.ErrNotReady) + `",`},
		{`{"id":1,"method":"getblockchaininfo"}`, 200, `"initialblockdownload":true`},
		{`{"id":1,"method":"getmininginfo"}`, 200, `"errors":"` + string(mining.ErrNotReady) + `"`},
		{`{"id":1,"method":"getinfo"}`, 200, `"errors":"` + string(mining.ErrNotReady) + `"`},
	})
	if codeOf(mining.ErrStopped) != rpcNotConnected || codeOf(http.ErrBodyNotAllowed) != rpcMisc {
		t.Error("codes of the node's errors")
	}
}

// TestFieldsInWords has types that a route does not expect.
func TestFieldsInWords(t *testing.T) {
	_, r := server(t)
	for _, test := range []struct{ route, body, want string }{
		{"/set-mining", `{"threads":"x"}`, `field threads: value \"x\": expected a whole number of 64 bits`},
		{"/set-mining", `{"is_mining":5}`, "field is_mining: value 5: expected true or false"},
		{"/set-mining", `[]`, "the body is a JSON array, expected an object"},
		{"/submit-work", `{"block_header":5}`, "field block_header: found a JSON number, expected a string"},
		{"/submit-work-json", `{"block_header":{"previous_block_hash":5}}`, "field block_header.previous_block_hash: found a JSON number, expected a string"},
		{"/get-block-template", `{"rules":5}`, "field rules: value 5: expected a list of strings"},
		{"/explain-template", `{"tx_id":{}}`, "field tx_id: value {}: expected a string"},
		{"/set-coinbase-arbitrary", `{"arbitrary":"zz"}`, `field arbitrary: value \"zz\": expected hexadecimal`},
	} {
		if _, text := post(r, test.route, test.body); !strings.Contains(text, test.want) {
			t.Errorf("%s %s: %s, expected %s", test.route, test.body, text, test.want)
		}
	}
}
