package stratum

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// handoutsOf is the name under which mining.Handouts store this package's jobs.
const handoutsOf = "stratum"

// handoutNote is what is kept of a job beside its template and extranonce, so that it is known
// after a restart.
type handoutNote struct {
	Timestamp uint64      `json:"timestamp"`
	Start     uint64      `json:"start"`
	Target    wire.Target `json:"target"`
}

// keepOverRestart stores jobs, so that the node's next run knows them.
func (s *Server) keepOverRestart(jobs ...sentJob) {
	if s.cfg.Handouts == nil {
		return
	}
	works := make([]mining.Handout, 0, len(jobs))
	for i := range jobs {
		j := &jobs[i]
		works = append(works, mining.Handout{
			By: handoutsOf, Key: strconv.FormatUint(j.id, 10), Template: j.template, Extranonce: j.extranonce,
			Note: handoutNote{j.timestamp, j.start, j.target},
		})
	}
	s.cfg.Handouts.Keep(works...)
}

// findHandout returns a job of the last run.
func findHandout(h *mining.Handouts, id uint64) (sentJob, bool) {
	former, ok := h.Find(handoutsOf, strconv.FormatUint(id, 10))
	var note handoutNote
	if !ok || json.Unmarshal(former.Note, &note) != nil {
		return sentJob{}, false
	}
	return sentJob{
		id: id, template: former.Template, extranonce: former.Extranonce, timestamp: note.Timestamp, start: note.Start, target: note.Target,
	}, true
}

// standingOf is what a job of a session that is over is worth.
func (s *Server) standingOf(j sentJob) standing {
	if s.stale(j.template) {
		return jobStale
	}
	return jobFormer
}

const (
	// mostIDs is how far a run's ids may go on from their first before they could meet those
	// of a later one.
	mostIDs = 1 << 24
	// unkept is more jobs than can have been sent and not written down.
	unkept = 1 << 16
)

// firstJobID is what the ids of jobs begin behind. Those of an earlier run are unknown to
// this one, or the very jobs that it handed out, not somebody else's. They stay below 2^31,
// as nobody knows what rigs keep them in.
func firstJobID(now time.Time, h *mining.Handouts) uint64 {
	first, last := uint64(now.Unix())%(1<<20)<<10, uint64(0)
	for _, key := range h.Keys(handoutsOf) {
		if id, err := strconv.ParseUint(key, 10, 64); err == nil && id > first && id < first+mostIDs {
			last = max(last, id)
		}
	}
	if last > 0 {
		return (last + unkept) % (1 << 30)
	}
	return first
}

// mostFormer bounds the jobs of sessions that are over: of 400 at a job in 45 s for
// half an hour, less if more rigs come and go.
const mostFormer = 16384

// formerJobs are the jobs of sessions that are over: a rig that lost its connection may
// find a block all the same, and bring it when it is back.
type formerJobs struct {
	byID  map[uint64]sentJob
	order []uint64
}

func (f *formerJobs) add(jobs []sentJob) {
	if f.byID == nil {
		f.byID = make(map[uint64]sentJob)
	}
	for _, j := range jobs {
		for len(f.order) > 0 && (len(f.order) >= mostFormer || f.byID[f.order[0]].template.Height+mostTips < j.template.Height) {
			delete(f.byID, f.order[0])
			f.order = f.order[1:]
		}
		f.byID[j.id] = j
		f.order = append(f.order, j.id)
	}
}

// formerJob is a job of a session that is over, of this run of the node or the last.
func (s *Server) formerJob(id uint64) (sentJob, bool) {
	s.mu.Lock()
	j, ok := s.former.byID[id]
	s.mu.Unlock()
	if !ok {
		return findHandout(s.cfg.Handouts, id)
	}
	return j, ok
}

// jobOfAnother is a job of another session of the rig's: its connection may be gone, which a rig that is
// back knows before this end does.
func (s *session) jobOfAnother(id uint64) (job sentJob, ok bool) {
	for _, other := range s.server.rigs.others(s, s.rig) {
		other.mu.Lock()
		job, ok = other.jobs.find(id)
		other.mu.Unlock()
		if ok {
			return job, true
		}
	}
	return sentJob{}, false
}

// remember stores the jobs of a session that ends, for its rig's next one.
func (s *Server) remember(jobs []sentJob) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.former.add(jobs)
}
