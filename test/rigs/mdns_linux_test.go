package rigs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grandcat/zeroconf"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// twoHosts makes two network namespaces, with two cables between them: hosts that see
// each other and nothing else. The first host has 10.77.0.1 and 10.78.0.1, the second .2.
func twoHosts(t *testing.T) (one, other string) {
	t.Helper()
	one, other = fmt.Sprintf("solo-a-%d", os.Getpid()), fmt.Sprintf("solo-b-%d", os.Getpid())
	for _, host := range []string{one, other} {
		if out, err := exec.Command("ip", "netns", "add", host).CombinedOutput(); err != nil {
			t.Skipf("no network namespaces here, which takes iproute2 and root: %v: %s", err, out)
		}
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", host).Run() })
	}
	steps := []string{}
	for cable := range 2 {
		steps = append(steps, fmt.Sprintf("link add c%d netns %s type veth peer name c%d netns %s", cable, one, cable, other))
		for i, host := range []string{one, other} {
			steps = append(steps, fmt.Sprintf("-n %s addr add 10.%d.0.%d/24 dev c%d", host, 77+cable, 1+i, cable),
				fmt.Sprintf("-n %s link set c%d up", host, cable))
		}
	}
	for i, host := range []string{one, other} {
		steps = append(steps, fmt.Sprintf("-n %s link set lo up", host), fmt.Sprintf("-n %s route add default via 10.77.0.%d", host, 2-i))
	}
	for _, step := range steps {
		if out, err := exec.Command("ip", strings.Fields(step)...).CombinedOutput(); err != nil {
			t.Skipf("no cable between two network namespaces: ip %s: %v: %s", step, err, out)
		}
	}
	return one, other
}

// TestRigPortIsFound looks a node's announcement up from another host: at all addresses
// that it listens on, and no others. When the node stops, it is gone.
func TestRigPortIsFound(t *testing.T) {
	const child = "BYTOM_SOLO_TEST_BROWSE"
	if os.Getenv(child) != "" {
		browse()
		return
	}
	one, other := twoHosts(t)
	look := func() string {
		cmd := exec.CommandContext(t.Context(), "ip", "netns", "exec", other, os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), child+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		found, _, _ := strings.Cut(string(out), "\n")
		return found
	}
	for _, each := range []struct{ listen, want string }{
		{"0.0.0.0:9119", "port 9119 at [10.77.0.1 10.78.0.1]: [network=solonet tls=0]"},
		{"10.78.0.1:9120", "port 9120 at [10.78.0.1]: [network=solonet tls=0]"},
	} {
		if each.listen == "0.0.0.0:9119" && !computetest.Long() {
			continue // The other one needs all that this one does.
		}
		cmd := exec.Command("ip", "netns", "exec", one, testnet.Solo(t), "node", "--home", t.TempDir(), "--chain_id", "solonet",
			"--stratum.listen", each.listen, "--stratum.mdns", "--web.closed", "--p2p.laddr", "tcp://127.0.0.1:0")
		var log bytes.Buffer
		cmd.Stdout, cmd.Stderr = &log, &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		testnet.Wait(t, time.Minute, func() error {
			if found := look(); found != each.want {
				return fmt.Errorf("found %q, expected %q", found, each.want)
			}
			return nil
		})
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			t.Errorf("%v\n%s", err, &log)
		}
		if found := look(); found != "nothing" {
			t.Errorf("after its end: %q", found)
		}
	}
}

// browse prints what is announced on this host's networks.
func browse() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	entries := make(chan *zeroconf.ServiceEntry)
	resolver, err := zeroconf.NewResolver(zeroconf.SelectIPTraffic(zeroconf.IPv4))
	if err == nil {
		err = resolver.Browse(ctx, "_bytom-stratum._tcp", "local.", entries)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	e, ok := <-entries // or it is closed, when ctx ends
	if !ok {
		fmt.Println("nothing")
		return
	}
	var ips []string
	for _, ip := range e.AddrIPv4 {
		ips = append(ips, ip.String())
	}
	slices.Sort(ips)
	slices.Sort(e.Text)
	fmt.Printf("port %d at %v: %v\n", e.Port, ips, e.Text)
}
