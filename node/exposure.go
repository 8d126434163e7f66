package node

import (
	"net"
	"strings"
)

// exposure are sentences about what other machines can do with a node of a configuration
// that its operator may not have meant: warnings, and what is good to know. Stratum is not
// among them: a stranger's rig without a password works for whom this node pays.
func (c *Config) exposure() (warnings, notes []string) {
	b := c.Bytom
	if who := reachedBy(b.ApiAddress); who != "" {
		if b.Auth.Disable {
			can := []string{"switch mining on and off and submit blocks", "connect and disconnect peers", "make access tokens that outlive this setting"}
			if c.Mining.Address == "" || c.Mining.AddressOverRPC {
				can = append([]string{"change whom found blocks pay"}, can...)
			}
			if !b.Wallet.Disable {
				can = append([]string{"read the wallet, delete its accounts, try the passwords of its keys and spend by them"}, can...)
			}
			warnings = append(warnings, who+" can use the RPC without an access token, since auth.disable is set: "+strings.Join(can, "; "))
		} else {
			notes = append(notes, who+" can use the RPC with an access token, which crosses the network in the clear: outside of a network that you trust, put a proxy with TLS before it")
		}
	}
	if who := reachedBy(b.ProfListenAddress); who != "" {
		warnings = append(warnings, who+" can read the process's memory and command line, and slow it down, by the profiles of prof_laddr, which ask for no token")
	}
	if who := reachedBy(c.Fleet.Engine.Listen); who != "" && c.Fleet.Engine.URL == embeddedEngine && c.Fleet.Engine.Token == "" {
		warnings = append(warnings, who+" can read, replay and hold up the messages between this node and its fronts, since engine.token is not set: "+
			"give --engine.token, and fronts the same in their --engine nats://TOKEN@host:port")
	}
	return warnings, notes
}

// reachedBy says who can connect to an address that is listened on; empty is this machine
// alone, or nobody.
func reachedBy(listen string) string {
	host, _, err := net.SplitHostPort(listen)
	if err != nil || host == "localhost" || net.ParseIP(host).IsLoopback() {
		return ""
	}
	return "everybody who reaches " + listen
}

// logExposure logs them.
func (n *Node) logExposure() {
	warnings, notes := n.config.exposure()
	for _, text := range warnings {
		n.log.Warn(text)
	}
	for _, text := range notes {
		n.log.Info(text)
	}
}
