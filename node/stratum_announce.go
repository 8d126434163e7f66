package node

import (
	"cmp"
	"fmt"
	"net"
	"os"

	"github.com/grandcat/zeroconf"
)

// rigService is the service type of the rigs' port.
const rigService = "_bytom-stratum._tcp"

// announceRigPort announces the rigs' port on the LAN. It returns what ends that.
func (n *station) announceRigPort() (stop func()) {
	address, ok := n.rigPort.Addr().(*net.TCPAddr)
	if !ok || address.IP.IsLoopback() {
		n.log.Warn("rigs' port not announced: nobody on the LAN can reach it", "address", n.rigPort.Addr().String())
		return func() {}
	}
	host, _ := os.Hostname() // Without one, it is announced as any other.
	name := "bytom-solo on " + cmp.Or(n.config.Bytom.NodeAlias, host, "this machine")
	text := []string{"network=" + n.config.Bytom.ChainID, "tls=" + map[bool]string{true: "1", false: "0"}[n.config.Stratum.TLSCert != ""]}
	server, err := announce(name, host, address, text)
	if err != nil {
		n.log.Warn("rigs' port not announced on the LAN", "error", err)
		return func() {}
	}
	n.log.Info("rigs' port announced on the LAN", "service", rigService, "name", name)
	return server.Shutdown
}

// announce announces a port: at all of this machine's addresses, or at the one that it
// listens on, to the network that this is of.
func announce(name, host string, at *net.TCPAddr, text []string) (*zeroconf.Server, error) {
	if at.IP.IsUnspecified() {
		return zeroconf.Register(name, rigService, "local.", at.Port, text, nil)
	}
	on, err := interfaceOf(at.IP)
	if err != nil {
		return nil, err
	}
	return zeroconf.RegisterProxy(name, rigService, "local.", at.Port, cmp.Or(host, "bytom-solo"), []string{at.IP.String()}, text, []net.Interface{on})
}

// interfaceOf is the network interface that has an address.
func interfaceOf(ip net.IP) (net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return net.Interface{}, err
	}
	for _, each := range all {
		addresses, err := each.Addrs()
		if err != nil {
			continue // It has just gone.
		}
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
				return each, nil
			}
		}
	}
	return net.Interface{}, fmt.Errorf("no network interface has the address %s", ip)
}
