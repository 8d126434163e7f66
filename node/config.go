package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	cfg "github.com/bytom/bytom/config"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/redact"
)

// Config is all that the operator can set. Flags, environment and config.toml
// have the same keys; the stock node's mean what they mean there.
type Config struct {
	// Bytom is the stock node's part.
	Bytom *cfg.Config
	// Mining is the in-process miner and the work for others. Whether the miner
	// is on is Bytom.Mining.
	Mining MiningConfig
	// Stratum is the rigs on the LAN.
	Stratum StratumConfig
	// Payout is who shares the blocks that rigs find.
	Payout PayoutConfig
	// Fleet is the fronts, servers of rigs on other machines.
	Fleet FleetConfig
	// Front is a front's nodes.
	Front FrontConfig
	// Verify is how proofs of work are checked.
	Verify VerifyConfig
	// Solonet is what a private network for tests has.
	Solonet SolonetConfig
	// Notify is where notifications go.
	Notify NotifyConfig
	// Watch is whom to compare our chain with.
	Watch urlList
	// RPC is who may call the node.
	RPC RPCConfig
	// Log is where the log goes and how it looks.
	Log LogConfig
	// Version is the program's, for the metrics. It is no key.
	Version string

	// Measuring is Opening's Progress. It is no key.
	Measuring func(device string, done, total int)

	front       bool        // it is a front's: RegisterFront was called
	frontHome   *pflag.Flag // RegisterFrontHome's; nil where that was not called
	fileNetwork string      // config.toml's chain_id
	logFiles    *logFiles   // nil where there are none

	// open is OpenBackends, unless a test has backends already. Nil is OpenBackends.
	open func(context.Context, Opening) ([]compute.Backend, error)
}

// MiningConfig is the part of the miner.
type MiningConfig struct {
	// Address is paid by the coinbase; empty leaves it to the wallet.
	Address string
	// AddressOverRPC lets callers of /set-mining-address change what Address says.
	AddressOverRPC bool
	// Threads caps the workers on a device; 0 is as many as it has cores, a negative
	// number leaves that many of them free.
	Threads int
	// CPUPercent is the part of the time that each worker hashes.
	CPUPercent int
	// Devices names what to mine on: see PickDevices.
	Devices string
	// ExtraNodes are the URLs of nodes that found blocks are submitted to as well,
	// separated by commas.
	ExtraNodes string
	// RefreshFees is how much more, in BTM, a template must pay to replace the one
	// before it on the same tip ahead of time.
	RefreshFees float64
	// MinFeeRate is the least that a transaction must pay to be chosen, in the smallest
	// unit of BTM for each unit of gas.
	MinFeeRate float64
	// AllowUnsynced serves work without peers and behind them.
	AllowUnsynced bool
}

// feeStep is RefreshFees in the smallest unit of BTM.
func (m MiningConfig) feeStep() uint64 { return uint64(m.RefreshFees * 1e8) }

// SolonetConfig is the part of a private network for tests.
type SolonetConfig struct {
	// Tools serves the routes by which tests mine at will and set the clock.
	Tools bool
	// Clock is what timestamps blocks: virtual, which keeps the difficulty, or real. On
	// other networks it is always the real one.
	Clock string
}

// NotifyConfig is the part of the notifications.
type NotifyConfig struct {
	// Webhook is a URL that each Notification is posted to; empty is none.
	Webhook string
	// Command is run for each Notification; empty is none.
	Command string
	// Ping is a URL that is asked every PingEvery while nothing serious is wrong; empty is
	// none.
	Ping      string
	PingEvery time.Duration
}

// VerifyConfig is the part of the chain gate.
type VerifyConfig struct {
	// Fast verifies proofs with our kernels; without it the chain does it by the
	// stock algorithm, which takes about a second a block.
	Fast bool
}

// LogConfig is the part of the log.
type LogConfig struct {
	// Format is text or json.
	Format string
}

// NewConfig is the configuration before anything is set.
func NewConfig() *Config {
	c := &Config{
		Bytom:   cfg.DefaultConfig(),
		Mining:  MiningConfig{Devices: "auto", CPUPercent: 100, RefreshFees: 0.01},
		Stratum: newStratumConfig(),
		Payout:  newPayoutConfig(),
		Fleet:   newFleetConfig(),
		Verify:  VerifyConfig{Fast: true},
		Solonet: SolonetConfig{Clock: clockVirtual},
		Log:     LogConfig{Format: "text"},
		Notify:  NotifyConfig{PingEvery: time.Minute},
	}
	c.Bytom.RootDir = cfg.DefaultDataDir()
	c.Bytom.ApiAddress = "127.0.0.1:9888"
	c.Bytom.LogFile = ""
	c.Bytom.LogLevel = "info"
	return c
}

