package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/fleet/natsengine"
	"github.com/bytom-solo/bytom-solo/fleet/natsserver"
)

// embeddedEngine is the engine in the node's own process.
const embeddedEngine = "embedded"

// EngineConfig is the part of what carries messages between a node and its fronts.
type EngineConfig struct {
	// URL is nats://, tls://, or embedded; empty is none.
	URL string
	// Listen is where the embedded engine listens, Token what fronts need for it; Cert and Key
	// are its certificate's PEM files, or, of another engine, this side's own.
	Listen, Token, Cert, Key string
	// CA and Creds are natsengine.Config's.
	CA, Creds string
}

func (e *EngineConfig) register(fs *pflag.FlagSet, embedded bool) {
	ways := "nats://[token@]host:4222 or tls://…, several of a cluster separated by commas"
	if embedded {
		ways = embeddedEngine + ", which runs it in this process, or " + ways + "; empty serves no fronts"
	}
	fs.StringVar(&e.URL, "engine", e.URL, "what carries messages between the node and its fronts: "+ways)
	fs.StringVar(&e.CA, "engine.ca", e.CA, "PEM file of who signed the engine's certificate; empty takes the system's")
	fs.StringVar(&e.Creds, "engine.creds", e.Creds, "file of NATS credentials for the engine")
	fs.StringVar(&e.Cert, "engine.tls-cert", e.Cert, "PEM file of a certificate: of the embedded engine, or by which another engine knows this side")
	fs.StringVar(&e.Key, "engine.tls-key", e.Key, "PEM file of its key")
	if embedded {
		fs.StringVar(&e.Listen, "engine.listen", e.Listen, "address that the embedded engine listens on for fronts")
		fs.StringVar(&e.Token, "engine.token", e.Token, "token that fronts need for the embedded engine, in their nats://TOKEN@host:port")
	}
}

// check refuses what would carry nothing.
func (e *EngineConfig) check(bad func(key string, value any, expected string)) {
	switch e.URL {
	case "":
	case embeddedEngine:
		if !natsserver.Built {
			_, err := natsserver.Run(natsserver.Config{})
			bad("engine", e.URL, err.Error())
		}
		if !isListen(e.Listen) {
			bad("engine.listen", e.Listen, "host:port")
		}
		e.checkClient(natsengine.Config{URL: "nats://" + embeddedEngine, Cert: e.Cert, Key: e.Key}, bad)
	default:
		e.checkClient(e.client("", nil), bad)
	}
}

// engineKeys are the keys of natsengine.Config's fields.
var engineKeys = map[string]string{"URL": "engine", "CA": "engine.ca", "Cert": "engine.tls-cert", "Key": "engine.tls-key", "Creds": "engine.creds"}

func (e *EngineConfig) checkClient(c natsengine.Config, bad func(key string, value any, expected string)) {
	if wrong := (*natsengine.ConfigError)(nil); errors.As(c.Check(), &wrong) {
		bad(engineKeys[wrong.Field], wrong.Value, wrong.Expected)
	}
}

func (e *EngineConfig) client(name string, log *slog.Logger) natsengine.Config {
	return natsengine.Config{URL: e.URL, Name: name, CA: e.CA, Cert: e.Cert, Key: e.Key, Creds: e.Creds, Log: log}
}

// open opens the engine. stop ends one in this process.
func (e *EngineConfig) open(name string, log *slog.Logger) (engine fleet.Engine, stop func(), err error) {
	client, stop := e.client(name, log), func() {}
	if e.URL == embeddedEngine {
		server, err := natsserver.Run(natsserver.Config{Listen: e.Listen, Token: e.Token, Cert: e.Cert, Key: e.Key, Log: log})
		if err != nil {
			return nil, nil, fmt.Errorf("key engine.listen: %w", err)
		}
		log.Info("the embedded engine listens", "url", server.URL, "token", e.Token != "")
		// Not by its port, whose certificate need not be of an address that this process can reach.
		client = natsengine.Config{URL: "nats://" + embeddedEngine, Name: name, InProcess: server.Dial, Log: log}
		if e.Token != "" {
			client.URL = (&url.URL{Scheme: "nats", User: url.User(e.Token), Host: embeddedEngine}).String()
		}
		stop = server.Stop
	}
	if engine, err = natsengine.Dial(client); err != nil {
		stop()
		return nil, nil, fmt.Errorf("key engine: %w", err)
	}
	return engine, stop, nil
}

// FleetConfig is the part of a node's fronts.
type FleetConfig struct {
	// Engine carries the messages.
	Engine EngineConfig
	// Fronts are those that are let in.
	Fronts frontList
}

func newFleetConfig() FleetConfig {
	return FleetConfig{Engine: EngineConfig{Listen: "0.0.0.0:4222"}}
}

func (c *Config) registerFleet(fs *pflag.FlagSet) {
	c.Fleet.Engine.register(fs, true)
	fs.Var(&c.Fleet.Fronts, "fleet.fronts", "fronts that are let in, name=KEY separated by commas, or more than once; 'bytom-solo front key' prints a front's")
}

func (f *FleetConfig) check(bad func(key string, value any, expected string)) {
	f.Engine.check(bad)
	if f.Engine.URL == "" && len(f.Fronts) > 0 {
		bad("fleet.fronts", f.Fronts.String(), "engine as well: without it no front is served")
	}
}

// frontList is fronts' names by their keys, as a flag.
type frontList map[fleet.PublicKey]string

// String implements pflag.Value.
func (l *frontList) String() string {
	var all []string
	for key, name := range *l {
		all = append(all, name+"="+key.String())
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

// Type implements pflag.Value.
func (l *frontList) Type() string { return "name=KEY" }

// Set implements pflag.Value.
func (l *frontList) Set(text string) error {
	if *l == nil {
		*l = make(frontList)
	}
	for each := range strings.SplitSeq(text, ",") {
		if each = strings.TrimSpace(each); each == "" {
			continue
		}
		name, keyText, _ := strings.Cut(each, "=")
		key, err := fleet.ParsePublicKey(strings.TrimSpace(keyText))
		if name = strings.TrimSpace(name); name == "" || err != nil {
			return &ValueError{each, "name=KEY with a KEY of 64 hexadecimal characters, as 'bytom-solo front key' prints it"}
		}
		if other, there := (*l)[key]; there {
			return &ValueError{each, "a KEY of its own for each front: this one is " + other + "'s already"}
		}
		for other, called := range *l {
			if called == name {
				return &ValueError{each, "a name of its own for each front: " + name + " has the key " + other.String() + " already"}
			}
		}
		(*l)[key] = name
	}
	return nil
}

// FleetKeyPath is the file of the key by which fronts know a node.
func (c *Config) FleetKeyPath() string { return filepath.Join(c.Bytom.RootDir, "mining", "fleet.key") }
