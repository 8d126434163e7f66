package node

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
)

// TestAStopOnAFullDiskEnds has the chain wait for room, and wait still when the node is stopped, which has a found block that the
// journal does not take either: all else comes to its end, and the block is in the log.
func TestAStopOnAFullDiskEnds(t *testing.T) {
	config := soloConfig(home(t))
	useNetwork("solonet")
	config.Mining.Address = addressOf(t, 9)
	n, err := openWholeNode(t, config)
	if err != nil {
		t.Fatal(err)
	}
	room := make(chan struct{})
	n.disk.pause = time.Millisecond
	n.gate = chain.NewGate(n.bytom.chain, n.verifier, func() { n.waitFor(room) }, n.Node.log)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	for !strings.Contains(n.log.String(), "node is up") {
		time.Sleep(10 * time.Millisecond)
	}
	if err := n.journal.Close(); err != nil { // Each write fails from here on.
		t.Fatal(err)
	}
	if _, err := n.solonet.mine(t.Context(), mining.Request{}); err != nil {
		t.Fatal(err)
	}
	next, brought := n.nextBlock(t), make(chan error, 1)
	go func() { _, err := n.gate.Process(context.Background(), next); brought <- err }()
	for n.disk.ready() == nil {
		time.Sleep(time.Millisecond)
	}
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(3 * stopLimit):
		t.Errorf("the node has not ended after %v", 3*stopLimit)
	}
	if !strings.Contains(n.log.String(), "raw_block=") {
		t.Error("the log lacks the block that the journal did not take")
	}
	close(room)
	if err := <-brought; err != nil {
		t.Error(err)
	}
}

// waitFor writes to a disk that is full until room is closed.
func (n *wholeNode) waitFor(room <-chan struct{}) {
	_ = n.disk.write(func() error {
		select {
		case <-room:
			return nil
		default:
			return &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
		}
	})
}

// nextBlock is one with a proof that nobody has brought to the chain.
func (n *wholeNode) nextBlock(t *testing.T) *types.Block {
	t.Helper()
	template, err := n.generator.Make(t.Context(), mining.Request{})
	if err != nil {
		t.Fatal(err)
	}
	solution, err := n.solonet.solve(t.Context(), mining.NewJob(template, 0), true)
	if err != nil {
		t.Fatal(err)
	}
	block, err := solution.Job.Block(solution.Timestamp, solution.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	return block
}