// RegisterHome adds the flag that every command with a data directory has.
func (c *Config) RegisterHome(fs *pflag.FlagSet) {
	fs.StringVar(&c.Bytom.RootDir, "home", c.Bytom.RootDir, "directory for configuration and data; the environment's TMHOME goes before the default")
}

// Home is the home directory: the flag's, else the environment's TMHOME or, as the stock
// node takes it too, TM_HOME.
func (c *Config) Home(lookupEnv func(string) (string, bool)) string {
	for _, name := range []string{"TMHOME", "TM_HOME"} {
		if home, ok := lookupEnv(name); ok && c.Bytom.RootDir == cfg.DefaultDataDir() {
			return expandHome(home)
		}
	}
	return expandHome(c.Bytom.RootDir)
}

// JournalPath is the file of the journal of found blocks.
func (c *Config) JournalPath() string { return filepath.Join(c.Bytom.RootDir, "mining", "journal.db") }

// HandoutsPath is the file of the work that was issued on the present tip.
func (c *Config) HandoutsPath() string {
	return filepath.Join(c.Bytom.RootDir, "mining", "handouts.jsonl")
}

// Register adds a flag for every key. A flag's name is the key.
func (c *Config) Register(fs *pflag.FlagSet) {
	b := c.Bytom
	fs.StringVar(&b.ChainID, "chain_id", b.ChainID, "network: mainnet, wisdom (the test network) or solonet; has no default, 'bytom-solo init' writes it into config.toml")
	fs.StringVar(&b.NodeAlias, "node_alias", b.NodeAlias, "name of this node in notifications, and in what peers are told")
	fs.StringVar(&b.Moniker, "moniker", b.Moniker, "name that peers see in their lists")
	fs.StringVar(&b.ApiAddress, "api_addr", b.ApiAddress, "address that the RPC, the page and the dashboard listen on, host:port; the environment's LISTEN overrides it")
	fs.StringVar(&b.DBBackend, "db_backend", b.DBBackend, "database: leveldb, or memdb, which keeps nothing")
	fs.StringVar(&b.DBPath, "db_dir", b.DBPath, "directory of the databases, within --home")
	fs.StringVar(&b.KeysPath, "keys_dir", b.KeysPath, "directory of the wallet's keys, within --home")
	fs.StringVar(&b.ProfListenAddress, "prof_laddr", b.ProfListenAddress, "address to serve Go's profiles (pprof) on, host:port; empty is off")
	fs.BoolVar(&b.VaultMode, "vault_mode", b.VaultMode, "run without peers")
	fs.BoolVar(&b.Auth.Disable, "auth.disable", b.Auth.Disable, "let everybody who reaches the RPC use it, wallet and payee included, without a token")
	fs.BoolVar(&b.Web.Closed, "web.closed", b.Web.Closed, "do not open the page /mining/ in a browser at the start")
	fs.BoolVar(&b.Simd.Enable, "simd.enable", b.Simd.Enable, "accepted for the stock node's sake: does nothing, as the fastest kernel is chosen by itself")

	fs.BoolVar(&b.Wallet.Disable, "wallet.disable", b.Wallet.Disable, "run without a wallet")
	fs.BoolVar(&b.Wallet.Rescan, "wallet.rescan", b.Wallet.Rescan, "have the wallet read the whole chain again at the start")
	fs.BoolVar(&b.Wallet.TxIndex, "wallet.txindex", b.Wallet.TxIndex, "have the wallet index all transactions, not only its own")
	fs.Uint64Var(&b.Wallet.MaxTxFee, "wallet.max_tx_fee", b.Wallet.MaxTxFee, "largest fee that the wallet pays, in the smallest unit of BTM (10^-8)")

	c.registerRPC(fs)
	c.registerP2P(fs)
	fs.IntVar(&b.Websocket.MaxNumWebsockets, "ws.max_num_websockets", b.Websocket.MaxNumWebsockets, "websocket connections at the most")
	fs.IntVar(&b.Websocket.MaxNumConcurrentReqs, "ws.max_num_concurrent_reqs", b.Websocket.MaxNumConcurrentReqs, "websocket requests at a time at the most")

	fs.StringVar(&b.LogLevel, "log_level", b.LogLevel, "debug, info, warn or error; trace, warning, fatal and panic are the nearest of these")
	fs.StringVar(&b.LogFile, "log_file", b.LogFile, "directory for log files, a new one a day, the last eight kept; empty is the terminal alone")
	fs.StringVar(&c.Log.Format, "log.format", c.Log.Format, "text or json")

	fs.BoolVar(&b.Mining, "mining", b.Mining, "mine on this machine; in config.toml also [mining] enable")
	fs.StringVar(&c.Mining.Address, "mining.address", c.Mining.Address, "address that found blocks pay; empty is the wallet's mining address")
	fs.BoolVar(&c.Mining.AddressOverRPC, "mining.address-over-rpc", c.Mining.AddressOverRPC, "let /set-mining-address change the address that mining.address gives, until the next start")
	fs.IntVar(&c.Mining.Threads, "mining.threads", c.Mining.Threads, "workers on a device at the most; 0 is one a core, -1 leaves a core free")
	fs.IntVar(&c.Mining.CPUPercent, "mining.cpu-percent", c.Mining.CPUPercent, "part of the time that each worker hashes, 1 to 100")
	fs.StringVar(&c.Mining.Devices, "mining.devices", c.Mining.Devices, "devices to mine on: auto, all, none, vulkan (the graphics cards) or names as 'bytom-solo devices' lists them")
	fs.StringVar(&c.Mining.ExtraNodes, "mining.extra-nodes", c.Mining.ExtraNodes, "nodes that found blocks are submitted to as well, http://[user:password@]host:port separated by commas")
	fs.Float64Var(&c.Mining.RefreshFees, "mining.refresh-fees", c.Mining.RefreshFees, "BTM of fees by which a template must gain to replace the one before it within 30 s")
	fs.Float64Var(&c.Mining.MinFeeRate, "mining.min-fee-rate", c.Mining.MinFeeRate, "least fee of a transaction in a template, in the smallest unit of BTM for each unit of gas; 0 takes any")
	c.registerStratum(fs)
	c.registerPayout(fs)
	c.registerFleet(fs)
	fs.Var(&c.Watch, "watch", "pools and nodes to compare this node's chain with, without taking work from them: stratum+tcp://login@host:port, stratum+ssl://, http://[name:secret@]host:port; separated by commas, or more than once")
	fs.StringVar(&c.Notify.Webhook, "notify.webhook", c.Notify.Webhook, "URL that is posted a JSON notification when a found block is found, confirmed, lost and so on, and when the clock is wrong")
	fs.StringVar(&c.Notify.Command, "notify.command", c.Notify.Command, "program, with its arguments, that is run for each of these events, which it gets as JSON on its standard input and by parts in BYTOM_SOLO_EVENT and so on")
	fs.StringVar(&c.Notify.Ping, "notify.ping", c.Notify.Ping, "URL that is asked again and again while nothing serious is wrong, for a service that raises an alarm when that ends")
	fs.DurationVar(&c.Notify.PingEvery, "notify.ping-every", c.Notify.PingEvery, "time between two of these pings")
	fs.BoolVar(&c.Mining.AllowUnsynced, "mining.allow-unsynced", c.Mining.AllowUnsynced, "mine and hand out work without peers, and behind them")
	fs.BoolVar(&c.Solonet.Tools, "solonet.tools", c.Solonet.Tools, "on a solonet: serve /solonet-mine, /solonet-auto and /solonet-clock to tests")
	fs.StringVar(&c.Solonet.Clock, "solonet.clock", c.Solonet.Clock, "on a solonet: virtual stamps each block 150 s after the one before, which keeps the difficulty, unless the chain has the time of day already; real stamps the time of day")
	fs.BoolVar(&c.Verify.Fast, "verify.fast", c.Verify.Fast, "verify proofs of work with the fast kernels; without, with Bytom's own code, a second or more each")
}

