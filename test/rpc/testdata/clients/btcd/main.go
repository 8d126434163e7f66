// This program calls a node by btcd's rpcclient, which reads each answer into fields of
// set types.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/btcsuite/btcd/btcjson"
	"github.com/btcsuite/btcd/rpcclient"
)

func main() {
	c, err := rpcclient.New(&rpcclient.ConnConfig{Host: os.Args[1], User: "u", Pass: "p", HTTPPostMode: true, DisableTLS: true}, nil)
	must("connect", err)
	defer c.Shutdown()
	info, err := c.GetMiningInfo()
	must("getmininginfo", err)
	rate, err := c.GetNetworkHashPS3(5, -1)
	must("getnetworkhashps", err)
	height, err := c.GetBlockCount()
	must("getblockcount", err)
	best, err := c.GetBestBlockHash()
	must("getbestblockhash", err)
	genesis, err := c.GetBlockHash(0)
	must("getblockhash", err)
	difficulty, err := c.GetDifficulty()
	must("getdifficulty", err)
	chain, err := c.GetBlockChainInfo()
	must("getblockchaininfo", err)
	network, err := c.GetNetworkInfo()
	must("getnetworkinfo", err)
	peers, err := c.GetPeerInfo()
	must("getpeerinfo", err)
	count, err := c.GetConnectionCount()
	must("getconnectioncount", err)
	template, err := c.GetBlockTemplate(&btcjson.TemplateRequest{Mode: "template", Capabilities: []string{"coinbasetxn"}})
	must("getblocktemplate", err)
	_, err = c.RawRequest("submitblock", nil)
	var refusal *btcjson.RPCError
	if !errors.As(err, &refusal) || refusal.Code != btcjson.ErrRPCMisc {
		log.Fatalf("submitblock without arguments: %v", err)
	}
	fmt.Println(info.Difficulty == difficulty && chain.Difficulty == difficulty, rate >= 0, int64(chain.Blocks) == height, chain.BestBlockHash == best.String(),
		len(genesis.String()), network.Version > 0, len(peers) == int(count), template.Height == height+1)
}

func must(call string, err error) {
	if err != nil {
		log.Fatalf("%s: %v", call, err)
	}
}
