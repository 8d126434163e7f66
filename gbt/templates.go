package gbt

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"

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

// templates are those that were handed out, by workid. It is safe for concurrent use.
type templates struct {
	run    string // so that a workid of an earlier run is not taken for another
	serial atomic.Uint64
	handed[string, *templateWork]
}

func newTemplates(limit int) *templates {
	return &templates{run: fmt.Sprintf("%08x", rand.Uint32()), handed: handed[string, *templateWork]{limit: limit}}
}

// make makes a piece of work of a job that has its extranonce lease to itself. Past the
// limit works that were handed out to clients who asked for the same are handed out again.
func (s *templates) make(job *mining.Job, size int, asked string) (*templateWork, error) {
	w := &templateWork{id: s.run + strconv.FormatUint(s.serial.Add(1), 16), job: job, size: size, asked: asked}
	w, ok := s.hand(job.Template.Tip.Hash, w.id, w, func(old *templateWork) bool {
		return old.asked == asked && old.size == size && old.job.Template.SamePayee(job.Template)
	})
	if !ok {
		return nil, tooMany(s.limit)
	}
	return w, nil
}
