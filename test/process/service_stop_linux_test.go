package process_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestServiceStopsWithASolutionUnderWay stops a service just as it sends a block that it found
// to another node, which takes a second to answer. All that it found has arrived there when
// it ends, within five seconds.
func TestServiceStopsWithASolutionUnderWay(t *testing.T) {
	m := newManager(t)
	r := harness.NewSolver(t)
	var mu sync.Mutex
	arrived, slow := make(map[string]bool), false
	under := make(chan struct{}, 1)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var call struct {
			Block types.Block `json:"raw_block"`
		}
		if err := json.NewDecoder(req.Body).Decode(&call); err != nil {
			t.Error(err)
		}
		mu.Lock()
		wait := slow
		mu.Unlock()
		if wait {
			select {
			case under <- struct{}{}:
			default:
			}
			time.Sleep(time.Second)
		}
		if _, err := io.WriteString(w, `{"status":"success"}`); err == nil && req.Context().Err() == nil {
			mu.Lock()
			defer mu.Unlock()
			id := call.Block.Hash()
			arrived[id.String()] = true
		}
	}))
	defer other.Close()
	home := t.TempDir()
	args := append([]string{"--mining", "--mining.extra-nodes", other.URL}, r.Pace(50*time.Millisecond)...)
	n := startDetached(t, harness.SolonetArgs(home, args...)...)
	harness.WaitGrowth(t, n.Client(), 3)
	mu.Lock()
	slow = true
	mu.Unlock()
	select {
	case <-under:
	case <-time.After(time.Minute):
		t.Fatal("no block is found any more")
	}
	start := time.Now()
	n.Signal(syscall.SIGTERM)
	if code := n.End(); code != 0 || time.Since(start) > 5*time.Second {
		t.Errorf("exit code %d after %v", code, time.Since(start))
	}
	m.await(t, `^STOPPING=1\n`)
	out, err := harness.Execute(t, testnet.Solo(t), "journal", "--home", home, "--json")
	var found []node.FoundBlock
	if err == nil {
		err = json.Unmarshal([]byte(out), &found)
	}
	if err != nil || len(found) < 3 {
		t.Fatalf("%d blocks were found: %v\n%s", len(found), err, out)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, b := range found {
		if !arrived[b.Hash] {
			t.Errorf("block %d %s, %s, has not arrived", b.Height, b.Hash, b.State)
		}
	}
}
