package node

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	cfg "github.com/bytom/bytom/config"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/redact"
)

// FrontConfig is the part of a front: a server of rigs on another machine than the node.
type FrontConfig struct {
	// Name is what people call it.
	Name string
	// Nodes are those whose work it serves, the best liked first: that one keeps the ledger.
	Nodes nodeList
	// MaxAge is how long rigs go on with the work that they have while there is no news of a node.
	MaxAge time.Duration
}

// RegisterFront adds a flag for every key of a front.
func (c *Config) RegisterFront(fs *pflag.FlagSet) {
	b := c.Bytom
	c.front = true
	c.Front.MaxAge = 2 * time.Minute
	b.ApiAddress = "127.0.0.1:9889"
	c.Stratum.Listen = "0.0.0.0:9119"
	c.Stratum.VerifyPercent = 90 // It mines nothing, and jobs must not wait.
	fs.StringVar(&b.ChainID, "chain_id", b.ChainID, "network of the node: mainnet, wisdom (the test network) or solonet")
	fs.Var(&c.Front.Nodes, "node", "node whose work is served, KEY@http://[user:password@]host:port, its fleet's key and its RPC; several, the first of which books the shares, separated by commas, or more than once. The node's log says its key")
	fs.StringVar(&c.Front.Name, "name", c.Front.Name, "name of this front; empty is the machine's")
	fs.DurationVar(&c.Front.MaxAge, "max-age", c.Front.MaxAge, "how long rigs go on with the work that they have while there is no news of any node")
	c.Fleet.Engine.register(fs, false)
	fs.StringVar(&c.Mining.Address, "mining.address", c.Mining.Address, "address that found blocks must pay: work that pays another is refused")
	fs.StringVar(&c.Mining.ExtraNodes, "mining.extra-nodes", c.Mining.ExtraNodes, "other nodes that found blocks are submitted to as well, http://[user:password@]host:port separated by commas")
	c.registerStratum(fs)
	c.registerRPC(fs)
	fs.StringVar(&b.ApiAddress, "api_addr", b.ApiAddress, "address that the page, the metrics and the figures listen on, host:port")
	fs.BoolVar(&b.Auth.Disable, "auth.disable", b.Auth.Disable, "let everybody who reaches api_addr see the figures, without the cookie of the home directory")
	fs.StringVar(&b.LogLevel, "log_level", b.LogLevel, "debug, info, warn or error")
	fs.StringVar(&b.LogFile, "log_file", b.LogFile, "directory for log files, a new one a day, the last eight kept; empty is the terminal alone")
	fs.StringVar(&c.Log.Format, "log.format", c.Log.Format, "text or json")
	fs.StringVar(&c.Notify.Webhook, "notify.webhook", c.Notify.Webhook, "URL that is posted a JSON notification of found blocks, faults and rigs")
	fs.StringVar(&c.Notify.Command, "notify.command", c.Notify.Command, "program, with its arguments, that is run for each of these events")
	fs.StringVar(&c.Notify.Ping, "notify.ping", c.Notify.Ping, "URL that is asked again and again while nothing serious is wrong")
	fs.DurationVar(&c.Notify.PingEvery, "notify.ping-every", c.Notify.PingEvery, "time between two of these pings")
}

// LoadFront is Load for a front.
func (c *Config) LoadFront(fs *pflag.FlagSet, lookupEnv func(string) (string, bool)) error {
	c.FrontHome(lookupEnv)
	if err := c.read(fs, lookupEnv); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	return c.checkFront()
}

// RegisterFrontHome is RegisterHome for a front.
func (c *Config) RegisterFrontHome(fs *pflag.FlagSet) {
	c.Bytom.RootDir = defaultFrontHome()
	c.RegisterHome(fs)
	c.frontHome = fs.Lookup("home")
}

// defaultFrontHome is beside the node's, as the two may be on one machine.
func defaultFrontHome() string { return cfg.DefaultDataDir() + "-front" }

// FrontHome sets a front's home where none is given, or the node's.
func (c *Config) FrontHome(lookupEnv func(string) (string, bool)) {
	if c.frontHome != nil && !c.frontHome.Changed {
		c.Bytom.RootDir = cfg.DefaultDataDir() // By which Home knows that the environment's goes before it.
	}
	if c.Home(lookupEnv) == expandHome(cfg.DefaultDataDir()) {
		c.Bytom.RootDir = expandHome(defaultFrontHome())
	}
}

