package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/node"
)

// tokenEnv is the environment's --token.
const tokenEnv = "TM_TOKEN"

// registerToken adds the flag by which a command is let in.
func registerToken(cmd *cobra.Command) {
	cmd.Flags().String("token", "", "access token of the node, NAME:SECRET; the environment's "+tokenEnv+" keeps it out of the list of processes. On the node's machine the home directory lets its owner in")
}

// credentials are what lets a command in at a node: the token that was given, or else, if
// the node is on this machine, the cookie of the home directory. nil is none.
func credentials(cmd *cobra.Command, config *node.Config, host string) (*url.Userinfo, error) {
	token, from := "", "--token"
	if flag := cmd.Flags().Lookup("token"); flag != nil {
		token = flag.Value.String()
	}
	if token == "" {
		token, from = os.Getenv(tokenEnv), "environment "+tokenEnv
	}
	if token != "" {
		name, secret, ok := strings.Cut(token, ":")
		if !ok || name == "" || secret == "" {
			return nil, usage(fmt.Errorf("%s: expected NAME:SECRET, as 'bytom-solo token create' prints it", from)) // It may be a secret.
		}
		return url.UserPassword(name, secret), nil
	}
	if !isHere(host) {
		return nil, nil // Others are not to learn what lets them in here.
	}
	home := *config.Bytom
	home.RootDir = config.Home(os.LookupEnv)
	name, secret, err := node.ReadCookie((&node.Config{Bytom: &home}).CookiePath())
	if err != nil {
		return nil, nil // Loopback needs none, and elsewhere the node says so.
	}
	return url.UserPassword(name, secret), nil
}

// isHere reports whether a host is this machine alone.
func isHere(host string) bool {
	found, err := net.LookupIP(host)
	if err != nil || len(found) == 0 {
		return false
	}
	var own []netip.Addr
	all, _ := net.InterfaceAddrs() // Without them there is loopback.
	for _, a := range all {
		if network, ok := a.(*net.IPNet); ok {
			address, _ := netip.AddrFromSlice(network.IP)
			own = append(own, address.Unmap())
		}
	}
	return !slices.ContainsFunc(found, func(ip net.IP) bool {
		address, _ := netip.AddrFromSlice(ip)
		return !ip.IsLoopback() && !slices.Contains(own, address.Unmap())
	})
}
