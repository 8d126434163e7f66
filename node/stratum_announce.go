package node

import (
	"cmp"
	"net"
	"os"

	"github.com/grandcat/zeroconf"
)

// rigService is the service type of the rigs' port.
const rigService = "_bytom-stratum._tcp"

// announceRigPort makes the rigs' port known on the LAN. It returns what ends that.
func (n *Node) announceRigPort() (stop func()) {
	address, ok := n.rigPort.Addr().(*net.TCPAddr)
	if !ok || address.IP.IsLoopback() {
		n.log.Warn("rigs' port not announced: nobody on the LAN can reach it", "address", n.rigPort.Addr().String())
		return func() {}
	}
	host, _ := os.Hostname() // Without one, it is announced as any other.
	name := "bytom-solo on " + cmp.Or(n.config.Bytom.NodeAlias, host, "this machine")
	text := []string{"network=" + n.config.Bytom.ChainID, "tls=" + map[bool]string{true: "1", false: "0"}[n.config.Stratum.TLSCert != ""]}
	server, err := zeroconf.Register(name, rigService, "local.", address.Port, text, nil)
	if err != nil {
		n.log.Warn("rigs' port not announced on the LAN", "error", err)
		return func() {}
	}
	n.log.Info("rigs' port announced on the LAN", "service", rigService, "name", name)
	return server.Shutdown
}
