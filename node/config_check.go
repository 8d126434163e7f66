package node

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/mining"
)

// check refuses values that would fail later, or worse, not at all.
func (c *Config) check() error {
	var errs []error
	bad := func(key string, value any, expected string) {
		errs = append(errs, fmt.Errorf("key %s: value %q: expected %s", key, fmt.Sprint(value), expected))
	}
	b := c.Bytom
	if _, ok := consensus.NetParams[b.ChainID]; !ok {
		bad("chain_id", b.ChainID, c.expectedNetwork())
	}
	if simulated && b.ChainID != "solonet" {
		bad("chain_id", b.ChainID, "solonet: the proof of work of this build is simulated, for tests")
	}
	if c.Solonet.Tools && b.ChainID != "solonet" {
		bad("solonet.tools", true, "chain_id solonet, not "+b.ChainID)
	}
	if clock := c.Solonet.Clock; clock != clockVirtual && clock != clockReal {
		bad("solonet.clock", clock, clockVirtual+" or "+clockReal)
	}
	if b.DBBackend != "leveldb" && b.DBBackend != "memdb" {
		bad("db_backend", b.DBBackend, "leveldb or memdb")
	}
	if _, ok := levels[strings.ToLower(b.LogLevel)]; !ok {
		bad("log_level", b.LogLevel, "debug, info, warn or error (trace, warning, fatal and panic are taken too)")
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		bad("log.format", c.Log.Format, "text or json")
	}
	c.Stratum.check(bad)
	c.Payout.check(c.Stratum.Listen != "" || c.Fleet.Engine.URL != "", bad)
	c.Fleet.check(bad)
	c.RPC.check(bad)
	if p := c.Mining.CPUPercent; p < 1 || p > 100 {
		bad("mining.cpu-percent", p, "1 to 100")
	}
	if f := c.Mining.RefreshFees; !(f >= 0 && f <= 1e9) {
		bad("mining.refresh-fees", f, "an amount of BTM")
	}
	if r := c.Mining.MinFeeRate; !(r >= 0 && r <= 1e15) {
		bad("mining.min-fee-rate", r, "a fee for each unit of gas")
	}
	c.checkMining(bad)
	c.checkP2P(bad)
	c.checkRPC(bad)
	_, relay := newRelay(c.Mining.ExtraNodes, nil)
	_, webhook := newNotifier(c.Notify.Webhook, nil)
	_, command := newCommandNotifier(c.Notify.Command, nil)
	_, ping := newPinger(c.Notify.Ping, c.Notify.PingEvery, nil, nil)
	_, watched := c.Watch.sources()
	return errors.Join(append(errs, relay, webhook, command, ping, watched)...)
}

// expectedNetwork is what chain_id should be, and how it comes to be that.
func (c *Config) expectedNetwork() string {
	const names = "mainnet, wisdom or solonet"
	b := c.Bytom
	if c.front {
		return names + ", the network of its node: give --chain_id, or chain_id in the config.toml of " + b.RootDir
	}
	if _, err := os.Stat(filepath.Join(b.RootDir, "config.toml")); err == nil && b.ChainID == "" {
		return names + "; 'bytom-solo init' writes it into a new config.toml, and the one in " + b.RootDir + " has none: if it was cut off, put its last copy in its place"
	}
	return names + "; 'bytom-solo init' writes it into config.toml"
}

// hidden stands for a value that must not be in a log.
const hidden = "(not shown)"

// isListen reports whether an address can be listened on.
func isListen(address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	return err == nil && port != ""
}

