package chain

import (
	"fmt"
	"time"
)

// slowAfter is how long a peer may be waited for in all that sends less than a block a second, where another one is
// ahead too. A good one sends a hundred times that, and the block keeper gets five a second.
const slowAfter = time.Minute

// pace is how fast a peer answers.
type pace struct {
	waited time.Duration
	blocks int
}

// await waits for an answer.
func (p *pace) await(next <-chan bulkAnswer) bulkAnswer {
	asked := time.Now()
	answer := <-next
	p.waited += time.Since(asked)
	p.blocks += len(answer.blocks)
	return answer
}

// yields is an error where the peer is too slow, and another one would have its turn.
func (s *BulkSync) yields(p *bulkPeer, at pace) error {
	if at.waited < s.slowAfter || float64(at.blocks) >= at.waited.Seconds() {
		return nil
	}
	height := s.chain.BestBlockHeight()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.peers {
		if other.peer != p.peer && other.isAhead(height) {
			return fmt.Errorf("%d blocks in %v, where another peer is ahead too", at.blocks, at.waited.Round(time.Second))
		}
	}
	return nil
}

// isAhead reports whether a peer is far enough ahead, and has not just failed. The caller holds mu.
func (p *bulkPeer) isAhead(height uint64) bool {
	return p.height > height+bulkMinLead && time.Since(p.failed) > bulkRetryAfter
}
