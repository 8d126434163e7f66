package gbt

import (
	"encoding/json"
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
	// asked is the payee and the tag that the client asked for.
	asked string
}

// templateWorks are those that were handed out, by workid. It is safe for concurrent use.
type templateWorks struct {
	run      string // so that a workid of an earlier run is not taken for another
	serial   atomic.Uint64
	handouts *mining.Handouts
	issuedWork[string, *templateWork]
}

func newTemplateWorks(limit int, handouts *mining.Handouts) *templateWorks {
	return &templateWorks{run: fmt.Sprintf("%08x", rand.Uint32()), handouts: handouts, issuedWork: issuedWork[string, *templateWork]{limit: limit}}
}

// make issues a job, which has its extranonce lease to itself, as a piece of work. Past the
// limit it issues work again that other clients got who asked for the same.
func (s *templateWorks) make(job *mining.Job, size int, asked string) (*templateWork, error) {
	w := &templateWork{id: s.run + strconv.FormatUint(s.serial.Add(1), 16), job: job, size: size, asked: asked}
	given, ok := s.issue(job.Template.Tip.Hash, w.id, w, func(old *templateWork) bool {
		return old.asked == asked && old.size == size && old.job.Template.SamePayee(job.Template)
	})
	if !ok {
		return nil, tooMany(s.limit)
	}
	if given == w && s.handouts != nil {
		s.handouts.Keep(mining.Handout{By: templatesOf, Key: w.id, Template: job.Template, Extranonce: job.Extranonce, Note: templateNote{size}})
	}
	return given, nil
}

// templateNote is what is kept of a template over a restart beside its job.
type templateNote struct {
	Size int `json:"size"`
}

// find is the work of a workid, of this run of the node or the last.
func (s *templateWorks) find(id string) (*templateWork, bool) {
	if w, ok := s.issuedWork.find(id); ok {
		return w, true
	}
	former, ok := s.handouts.Find(templatesOf, id)
	var note templateNote
	if !ok || json.Unmarshal(former.Note, &note) != nil || note.Size < 1 || note.Size > rollSize {
		return nil, false
	}
	return &templateWork{id: id, job: former.Job(), size: note.Size}, true
}