func (c *Config) registerP2P(fs *pflag.FlagSet) {
	p := c.Bytom.P2P
	fs.StringVar(&p.ListenAddress, "p2p.laddr", p.ListenAddress, "address that peers connect to, tcp://host:port; 'bytom-solo init' writes the network's own port into config.toml, 46657 for mainnet")
	fs.StringVar(&p.Seeds, "p2p.seeds", p.Seeds, "seed nodes, IP:port separated by commas")
	fs.StringVar(&p.PrivateKey, "p2p.node_key", p.PrivateKey, "private key by which peers know this node, in hexadecimal; empty is that of the file")
	fs.StringVar(&p.NodeKeyFile, "p2p.node_key_file", p.NodeKeyFile, "file of that private key, within --home; made where there is none")
	fs.BoolVar(&p.SkipUPNP, "p2p.skip_upnp", p.SkipUPNP, "do not ask the router by UPnP to forward a port")
	fs.BoolVar(&p.LANDiscover, "p2p.lan_discoverable", p.LANDiscover, "find, and be found by, nodes on the LAN")
	fs.IntVar(&p.MaxNumPeers, "p2p.max_num_peers", p.MaxNumPeers, "peers at the most")
	fs.IntVar(&p.HandshakeTimeout, "p2p.handshake_timeout", p.HandshakeTimeout, "seconds that a peer's handshake may take")
	fs.IntVar(&p.DialTimeout, "p2p.dial_timeout", p.DialTimeout, "seconds that a connection to a peer may take")
	fs.StringVar(&p.ProxyAddress, "p2p.proxy_address", p.ProxyAddress, "SOCKS5 proxy, host:port")
	fs.StringVar(&p.ProxyUsername, "p2p.proxy_username", p.ProxyUsername, "user name at the proxy")
	fs.StringVar(&p.ProxyPassword, "p2p.proxy_password", p.ProxyPassword, "password at the proxy")
	fs.StringVar(&p.KeepDial, "p2p.keep_dial", p.KeepDial, "peers to stay connected to, IP:port separated by commas")
}

