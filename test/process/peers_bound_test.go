package process

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestMutePeersAreBounded opens many connections to the port for peers and says nothing: the node
// takes few of them at a time, whatever it costs them, and ends each when its handshake has had its
// time.
func TestMutePeersAreBounded(t *testing.T) {
	n := testnet.Start(t, testnet.NodeOptions{Args: []string{"--p2p.handshake_timeout", "1"}})
	files, routines := figureOf(t, n, "process_open_fds"), figureOf(t, n, "go_goroutines")
	const mute = 200
	ended := make(chan time.Duration, mute)
	for range mute {
		c, err := net.DialTimeout("tcp", net.JoinHostPort(n.IP, strconv.Itoa(n.Port)), 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		go func() {
			began := time.Now()
			_, _ = io.Copy(io.Discard, c)
			ended <- time.Since(began)
		}()
	}
	<-ended // One has had its time, and so they are all there.
	more, moreRoutines := figureOf(t, n, "process_open_fds")-files, figureOf(t, n, "go_goroutines")-routines
	t.Logf("%d mute connections: %v open files and %v goroutines more", mute, more, moreRoutines)
	// Ten that wait, one before and one in its handshake, and the connections that ask for this.
	if more > 20 || moreRoutines > 40 {
		t.Errorf("%d mute connections take %v open files and %v goroutines, expected 20 and 40 at the most", mute, more, moreRoutines)
	}
}

// figureOf is a metric of a node.
func figureOf(t *testing.T, n *testnet.Node, name string) float64 {
	t.Helper()
	var value float64
	testnet.Wait(t, 10*time.Second, func() error {
		answer, err := http.Get(n.URL + "/metrics")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		m := regexp.MustCompile(`(?m)^` + name + ` (.*)$`).FindSubmatch(text)
		if err != nil || m == nil {
			return fmt.Errorf("no %s: %w", name, err)
		}
		value, err = strconv.ParseFloat(string(m[1]), 64)
		return err
	})
	return value
}