// checkMining refuses what would not mine, or not as it says.
func (c *Config) checkMining(bad func(key string, value any, expected string)) {
	m := c.Mining
	if err := mining.CheckThreads(m.Threads); err != nil {
		bad("mining.threads", m.Threads, err.Error())
	}
	if !c.Bytom.Mining {
		return
	}
	if !slices.ContainsFunc(names(m.Devices), func(name string) bool { return name != "none" }) {
		bad("mining.devices", m.Devices, "a device, such as auto, or no --mining")
	}
	if c.Bytom.VaultMode && c.Bytom.ChainID != "solonet" && !m.AllowUnsynced {
		bad("vault_mode", true, "false with --mining: nobody would get a block; --mining.allow-unsynced mines all the same")
	}
}

// checkP2P refuses what the network's part would leave out, or panic of.
func (c *Config) checkP2P(bad func(key string, value any, expected string)) {
	p := c.Bytom.P2P
	if scheme, address, ok := strings.Cut(p.ListenAddress, "://"); !ok || !strings.HasPrefix(scheme, "tcp") || !isListen(address) {
		bad("p2p.laddr", p.ListenAddress, "tcp://host:port")
	}
	for key, list := range map[string]*string{"p2p.seeds": &p.Seeds, "p2p.keep_dial": &p.KeepDial} {
		addresses, err := peerAddresses(*list)
		if err != nil {
			bad(key, *list, "IP:port separated by commas, not "+err.Error())
			continue
		}
		*list = strings.Join(addresses, ",")
	}
	if key, err := hex.DecodeString(p.PrivateKey); p.PrivateKey != "" && (err != nil || len(key) != 64) {
		bad("p2p.node_key", hidden, "128 hexadecimal characters")
	}
	if p.ProxyAddress != "" && !isListen(p.ProxyAddress) {
		bad("p2p.proxy_address", p.ProxyAddress, "host:port")
	}
	if p.ProxyAddress == "" && p.ProxyUsername != "" {
		bad("p2p.proxy_username", p.ProxyUsername, "p2p.proxy_address as well")
	}
	if p.ProxyAddress == "" && p.ProxyPassword != "" {
		bad("p2p.proxy_password", hidden, "p2p.proxy_address as well")
	}
	if p.MaxNumPeers < 0 {
		bad("p2p.max_num_peers", p.MaxNumPeers, "0 or more")
	}
	if p.HandshakeTimeout < 1 {
		bad("p2p.handshake_timeout", p.HandshakeTimeout, "1 second or more")
	}
	if p.DialTimeout < 1 {
		bad("p2p.dial_timeout", p.DialTimeout, "1 second or more")
	}
}

// peerAddresses are those of a list; Bytom leaves out, without a word, what it can't read.
func peerAddresses(list string) (addresses []string, err error) {
	for text := range strings.SplitSeq(list, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		host, port, err := net.SplitHostPort(text)
		if err != nil || net.ParseIP(host) == nil || !isPort(port) {
			return nil, fmt.Errorf("%q", text)
		}
		addresses = append(addresses, text)
	}
	return addresses, nil
}

// isPort reports whether a text is a port's number.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// checkRPC refuses what the API and the wallet could not do.
func (c *Config) checkRPC(bad func(key string, value any, expected string)) {
	b := c.Bytom
	if !isListen(b.ApiAddress) {
		bad("api_addr", b.ApiAddress, "host:port")
	}
	if b.ProfListenAddress != "" && !isListen(b.ProfListenAddress) {
		bad("prof_laddr", b.ProfListenAddress, "host:port, or nothing")
	}
	if b.Websocket.MaxNumWebsockets < 0 {
		bad("ws.max_num_websockets", b.Websocket.MaxNumWebsockets, "0 or more")
	}
	if b.Websocket.MaxNumConcurrentReqs < 1 {
		bad("ws.max_num_concurrent_reqs", b.Websocket.MaxNumConcurrentReqs, "1 or more")
	}
	if b.Wallet.Disable && b.Wallet.Rescan {
		bad("wallet.rescan", true, "a wallet: not wallet.disable")
	}
	if b.Wallet.Disable && b.Wallet.TxIndex {
		bad("wallet.txindex", true, "a wallet: not wallet.disable")
	}
}
