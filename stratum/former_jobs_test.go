package stratum

import (
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// TestABlockBroughtAfterARestart: the node ended while the rig looked for it. The tip is
// the same, so it is a block, once; a share is of no worth any more.
func TestABlockBroughtAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "handouts.jsonl")
	run := func(t *testing.T, what func(f *front)) {
		f := start(t, easyBits, func(f *front, cfg *Config) {
			cfg.Handouts = mining.OpenHandouts(mining.HandoutsConfig{Path: path, Network: "solonet", Source: f.chain})
			cfg.Extranonces = mining.NewExtranonces(cfg.Handouts.Extranonces()...)
		})
		defer f.close()
		what(f)
		if err := f.server.cfg.Handouts.Close(); err != nil {
			t.Error(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var first, last wire.Job
		run(t, func(f *front) {
			r := f.dial().login("a.b")
			defer r.close()
			first = r.job
			time.Sleep(3 * time.Minute) // The job comes again.
			last = r.job
			for len(r.lines) > 0 {
				r.message()
				last = r.job
			}
		})
		if first.ID == last.ID {
			t.Fatal("the job did not come again")
		}
		run(t, func(f *front) {
			r := f.dial().login("a.b")
			defer r.close()
			if id, err := strconv.ParseUint(r.job.ID, 10, 31); err != nil || r.job.ID == first.ID || r.job.ID == last.ID || id == 0 {
				t.Errorf("job %s, and of the last run %s to %s: %v", r.job.ID, first.ID, last.ID, err)
			}
			if err := r.submit(first.ID, wire.FormatNonce(find(&first, 0, isShare(&first)))); code(err) != wire.CodeJobNotFound {
				t.Errorf("a share: %v", err)
			}
			for _, j := range []*wire.Job{&first, &last} {
				before, _ := f.chain.blocks()
				if err := r.submit(j.ID, wire.FormatNonce(find(j, 0, isBlock(j)))); before == 0 && err != nil {
					t.Errorf("a block of job %s: %v", j.ID, err)
				} else if before == 1 && (err == nil || err.Message != "Block expired") {
					t.Errorf("a block of job %s, the tip being another: %v", j.ID, err)
				}
			}
			f.expectBlocks(t, 1)
			if st := f.server.Stats(); st.Blocks != 1 || st.Shares["invalid"] != 1 || st.Shares["stale"] != 1 {
				t.Errorf("%+v", st)
			}
		})
	})
}

// TestIDsOfTheLastRun are not given to other jobs, at whatever time the next run starts.
func TestIDsOfTheLastRun(t *testing.T) {
	inBubble(t, easyBits, nil, testIDsOfTheLastRun)
}

func testIDsOfTheLastRun(t *testing.T, f *front) {
	path := filepath.Join(t.TempDir(), "handouts.jsonl")
	open := func() *mining.Handouts {
		return mining.OpenHandouts(mining.HandoutsConfig{Path: path, Network: "solonet", Source: f.chain})
	}
	templates, cancel := f.generator.Subscribe()
	defer cancel()
	now := time.Unix(1_700_000_000, 0)
	began := firstJobID(now, nil)
	h, template := open(), <-templates
	s := &Server{cfg: Config{Handouts: h}}
	for n := range uint64(5000) {
		s.keepOverRestart(sentJob{id: began + 1 + n, template: template, extranonce: 1})
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for _, later := range []time.Duration{0, time.Second, 3 * time.Second, time.Minute, time.Hour} {
		first := firstJobID(now.Add(later), open())
		if first >= began && first <= began+5000 || first+mostIDs >= 1<<31 {
			t.Errorf("%v later, ids begin behind %d; %d to %d are in use", later, first, began, began+5000)
		}
	}
}

// TestJobsOfLongAgoAreForgotten: a rig comes and goes once a block, for many blocks.
func TestJobsOfLongAgoAreForgotten(t *testing.T) {
	inBubble(t, hardBits, nil, func(t *testing.T, f *front) {
		const tips = 100
		for i := range tips {
			f.connect(byte(10 + i))
			time.Sleep(time.Second)
			r := f.dial().login("a.b")
			r.close()
			time.Sleep(time.Second)
		}
		f.server.mu.Lock()
		defer f.server.mu.Unlock()
		if n := len(f.server.former.byID); n > 2*mostTips {
			t.Errorf("%d jobs are kept, each with its template and all transactions, of %d tips", n, tips)
		}
	})
}
