package rpc_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestPeersInBitcoinsShape connects two nodes: each reports of the other who called whom
// and how far it is.
func TestPeersInBitcoinsShape(t *testing.T) {
	a, b := testnet.Start(t, testnet.NodeOptions{}), testnet.Start(t, testnet.NodeOptions{})
	a.Connect(b)
	type peer struct {
		Addr, Subver, Network string
		Inbound               bool
		Version, ConnTime     int64
		LastSend              int64
		Height                *uint64 `json:"startingheight"`
		Sent                  int64   `json:"bytessent"`
	}
	for _, side := range []struct {
		node    *testnet.Node
		inbound bool
	}{{a, false}, {b, true}} {
		var list []peer
		for bitcoinCall(t, side.node, "getpeerinfo", &list); len(list) == 0; bitcoinCall(t, side.node, "getpeerinfo", &list) {
			time.Sleep(20 * time.Millisecond) // One of the two learns of it later than Connect.
		}
		p, now := list[0], time.Now().Unix()
		if len(list) != 1 || p.Inbound != side.inbound || !strings.HasPrefix(p.Addr, "127.") || p.Subver != "/Bytom:1.1.1/" ||
			p.Network != "ipv4" || p.Version != 1010100 || p.Height == nil || p.Sent == 0 || p.ConnTime < now-600 || p.ConnTime > now+1 || p.LastSend > now+1 {
			t.Errorf("%+v", list)
		}
		var info struct {
			Connections int
			In          int `json:"connections_in"`
		}
		bitcoinCall(t, side.node, "getnetworkinfo", &info)
		if info.Connections != 1 || (info.In == 1) != side.inbound {
			t.Errorf("%+v", info)
		}
	}
}

// bitcoinCall reads the result of a call of JSON-RPC without arguments.
func bitcoinCall(t *testing.T, n *testnet.Node, method string, result any) {
	t.Helper()
	resp, err := http.Post(n.URL, "application/json", strings.NewReader(`{"method":"`+method+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	a := struct{ Result any }{result}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}
