package mining

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestAStopWaitsForNoSlowDisk has many blocks wait for a disk that answers, and takes its time for each, when the time that a stop
// takes is over. As many as it takes in a moment are written down still, and the others are in the log.
func TestAStopWaitsForNoSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
		var slow atomic.Int32
		j.Watch(func(Fate, []Event) { slow.Add(1); time.Sleep(patience * 2 / 3) })
		m := newDiskMiner(t, j)
		template := testJob(t, m.chain).Template
		for i := range 10 {
			sol := solve(t, NewJob(template, uint64(i)), true)
			block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
			if err != nil {
				t.Fatal(err)
			}
			m.submitter.keep(foundBlock{block: block, found: time.Now(), answered: true})
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		m.submitter.End(over)
		if took := time.Since(start); took > 3*patience || slow.Load() == 0 {
			t.Errorf("the end took %v, and wrote %d times", took, slow.Load())
		}
		if left := len(m.submitter.outstanding.list()); left == 0 || strings.Count(m.log.String(), "raw_block=") != left {
			t.Errorf("%d are not written; the log: %s", left, m.log.String())
		}
	})
}
