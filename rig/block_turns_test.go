package rig

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
)

// slowNode takes its time over everything, and one block for each header that it gives.
// The tip stays: its chain is turned back at once.
type slowNode struct {
	mu       sync.Mutex
	accepted uint64 // is the header's timestamp
	refuse   int    // so many submits of each header
	refused  int
	rivals   int // blocks that came after one was accepted
	calls    int // submits under way
	most     int
}

func (n *slowNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	wait := func() {
		n.mu.Unlock()
		time.Sleep(20 * time.Millisecond)
		n.mu.Lock()
	}
	if r.URL.Path == "/get-work" {
		h := types.BlockHeader{Version: 1, Height: 7, Bits: someMeet, Timestamp: n.accepted}
		wait() // The answer may be old when it arrives.
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": wire.Work{BlockHeader: &h, Seed: &bc.Hash{V0: 1}}})
		return
	}
	var request wire.SubmitWork
	var submitted types.BlockHeader
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		panic(err)
	}
	if err := submitted.UnmarshalText([]byte(*request.BlockHeader)); err != nil {
		panic(err)
	}
	n.calls++
	n.most = max(n.most, n.calls)
	wait()
	n.calls--
	switch {
	case submitted.Timestamp != n.accepted:
		n.rivals++
	case n.refused < n.refuse:
		n.refused++
	default:
		n.accepted++
		n.refused = 0
		fmt.Fprint(w, `{"status":"success","data":true}`)
		return
	}
	fmt.Fprint(w, `{"status":"fail","error_detail":"no","data":{"reason":"stale-work","debug":"no"}}`)
}

// TestOwnBlocksAreNoRivals has workers find several blocks while the first is on its
// way: the node sees no second one that it can't take, nor two at a time, and gets the
// next at once where it refuses one.
func TestOwnBlocksAreNoRivals(t *testing.T) {
	for _, refuse := range []int{0, 2} {
		n := &slowNode{refuse: refuse}
		r, log := fakeRig(t, n, false, &recorder{hashed: make(map[[32]byte]int)})
		during(t, r, func() error {
			n.mu.Lock()
			defer n.mu.Unlock()
			if n.accepted < 5 {
				return fmt.Errorf("%d blocks were accepted", n.accepted)
			}
			return nil
		})
		if n.rivals > 0 || n.most > 1 {
			t.Errorf("%d blocks came after another was accepted, up to %d at a time:\n%s", n.rivals, n.most, log)
		}
		if got := strings.Count(log.String(), "solution rejected"); got < 4*refuse {
			t.Errorf("%d rejections in the log, expected %d for each block:\n%s", got, refuse, log)
		}
	}
}

// TestRivalsAreBounded has a node that does not answer, and finds on two tips.
func TestRivalsAreBounded(t *testing.T) {
	var r blockTurns
	works := [2]*work{}
	for i := range works {
		works[i] = &work{header: types.BlockHeader{PreviousBlockHash: bc.NewHash([32]byte{byte(i)})}, asked: time.Now()}
	}
	answer, sent := make(chan struct{}), make(chan bool, 100)
	for range 20 {
		for _, w := range works {
			go func() {
				sent <- r.submit(t.Context(), w, func() Outcome {
					<-answer
					return Accepted
				})
			}()
		}
	}
	for i := range 2 * (20 - waitingMost) {
		if <-sent {
			t.Fatalf("solution %d was submitted", i)
		}
	}
	close(answer)
	count := 0
	for range 2 * waitingMost {
		if <-sent {
			count++
		}
	}
	if count != 2 {
		t.Errorf("%d blocks of two tips were submitted", count)
	}
	for i := range 2 * turnsMost {
		r.lost(&work{header: types.BlockHeader{PreviousBlockHash: bc.NewHash([32]byte{1, byte(i)})}})
	}
	if len(r.turns) != turnsMost {
		t.Errorf("%d tips are kept", len(r.turns))
	}
}

// TestRivalsGoOn has a node refuse many blocks of one tip, one after the other.
func TestRivalsGoOn(t *testing.T) {
	var r blockTurns
	w := &work{asked: time.Now()}
	for i := range 3 * waitingMost {
		if !r.submit(t.Context(), w, func() Outcome { return Stale }) {
			t.Fatalf("block %d was not submitted", i)
		}
	}
}
