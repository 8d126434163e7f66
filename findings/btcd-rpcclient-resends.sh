#!/usr/bin/env bash
# btcd's rpcclient (github.com/btcsuite/btcd v0.26.2): over HTTP a call whose answer is lost is
# sent again, up to ten times, whatever it does there. The caller sees the last answer alone.
#
# Go's net/http repeats no POST that may have arrived. This client does so above it, for any error
# of the connection and any answer that takes more than a minute, for submitblock and sendtoaddress
# as for getblockcount. The package's documentation says that of lost websockets alone, which
# DisableAutoReconnect turns off; over HTTP no option does. It is so since their pull request 1743.
#
# Seen: a server takes a block and the connection ends before the answer. SubmitBlock returns the
# error "duplicate", of the second time, and its caller counts a block that the chain has as
# refused. One SendToAddress in the same place: no error, and two payments.
#
# So a server for such clients has to treat a block that comes twice as no news about the block,
# and its clients' authors must not read "duplicate" as a refusal.
#
# Fails if that is no longer so.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod
cat >main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/rpcclient"
)

// node does each call at once, and its first answer to each method is lost, if loses.
type node struct {
	sync.Mutex
	loses bool
	done  map[string]int
}

func (n *node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct {
		ID     any    `json:"id"`
		Method string `json:"method"`
	}
	must(json.NewDecoder(r.Body).Decode(&call))
	n.Lock()
	defer n.Unlock()
	n.done[call.Method]++
	if n.loses && n.done[call.Method] == 1 {
		panic(http.ErrAbortHandler) // ends the connection
	}
	var result any
	switch {
	case call.Method == "sendtoaddress":
		result = fmt.Sprintf("%064d", n.done[call.Method])
	case n.done[call.Method] > 1:
		result = "duplicate"
	}
	must(json.NewEncoder(w).Encode(map[string]any{"result": result, "error": nil, "id": call.ID}))
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	to, err := address.NewAddressPubKeyHash(make([]byte, 20), &chaincfg.MainNetParams)
	must(err)
	for _, loses := range []bool{false, true} {
		n := &node{loses: loses, done: map[string]int{}}
		server := httptest.NewServer(n)
		c, err := rpcclient.New(&rpcclient.ConnConfig{
			Host: strings.TrimPrefix(server.URL, "http://"), User: "u", Pass: "p", HTTPPostMode: true, DisableTLS: true,
		}, nil)
		must(err)
		err = c.SubmitBlock(nil, nil)
		fmt.Printf("answer lost: %v, submitblock: one call, came %d times, error: %v\n", loses, n.done["submitblock"], err)
		_, err = c.SendToAddress(to, 1)
		fmt.Printf("answer lost: %v, sendtoaddress: one call, came %d times, error: %v\n", loses, n.done["sendtoaddress"], err)
		c.Shutdown()
		server.Close()
	}
}
GO
printf 'module example.test/resends\n\ngo 1.24\n' >go.mod
if ! go get github.com/btcsuite/btcd@v0.26.2 >log 2>&1; then
	cat log
	exit 1
fi
go run . 2>log | tee out.txt || { cat log; exit 1; }
diff out.txt - <<'OUT'
answer lost: false, submitblock: one call, came 1 times, error: <nil>
answer lost: false, sendtoaddress: one call, came 1 times, error: <nil>
answer lost: true, submitblock: one call, came 2 times, error: duplicate
answer lost: true, sendtoaddress: one call, came 2 times, error: <nil>
OUT
