package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/redact"
)

// errNodeAway means that no node answered.
var errNodeAway = errors.New("no node answers")

// registerNode adds the flag by which a command finds the running node.
func registerNode(cmd *cobra.Command, config *node.Config) {
	address := &config.Bytom.ApiAddress
	cmd.Flags().StringVar(address, "api_addr", *address, "address of the node's RPC, host:port; that of the environment's LISTEN, or else of config.toml in --home, goes before the default")
	registerToken(cmd)
}

// nodeURL is where the node of a configuration answers, with what lets the command in.
func nodeURL(cmd *cobra.Command, config *node.Config) (*url.URL, error) {
	if address := config.Bytom.ApiAddress; cmd.Flags().Changed("api_addr") && strings.Contains(address, "://") {
		return givenURL(cmd, config, address)
	}
	if !cmd.Flags().Changed("api_addr") {
		keys := pflag.NewFlagSet(cmd.Name(), pflag.ContinueOnError)
		config.RegisterHome(keys)
		if config.HomeOfFront(os.LookupEnv) {
			config.RegisterFront(keys)
		} else {
			config.Register(keys)
		}
		if err := config.LoadAddress(keys, os.LookupEnv); err != nil {
			return nil, fmt.Errorf("where does the node listen? give --api_addr: %w", err)
		}
	}
	host, port, err := net.SplitHostPort(config.Bytom.ApiAddress)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || port == "" { // Of the flag: what the environment or the file has is checked.
		return nil, usage(fmt.Errorf("--api_addr: value %q: expected host:port", redact.URL(config.Bytom.ApiAddress)))
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1" // It listens everywhere, here too.
	}
	user, err := credentials(cmd, config, host)
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: "http", User: user, Host: net.JoinHostPort(host, port)}, nil
}

// givenURL is a node's URL; what lets the command in may stand in it.
func givenURL(cmd *cobra.Command, config *node.Config, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usage(fmt.Errorf("--api_addr: value %q: expected host:port or http://NAME:SECRET@host:port", redact.URL(text)))
	}
	if u.User == nil {
		u.User, err = credentials(cmd, config, u.Hostname())
	}
	return u, err
}

// askHome is ask of the node of a configuration's home.
func askHome(cmd *cobra.Command, config *node.Config, route string, in, out any) error {
	base, err := nodeOfHome(cmd, config)
	if err != nil {
		return err
	}
	return ask(cmd.Context(), base, route, in, out)
}

// nodeOfHome is the URL of the node of a configuration's home. Where another node answers at
// its address, it is as if none did, unless nobody has named the home, or somebody the
// address: then it is said whose answer it is.
func nodeOfHome(cmd *cobra.Command, config *node.Config) (*url.URL, error) {
	base, err := nodeURL(cmd, config)
	if err != nil {
		return nil, err
	}
	home := config.Home(os.LookupEnv)
	var info node.HomeInfo
	err = ask(cmd.Context(), base, node.HomeRoute, nil, &info)
	switch {
	case errors.Is(err, errNodeAway):
		return nil, fmt.Errorf("%w (home %s; --home and --api_addr ask another)", err, home)
	case err != nil || info.Home == "" || info.Is(home):
		// It is the one, or an older one, which can't say.
	case cmd.Flags().Changed("api_addr") || !isNamed(cmd):
		fmt.Fprintf(cmd.ErrOrStderr(), "the node at %s, of %s, has the home %s\n", plainURL(base), info.Network, info.Home)
	default:
		return nil, fmt.Errorf("%w for %s: the one at %s is of %s; --home %s or --api_addr asks that", errNodeAway, home, plainURL(base), info.Home, info.Home)
	}
	return base, nil
}

// plainURL is a node's URL without what lets one in.
func plainURL(base *url.URL) string { return base.Scheme + "://" + base.Host }

// isNamed reports whether somebody has named the home.
func isNamed(cmd *cobra.Command) bool {
	_, ok := os.LookupEnv("TMHOME")
	return ok || cmd.Flags().Changed("home")
}

// unread is why neither a node has answered nor a file of its home could be read.
func unread(away error, what string, err error) error {
	if away == nil {
		return err
	}
	return fmt.Errorf("%w; its %s can't be read either: %w", away, what, err)
}

// ask posts in to a route of a node, and reads the answer's data into out.
func ask(ctx context.Context, base *url.URL, route string, in, out any) error {
	return call(ctx, base, func(ctx context.Context, c *client.Client) error { return c.Call(ctx, route, in, out) })
}

// get reads what a route of a node answers into out.
func get(ctx context.Context, base *url.URL, route string, out any) error {
	return call(ctx, base, func(ctx context.Context, c *client.Client) error { return c.Get(ctx, route, nil, out) })
}

// call makes a call of a node, and says what to do about its errors.
func call(ctx context.Context, base *url.URL, do func(context.Context, *client.Client) error) error {
	return callWithin(ctx, 30*time.Second, base, do)
}

// callWithin is call for one that takes its time.
func callWithin(ctx context.Context, limit time.Duration, base *url.URL, do func(context.Context, *client.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, err := client.New(base.String(), nil)
	if err != nil {
		return err
	}
	err = do(ctx, c)
	if away := (*url.Error)(nil); errors.As(err, &away) {
		return fmt.Errorf("%w: %w", errNodeAway, err)
	}
	if err != nil {
		return fmt.Errorf("%s%w%s", plainURL(base), err, unauthorised(err))
	}
	return nil
}

// unauthorised says what to do about a missing token.
func unauthorised(err error) string {
	if refused := (*client.Error)(nil); errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return "; give --token NAME:SECRET, which 'bytom-solo token create' makes on the node's machine, or there the node's own --home"
	}
	return ""
}
