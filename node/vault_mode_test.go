package node

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bytom/bytom/consensus"
)

// TestNoRouteNeedsWhatIsNotThere asks the routes that tell of the network, the wallet, the
// chain and the miner, in vault mode above the last checkpoint, with a wallet and without.
func TestNoRouteNeedsWhatIsNotThere(t *testing.T) {
	severalNetworks(t)
	defer func(list []consensus.Checkpoint) { setCheckpoints("mainnet", list) }(consensus.NetParams["mainnet"].Checkpoints)
	setCheckpoints("mainnet", nil)
	for _, wallet := range []bool{true, false} {
		config := soloConfig(home(t))
		config.Bytom.ChainID, config.Bytom.Wallet.Disable = "mainnet", !wallet
		n, closeIt := newWholeNode(t, config)
		n.logStatus()
		handler := fromLoopback(n.server.Handler)
		for route, body := range map[string]string{
			"/net-info": "", "/list-peers": "", "/connect-peer": `{"ip":"127.0.0.1","port":1}`, "/disconnect-peer": `{"peer_id":"x"}`,
			"/metrics": "", "/mining-info": "", "/is-mining": "", "/set-mining": `{"is_mining":true}`, "/get-mining-address": "",
			"/get-work": "", "/get-work-json": "", "/get-block-template": "{}", "/list-rigs": "", "/list-found-blocks": "",
			"/": `{"jsonrpc":"2.0","id":1,"method":"getmininginfo"}`, "/get-coinbase-arbitrary": "", "/set-coinbase-arbitrary": `{"arbitrary":"61"}`,
			"/get-block": `{"block_height":0}`, "/get-raw-block": `{"block_height":0}`, "/get-block-count": "", "/get-difficulty": "{}",
			"/get-hash-rate": `{"block_height":0}`, "/list-unconfirmed-transactions": "", "/gas-rate": "", "/list-accounts": "{}", "/wallet-info": "",
			"/validate-address": `{"address":"bm1"}`, "/list-balances": "{}", "/list-access-tokens": "",
		} {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, route, strings.NewReader(body)))
			if w.Code >= 500 || w.Body.Len() == 0 && w.Code != http.StatusMovedPermanently {
				t.Errorf("wallet %v: %s: status %d, %s", wallet, route, w.Code, w.Body)
			}
		}
		if log := n.log.String(); strings.Contains(log, "panic") || strings.Contains(log, "level=ERROR") {
			t.Errorf("wallet %v: %s", wallet, log)
		}
		if _, err := n.generator.Current(); err == nil {
			t.Error("there is work, for nobody to get")
		}
		closeIt()
	}
}

func setCheckpoints(network string, list []consensus.Checkpoint) {
	params := consensus.NetParams[network]
	params.Checkpoints = list
	consensus.NetParams[network] = params
}