// checkFront refuses what a front can't do without.
func (c *Config) checkFront() error {
	var errs []error
	missing := func(key, expected string) {
		errs = append(errs, fmt.Errorf("key %s: value \"\": expected %s", key, expected))
	}
	if len(c.Front.Nodes) == 0 {
		missing("node", "KEY@http://host:port of the node; its log says the key")
	}
	switch c.Fleet.Engine.URL {
	case "":
		missing("engine", "nats://host:4222, where the node's is")
	case embeddedEngine:
		errs = append(errs, fmt.Errorf("key engine: value %q: expected nats://host:4222, where the node's is", embeddedEngine))
	}
	if c.Stratum.Listen == "" {
		missing("stratum.listen", "host:port")
	}
	if c.Front.MaxAge < 10*time.Second {
		errs = append(errs, fmt.Errorf("key max-age: value %q: expected 10s or more", c.Front.MaxAge))
	}
	if c.Mining.Address == "" {
		missing("mining.address", "the address that found blocks must pay")
		return errors.Join(errs...)
	}
	useNetwork(c.Bytom.ChainID)
	if _, err := parsePayee(c.Mining.Address); err != nil {
		errs = append(errs, fmt.Errorf("key mining.address: %w", err))
	}
	return errors.Join(errs...)
}

// HomeOfFront reports whether the home directory is a front's, which has its key.
func (c *Config) HomeOfFront(lookupEnv func(string) (string, bool)) bool {
	_, err := os.Stat(filepath.Join(c.Home(lookupEnv), frontKeyFile))
	return err == nil
}

// frontKeyFile is in a front's home, and in no node's.
const frontKeyFile = "front.key"

// FrontKeyPath is the file of the key by which nodes know a front.
func (c *Config) FrontKeyPath() string { return filepath.Join(c.Bytom.RootDir, frontKeyFile) }

// OutboxPath is the file of the shares that a front keeps until they are booked.
func (c *Config) OutboxPath() string { return filepath.Join(c.Bytom.RootDir, "mining", "outbox.db") }

// frontNode is a node, as a front knows it.
type frontNode struct {
	key fleet.PublicKey
	rpc *url.URL
}

// nodeList is a front's nodes, as a flag.
type nodeList []frontNode

// String implements pflag.Value.
func (l *nodeList) String() string {
	var all []string
	for _, n := range *l {
		all = append(all, n.key.String()+"@"+redact.URL(n.rpc.String()))
	}
	return strings.Join(all, ",")
}

// Type implements pflag.Value.
func (l *nodeList) Type() string { return "KEY@URL" }

// Set implements pflag.Value.
func (l *nodeList) Set(text string) error {
	for each := range strings.SplitSeq(text, ",") {
		if each = strings.TrimSpace(each); each == "" {
			continue
		}
		keyText, where, _ := strings.Cut(each, "@")
		key, err := fleet.ParsePublicKey(keyText)
		if err != nil {
			return &ValueError{tellableNode(each), "KEY@http://host:port with a KEY of 64 hexadecimal characters, which the node's log says in \"fronts are served\""}
		}
		u, err := url.Parse(where)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return &ValueError{tellableNode(each), "http://[user:password@]host:port, or https://, behind the KEY"}
		}
		if slices.Contains(l.keys(), key) {
			return &ValueError{tellableNode(each), "each node once: one with this KEY is there already"}
		}
		*l = append(*l, frontNode{key, u})
	}
	return nil
}

// tellableNode is what an error may say of what was given as a node. What is no key may be a name
// and a password, or an engine's token.
func tellableNode(text string) string {
	before, where, ok := strings.Cut(text, "@")
	if !ok {
		return redact.URL(text)
	}
	_, err := fleet.ParsePublicKey(before)
	switch {
	case err == nil, strings.Contains(where, "://") && !strings.Contains(before, ":"):
		return before + "@" + redact.URL(where)
	case strings.Contains(before, "://"):
		return redact.URL(text)
	}
	return hidden + "@" + redact.URL(where)
}

func (l nodeList) keys() []fleet.PublicKey {
	all := make([]fleet.PublicKey, 0, len(l))
	for _, n := range l {
		all = append(all, n.key)
	}
	return all
}
