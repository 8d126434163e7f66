#!/usr/bin/env bash
# btcd's rpcclient (github.com/btcsuite/btcd v0.26.2): over HTTP a client has one call on its way
# at a time. A block is not submitted while a longpoll of the same client waits.
#
# HTTPPostMode is for "multiple independent connections", says its comment, each call has an
# Async form, and many goroutines may share a client. But one goroutine takes the calls from a
# queue, and each has its answer before the next is sent.
#
# Seen: GetBlockTemplateAsync with a longpollid, then SubmitBlockAsync. The block stays in the
# process, the server gets it only when it has answered the longpoll: that is, once somebody else's
# block has come and this one is stale. By a client of its own it arrives at once. Where the chain is
# quiet the longpoll does not end by itself either: a call's time is a minute, which no option
# changes, and it is sent ten times. Measured once: the block left after 10 minutes and 22 seconds.
#
# Whoever mines with it needs a second client for submitblock. A server can help by answering
# longpolls within the minute, with the same template if there is no other.
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
	"time"

	"github.com/btcsuite/btcd/btcjson"
	"github.com/btcsuite/btcd/rpcclient"
)

// node holds a longpoll until something is sent to tip.
type node struct{ polls, tip, blocks chan bool }

func (n node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct {
		ID     any    `json:"id"`
		Method string `json:"method"`
	}
	must(json.NewDecoder(r.Body).Decode(&call))
	var result any
	switch call.Method {
	case "getblocktemplate":
		n.polls <- true
		<-n.tip
		result = map[string]any{"height": 2}
	case "submitblock":
		n.blocks <- true
	}
	must(json.NewEncoder(w).Encode(map[string]any{"result": result, "error": nil, "id": call.ID}))
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func within(c chan bool, limit time.Duration) bool {
	select {
	case <-c:
		return true
	case <-time.After(limit):
		return false
	}
}

// try is whether a block arrives while a longpoll waits, and whether it does after that.
func try(clients int) (during, after bool) {
	n := node{make(chan bool, 9), make(chan bool, 9), make(chan bool, 9)}
	server := httptest.NewServer(n)
	defer server.Close()
	var all []*rpcclient.Client
	for range clients {
		c, err := rpcclient.New(&rpcclient.ConnConfig{
			Host: strings.TrimPrefix(server.URL, "http://"), User: "u", Pass: "p", HTTPPostMode: true, DisableTLS: true,
		}, nil)
		must(err)
		defer c.Shutdown()
		all = append(all, c)
	}
	poll := all[0].GetBlockTemplateAsync(&btcjson.TemplateRequest{Mode: "template", LongPollID: "1"})
	if !within(n.polls, 30*time.Second) {
		must(fmt.Errorf("no longpoll arrived"))
	}
	block := all[clients-1].SubmitBlockAsync(nil, nil)
	during = within(n.blocks, 5*time.Second)
	n.tip <- true
	after = during || within(n.blocks, 30*time.Second)
	_, err := poll.Receive()
	must(err)
	must(block.Receive())
	return during, after
}

func main() {
	oneDuring, oneAfter := try(1)
	fmt.Printf("one client:  the block came within 5 s of the longpoll: %v, after its answer: %v\n", oneDuring, oneAfter)
	twoDuring, _ := try(2)
	fmt.Printf("two clients: the block came within 5 s of the longpoll: %v\n", twoDuring)
	if oneDuring || !oneAfter || !twoDuring {
		os.Exit(1)
	}
}
GO
printf 'module example.test/longpoll\n\ngo 1.24\n' >go.mod
if ! go get github.com/btcsuite/btcd@v0.26.2 >log 2>&1; then
	cat log
	exit 1
fi
go run . 2>log || { cat log; exit 1; }
