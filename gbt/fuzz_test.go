package gbt

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// fuzz posts what the fuzzer makes of the seeds to some routes: the answer is JSON and
// its status 200 or 400, whatever comes; JSON-RPC of 1.x has more of them.
func fuzz(f *testing.F, routes []string, seeds ...string) {
	c, r := server(f)
	c.handler.cfg.LongpollHold = time.Millisecond
	for _, seed := range append(seeds, ``, `{}`, `null`, `[]`, `"x"`, `1e999`, `{"a":`, strings.Repeat("[", 1000)) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, route := range routes {
			status, reply := post(r, route, body)
			if status == 204 && route == "/" && reply == "" {
				continue // A notification.
			}
			rpc := route == "/" && (status == 404 || status == 500)
			if status != 200 && status != 400 && !rpc || !json.Valid([]byte(reply)) {
				t.Errorf("%s %q: %d %q", route, body, status, reply)
			}
		}
		c.mu.Lock()
		c.processed = nil
		c.mu.Unlock()
	})
}

const (
	fuzzHeader = "0101010000000000000000000000000000000000000000000000000000000000000000e8074000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	fuzzBlock  = "03010a" + "0100000000000000000000000000000000000000000000000000000000000000" + "d00f40" +
		"161f6401372a9f8fcd4e8c285819d9de2ae8293252ab5b135132ca4fa06a2dadc9c377e5192668bc0a367e4a4764f11e7c725ecced1d7b6a492974fab1b6d5bc" +
		"0180808080808080881c0107010001010d020b00313035d8c08d000000000001013effffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8099c4d5990101160014000000000000000000000000000000000000000000"
)

func FuzzWork(f *testing.F) {
	fuzz(f, []string{"/submit-work", "/submit-work-json"},
		`{"block_header":"00"}`, `{"block_header":"`+fuzzHeader+`"}`, `{"block_header":{"block_commitment":{}}}`,
		`{"block_header":{"version":1,"height":"10","previous_block_hash":"0000000000000001000000000000000000000000000000000000000000000000","timestamp":2000,"nonce":"5","bits":2022116232689352704,"block_commitment":{"transaction_merkle_root":"161f6401372a9f8fcd4e8c285819d9de2ae8293252ab5b135132ca4fa06a2dad","transaction_status_hash":"c9c377e5192668bc0a367e4a4764f11e7c725ecced1d7b6a492974fab1b6d5bc"},"nonce_str":"7"}}`)
}

func FuzzBlock(f *testing.F) {
	fuzz(f, []string{"/submit-block"}, `{"raw_block":"0301"}`, `{"raw_block":"`+fuzzBlock+`"}`, `{"raw_block":"`+fuzzBlock+`","workid":"x"}`)
}

func FuzzTemplate(f *testing.F) {
	fuzz(f, []string{"/get-block-template"},
		`{"mode":"proposal","data":"`+fuzzBlock+`"}`, `{"capabilities":["longpoll"],"rules":["x"],"transactions":"ids"}`,
		`{"payee":"payee-of-twenty-0001","coinbase_tag":"00","extranonce_size":"3"}`, `{"mode":"x"}`, `{"longpollid":"`+strings.Repeat("0", 64)+`zz"}`,
		`{"longpollid":"`+strings.Repeat("0", 64)+`99"}`)
}

func FuzzSolution(f *testing.F) {
	fuzz(f, []string{"/submit-solution"}, `{"workid":"x","nonce":1,"timestamp":2,"extranonce":"00000000"}`, `{"workid":"x","nonce":"18446744073709551615","timestamp":"-1"}`)
}

func FuzzSettings(f *testing.F) {
	fuzz(f, []string{"/set-mining", "/set-mining-address", "/set-coinbase-arbitrary"},
		`{"is_mining":true,"threads":1,"devices":"none"}`, `{"mining_address":"b"}`, `{"arbitrary":"00ff"}`, `{"is_mining":false,"threads":-1}`)
}

func FuzzOverrides(f *testing.F) {
	id := strings.Repeat("ab", 32)
	fuzz(f, []string{"/prioritise-transaction", "/exclude-transaction", "/explain-template", "/list-overrides"},
		`{"tx_id":"`+id+`","fee_delta":"5"}`, `{"tx_id":"`+id+`","exclude":true}`, `{"tx_id":"`+id+`","fee_delta":-9223372036854775808}`)
}

func FuzzJSONRPC(f *testing.F) {
	fuzz(f, []string{"/"},
		`{"jsonrpc":"2.0","id":1,"method":"getblocktemplate","params":[{"mode":"proposal","data":"`+fuzzBlock+`"}]}`,
		`{"id":"x","method":"submitblock","params":["`+fuzzBlock+`",{}]}`, `{"jsonrpc":"2.0","id":1,"method":"getnetworkhashps","params":["5",-1]}`,
		`[{"id":1,"method":"getmininginfo"},{"method":"getmininginfo"},3]`,
		`{"id":null,"method":"prioritisetransaction","params":["`+strings.Repeat("ab", 32)+`",null,5]}`,
		`{"method":"getblock","params":{"blockhash":"`+strings.Repeat("ab", 32)+`","args":[1]}}`, `{"jsonrpc":1,"method":"help","params":["help"]}`,
		`{"method":"getblockhash","params":[9]}`, `{"method":"validateaddress","params":{"address":"x"}}`)
}
