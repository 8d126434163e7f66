package stratum

import (
	"slices"
	"strconv"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// sentJob is a job as it was sent to a rig. It is immutable. There are many for each rig, of
// which few have a share, so it is what it takes to cut the job again.
type sentJob struct {
	id         uint64
	template   *mining.Template // nil for a known-answer job
	extranonce uint64
	timestamp  uint64
	start      uint64 // the nonce
	// target is what its shares are judged by, whatever later jobs have.
	target wire.Target
}

func (j *sentJob) tip() bc.Hash { return j.template.Tip.Hash }

// cut is the job with its header; nil for a known-answer job.
func (j *sentJob) cut() *mining.Job {
	if j.template == nil {
		return nil
	}
	return mining.NewJob(j.template, j.extranonce)
}

// work is what a share of it is worth, as mining.Target.Work counts it.
func (j *sentJob) work() uint64 { return j.target.Full().Work(j.template.Target) }

// wire is the job for the rig.
func (j *sentJob) wire() *wire.Job {
	if j.template == nil {
		known := wire.KnownAnswer()
		known.ID = strconv.FormatUint(j.id, 10)
		return &known
	}
	root := j.cut().Root()
	w := j.wireWithoutRoot()
	w.TransactionsMerkleRoot = root.Byte32()
	return w
}

// wireWithoutRoot is the job for the rig but for its root.
func (j *sentJob) wireWithoutRoot() *wire.Job {
	t := j.template
	return &wire.Job{
		Version: 1, Height: t.Height, PreviousBlockHash: t.Tip.Hash.Byte32(), Timestamp: j.timestamp,
		TransactionStatusHash: t.StatusRoot.Byte32(), Nonce: j.start, Bits: t.Tip.Bits,
		ID: strconv.FormatUint(j.id, 10), Seed: t.Tip.Seed.Byte32(), Target: j.target,
	}
}

// mostJobs bounds the jobs that a session's shares may be of: at a job in 45 s they
// are those of 48 minutes.
const mostJobs = 64

// mostTips bounds the tips that a session's jobs may be on. Several blocks can come while
// a share is on its way: where one follows another at once, on a solonet or after a
// partition.
const mostTips = 5

// jobTable has the jobs of a session on the tip and on those before it, so that a late
// share is refused as stale, not as unknown: it is no fault of the rig's.
type jobTable struct {
	jobs []sentJob // in the order of their ids
}

// add takes a new job, and forgets the oldest that are of no more use, and those of a tip
// that has come back: which of their shares were there before is forgotten too.
func (t *jobTable) add(j sentJob) {
	if len(t.jobs) > 0 && t.last().tip() != j.tip() {
		t.jobs = slices.DeleteFunc(t.jobs, func(old sentJob) bool { return old.tip() == j.tip() })
		t.jobs = slices.Delete(t.jobs, 0, t.firstOf(mostTips-1))
	}
	if len(t.jobs) >= mostJobs {
		t.jobs = slices.Delete(t.jobs, 0, 1)
	}
	t.jobs = append(t.jobs, j)
}

// firstOf is the index of the oldest job on the latest so many tips.
func (t *jobTable) firstOf(tips int) int {
	for i := len(t.jobs) - 1; i > 0; i-- {
		if t.jobs[i-1].tip() == t.jobs[i].tip() {
			continue
		}
		if tips--; tips == 0 {
			return i
		}
	}
	return 0
}

// last is the newest job; there must be one.
func (t *jobTable) last() *sentJob { return &t.jobs[len(t.jobs)-1] }

// find is the job of an id.
func (t *jobTable) find(id uint64) (sentJob, bool) {
	i, ok := slices.BinarySearchFunc(t.jobs, id, func(j sentJob, id uint64) int {
		return int(j.id) - int(id)
	})
	if !ok {
		return sentJob{}, false
	}
	return t.jobs[i], true
}
