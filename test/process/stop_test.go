package process_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestStopsInTimeWhateverHangs stops a node that mines while nobody around it answers or
// reads: a webhook, an extra node, a longpoll, a rig, a peer, a browser. It ends within
// five seconds, and has logged no secret.
func TestStopsInTimeWhateverHangs(t *testing.T) {
	r := harness.NewSolver(t)
	stuck := make(chan struct{})
	asked := make(chan string, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- r.URL.Path:
		default:
		}
		<-stuck
	}))
	defer s.Close()
	defer close(stuck)
	host := strings.TrimPrefix(s.URL, "http://")
	rigs := fmt.Sprint("127.0.0.1:", testnet.FreePort(t, "127.0.0.1"))
	args := append([]string{"--mining", "--log_level", "debug", "--stratum.listen", rigs,
		"--notify.webhook", "http://me:s3cret@" + host + "/hook/s3cret?token=s3cret#s3cret",
		"--mining.extra-nodes", "http://me:s3cret@" + host}, r.Pace(40*time.Millisecond)...)
	n := testnet.Start(t, testnet.NodeOptions{Args: args})
	for _, c := range []struct{ address, say string }{
		{rigs, `{"id":1,"method":"login","params":{"login":"a.b","pass":"","agent":"x"}}` + "\n"},
		{fmt.Sprint(n.IP, ":", n.Port), "x"},
		{strings.TrimPrefix(n.URL, "http://"), "POST /get-block-template HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"},
	} {
		conn, err := net.Dial("tcp", c.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte(c.say)); err != nil {
			t.Fatal(err)
		}
		if c.address == rigs {
			if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
	}
	longpoll(t, n)
	n.WaitHeight(5, r.Limit(5))
	for seen := map[string]bool{}; len(seen) < 2; {
		select {
		case path := <-asked:
			seen[path] = true
		case <-time.After(time.Minute):
			t.Fatalf("asked for %v alone", seen)
		}
	}
	if took := n.Stop(); took > 5*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	told := 0
	for line := range strings.Lines(n.Log()) {
		if strings.Contains(line, "s3cret") {
			t.Errorf("a secret is told: %s", line)
		}
		if strings.Contains(line, "level=WARN") && strings.Contains(line, "notifications are lost") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("that the webhook does not take notifications is told %d times at the end, expected once", told)
	}
}

// longpoll has a call wait for the next template.
func longpoll(t *testing.T, n *testnet.Node) {
	t.Helper()
	var template struct {
		ID string `json:"longpollid"`
	}
	testnet.Wait(t, time.Minute, func() error { return n.Call("/get-block-template", nil, &template) })
	go func() { _ = n.Call("/get-block-template", map[string]string{"longpollid": template.ID}, nil) }()
}
