package gbt

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// templateWork is a template as it was handed to one client, with a lease of the
// extranonce of its own.
type templateWork struct {
	id  string
	job *mining.Job // its extranonce is the lease's, not rolled
	// size is how many of the extranonce's last bytes the client rolls.
	size int
	// asked tells works apart that clients asked for in different ways.
	asked string
}

// templates remembers what was handed out, so that all of it can be submitted until
// the tip moves, and is told from unknown work for one tip more. It is safe for
// concurrent use.
type templates struct {
	limit int

	mu      sync.Mutex
	run     uint32 // so that a workid of an earlier run is not taken for another
	serial  uint64
	tip     bc.Hash
	current map[string]*templateWork
	former  map[string]*templateWork
	order   []*templateWork
	again   int // which of order is handed out again next
}

func newTemplates(limit int) *templates {
	return &templates{limit: limit, run: rand.Uint32(), current: make(map[string]*templateWork)}
}

// hand makes a piece of work of a template. Past the limit works that were handed out
// to clients who asked for the same are handed out again.
func (s *templates) hand(t *mining.Template, size int, asked string, space *mining.Extranonces) (*templateWork, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Tip.Hash != s.tip {
		s.tip, s.former = t.Tip.Hash, s.current
		s.current, s.order, s.again = make(map[string]*templateWork), nil, 0
	}
	if len(s.order) >= s.limit {
		for range s.order {
			w := s.order[s.again%len(s.order)]
			s.again++
			if w.asked == asked && w.size == size {
				return w, nil
			}
		}
		return nil, fmt.Errorf("%w: %d templates were handed out for this tip, which is the most", mining.ErrNoTemplate, s.limit)
	}
	s.serial++
	w := &templateWork{
		id:  fmt.Sprintf("%08x%x", s.run, s.serial),
		job: mining.NewJob(t, space.Lease().First()), size: size, asked: asked,
	}
	s.current[w.id] = w
	s.order = append(s.order, w)
	return w, nil
}

// find is the work of an id, or nil.
func (s *templates) find(id string) *templateWork {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.current[id]; w != nil {
		return w
	}
	return s.former[id]
}