// ignoredKeys stand in the files that the stock node writes, and mean nothing to
// it either.
var ignoredKeys = []string{"fast_sync"}

// Load sets what the flags left open: from the environment (TM_P2P_LADDR for
// p2p.laddr, as the stock node has it), else from config.toml in the home
// directory, if there is one. Then it checks all values. An error names the key,
// the value and what was expected.
func (c *Config) Load(fs *pflag.FlagSet, lookupEnv func(string) (string, bool)) error {
	if err := c.read(fs, lookupEnv); err != nil {
		return err
	}
	return c.check()
}

// LoadAddress is Load for who wants to know no more than where the node listens.
func (c *Config) LoadAddress(fs *pflag.FlagSet, lookupEnv func(string) (string, bool)) error {
	if err := c.read(fs, lookupEnv); err != nil {
		return err
	}
	if !isListen(c.Bytom.ApiAddress) {
		return fmt.Errorf("key api_addr: value %q: expected host:port", c.Bytom.ApiAddress)
	}
	return nil
}

func (c *Config) read(fs *pflag.FlagSet, lookupEnv func(string) (string, bool)) error {
	c.Bytom.RootDir = c.Home(lookupEnv)
	file, err := readConfigFile(c.Bytom.RootDir)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(file)) {
		if fs.Lookup(key) == nil && !slices.Contains(ignoredKeys, key) {
			return fmt.Errorf("config.toml: unknown key %q (value %q); 'bytom-solo %s --help' lists the keys", key, Tellable(key, file[key]), c.command())
		}
	}
	c.fileNetwork = file["chain_id"]
	var errs []error
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" {
			return
		}
		name := variable(f.Name)
		if value, ok := lookupEnv(name); ok && f.Name != "home" {
			errs = append(errs, set(fs, f, value, "environment "+name))
		} else if value, ok := file[f.Name]; ok {
			errs = append(errs, set(fs, f, value, "config.toml"))
		}
	})
	if listen, ok := lookupEnv("LISTEN"); ok && listen != "" {
		c.Bytom.ApiAddress = listen
	}
	return errors.Join(errs...)
}

// command is the one whose keys these are.
func (c *Config) command() string {
	if c.front {
		return "front"
	}
	return "node"
}

// variable is the one of the environment that sets a key.
func variable(key string) string {
	return "TM_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
}

// StrayVariables are those of an environment, as os.Environ has it, that begin as options do and
// are none: most likely they are misspelt.
func StrayVariables(fs *pflag.FlagSet, environ []string) (names []string) {
	known := map[string]bool{"TM_TOKEN": true} // The commands' that ask a node.
	fs.VisitAll(func(f *pflag.Flag) { known[variable(f.Name)] = true })
	for _, entry := range environ {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "TM_") && !known[name] {
			names = append(names, name)
		}
	}
	return names
}

// Tellable is what an error may say of the value of a key: all, unless it may be a secret or a URL
// with one.
func Tellable(key, value string) string {
	for _, part := range []string{"pas", "key", "token", "secret"} {
		if strings.Contains(key, part) {
			return "…"
		}
	}
	if strings.Contains(value, "://") {
		return redact.URL(value)
	}
	return value
}

func set(fs *pflag.FlagSet, f *pflag.Flag, value, from string) error {
	if err := fs.Set(f.Name, value); err != nil {
		return fmt.Errorf("%s: key %s: %s", from, f.Name, Refusal(f, value, err))
	}
	return nil
}

// Expected says what values a flag takes, for the error about one that it does not take.
func Expected(f *pflag.Flag) string {
	if d, ok := f.Value.(decimal); ok {
		return d.expected()
	}
	switch kind := f.Value.Type(); kind {
	case "bool":
		return "true or false"
	case "int", "int64", "uint64", "uint32", "uint":
		if strings.HasPrefix(kind, "uint") {
			return "a whole number from 0 on"
		}
		return "a whole number"
	case "float64":
		return "a number"
	case "duration":
		return "a time such as 30s, 5m or 1h"
	case "ints", "intSlice":
		return "whole numbers, separated by commas"
	default:
		return "a " + kind
	}
}

func expandHome(dir string) string {
	first, rest, _ := strings.Cut(dir, "/")
	if first == "~" || first == "$HOME" {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return dir
}
