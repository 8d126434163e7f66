package mining

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// handoutRuns are runs of a node on one file.
type handoutRuns struct {
	t     testing.TB
	chain *fakeChain
	path  string
	log   bytes.Buffer
}

func newHandoutRuns(t testing.TB) *handoutRuns {
	return &handoutRuns{t: t, chain: newFakeChain(), path: filepath.Join(t.TempDir(), "mining", "handouts.jsonl")}
}

func (r *handoutRuns) open(network string) *Handouts {
	r.log.Reset()
	return OpenHandouts(HandoutsConfig{Path: r.path, Network: network, Source: r.chain, Log: slog.New(slog.NewTextHandler(&r.log, nil))})
}

// jobs are of templates of various transactions, payees and tags on the tip.
func (r *handoutRuns) jobs() (jobs []*Job) {
	r.t.Helper()
	pool := randomCandidates(random(), 9)
	for i, chosen := range [][]Candidate{nil, pool[:5], pool, pool[4:]} {
		t, err := newTemplate(r.chain.Tip(), chosen, testPayee, []byte("a tag"), timeAt(2000+int64(i)), NewTxs)
		if err != nil {
			r.t.Fatal(err)
		}
		other, err := t.For(Payee{Address: "other", Program: append([]byte{0, 32}, make([]byte, 32)...)}, nil)
		if err != nil {
			r.t.Fatal(err)
		}
		front, err := NewTemplateOf(t.Parts(), func() ([]*types.Tx, error) { return t.Txs, nil })
		if err != nil {
			r.t.Fatal(err)
		}
		for j, t := range []*Template{t, t, other, front} {
			jobs = append(jobs, NewJob(t, uint64(i+1)<<32|uint64(j)))
		}
	}
	return jobs
}

func (r *handoutRuns) keep(h *Handouts, jobs []*Job) {
	for i, j := range jobs {
		h.Keep(Handout{By: "somebody", Key: fmt.Sprint(i), Template: j.Template, Extranonce: j.Extranonce, Note: map[string]int{"n": i}})
	}
}

// expect looks for the jobs of a former run: the same blocks, byte by byte.
func (r *handoutRuns) expect(h *Handouts, jobs []*Job) {
	r.t.Helper()
	for i, want := range jobs {
		former, ok := h.Find("somebody", fmt.Sprint(i))
		if !ok {
			r.t.Errorf("work %d is not known; the log: %s", i, r.log.String())
			continue
		}
		got := former.Job()
		if string(former.Note) != fmt.Sprintf(`{"n":%d}`, i) || got.Template.Timestamp != want.Template.Timestamp {
			r.t.Errorf("work %d has note %s and timestamp %d", i, former.Note, got.Template.Timestamp)
		}
		if a, b := blockText(r.t, got), blockText(r.t, want); a != b {
			r.t.Errorf("work %d is another block:\n%s\n%s", i, a, b)
		}
	}
}

func blockText(t testing.TB, j *Job) string {
	t.Helper()
	b, err := j.Block(3000, 7)
	if err != nil {
		t.Fatal(err)
	}
	text, err := b.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func closed(t testing.TB, h *Handouts) {
	t.Helper()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestWorkOutlivesItsRun: what a run handed out on the tip, the next ones know, one after
// the other, and the leases of it are not given to others.
func TestWorkOutlivesItsRun(t *testing.T) {
	r := newHandoutRuns(t)
	jobs := r.jobs()
	h := r.open("solonet")
	r.keep(h, jobs[:4])
	closed(t, h)
	h = r.open("solonet")
	r.expect(h, jobs[:4])
	r.keep(h, jobs)
	closed(t, h)

	h = r.open("solonet")
	r.expect(h, jobs)
	if _, ok := h.Find("another", "1"); ok || len(h.Keys("somebody")) != len(jobs) || len(h.Keys("some")) != 0 {
		t.Errorf("others' work is found, or of %d works %d", len(jobs), len(h.Keys("somebody")))
	}
	space := NewExtranonces(h.Extranonces()...)
	space.next = 0
	for range 3 {
		if lease := space.Lease().First() >> 32; lease < 5 {
			t.Errorf("lease %d is in use", lease)
		}
	}
	if r.log.Len() > 0 {
		t.Errorf("the log says %s", r.log.String())
	}
}

// TestWorkIsWrittenAsItIsHandedOut: a kill comes unannounced.
func TestWorkIsWrittenAsItIsHandedOut(t *testing.T) {
	r := newHandoutRuns(t)
	jobs := r.jobs()
	ctx, cancel := context.WithCancel(t.Context())
	h := r.open("solonet")
	ended := make(chan error)
	go func() { ended <- h.Run(ctx) }()
	r.keep(h, jobs)
	for len(r.open("solonet").Keys("somebody")) < len(jobs) {
		if t.Context().Err() != nil {
			t.Fatal("not written")
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestWorkOfFormerTips is dropped from the file, and told apart until the next tip but one.
func TestWorkOfFormerTips(t *testing.T) {
	r := newHandoutRuns(t)
	old := r.jobs()
	h := r.open("solonet")
	r.keep(h, old)
	closed(t, h)
	h = r.open("solonet")
	for n, known := range []bool{true, true, false} {
		if n > 0 {
			r.chain.connect(byte(40 + n))
			h.Keep(Handout{By: "somebody", Key: "late", Template: old[0].Template, Extranonce: old[0].Extranonce}) // By somebody slow.
			r.keep(h, r.jobs()[:2])
			h.flush()
		}
		if _, ok := h.Find("somebody", "5"); ok != known {
			t.Errorf("%d tips later: known %v", n, ok)
		}
	}
	closed(t, h)
	if h = r.open("solonet"); len(h.Keys("somebody")) != 2 {
		t.Errorf("%d works in the file, expected those of the tip, 2", len(h.Keys("somebody")))
	}
	// A chain that does not know the tip has no use for the work.
	r.chain.tip.Hash = bc.NewHash([32]byte{99})
	if h = r.open("solonet"); len(h.Keys("somebody")) != 0 || r.log.Len() > 0 {
		t.Errorf("%d works on a block that the chain does not have; the log: %s", len(h.Keys("somebody")), r.log.String())
	}
}

// TestSpoiltHandouts: a file that is none, of another network or version, cut off or changed
// costs a warning, and what comes after it is kept.
func TestSpoiltHandouts(t *testing.T) {
	r := newHandoutRuns(t)
	jobs := r.jobs()
	h := r.open("solonet")
	r.keep(h, jobs)
	closed(t, h)
	whole, err := os.ReadFile(r.path)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(from, to string) string { return strings.Replace(string(whole), from, to, 1) }
	for name, c := range map[string]struct {
		text string
		warn string
	}{
		"cut off":       {string(whole[:len(whole)-9]), ""},
		"first line":    {string(whole[:9]), "line 1: it is cut off"},
		"zeros":         {strings.Repeat("\x00", len(whole)), "line 1: it is cut off"},
		"empty":         {"", "it is empty, and begins anew"},
		"no file":       {"something else\n", "invalid character"},
		"network":       {replace("solonet", "mainnet"), `network is \"mainnet\", expected \"solonet\"`},
		"newer version": {replace(`"version":1`, `"version":2`), "format is 2, of a newer version of this program; this one knows formats up to 1"},
		"no version":    {replace(`"version":1`, `"version":0`), "version is 0, expected 1"},
		"no head":       {string(whole[bytes.IndexByte(whole, '\n')+1:]), "not a file of works"},
		"transaction":   {replace(`"chosen":[0,`, `"chosen":[99,`), "there is no transaction 99"},
		"selection":     {replace(`"template":{"chosen":0`, `"template":{"chosen":-1`), "there is no selection -1"},
		"template":      {replace(`"template":0,"extranonce"`, `"template":1000,"extranonce"`), "neither a"},
		"program":       {replace(`"program":"0014`, `"program":"6a14`), "no mining address"},
		"member":        {replace(`"work":`, `"walk":`), "unknown field"},
		"middle":        {string(whole[:len(whole)/2]) + "\n" + string(whole[len(whole)/2+9:]), "line"},
		"number range":  {replace(`"extranonce":4294967296`, `"extranonce":-1`), "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(r.path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			h := r.open("solonet")
			if log := r.log.String(); c.warn == "" && log != "" || !strings.Contains(log, c.warn) || strings.Contains(log, "ERROR") || strings.Count(log, "\n") > 1 {
				t.Errorf("the log: %q, expected a warning of %q", log, c.warn)
			}
			r.keep(h, jobs)
			closed(t, h)
			r.expect(r.open("solonet"), jobs)
		})
	}
}

// TestHandoutsThatCanNotBeWritten cost a warning a tip, and come back with the disk.
func TestHandoutsThatCanNotBeWritten(t *testing.T) {
	r := newHandoutRuns(t)
	if err := os.WriteFile(filepath.Dir(r.path), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h := r.open("solonet")
	r.log.Reset()
	for range 3 {
		r.keep(h, r.jobs())
		h.flush()
	}
	if got := strings.Count(r.log.String(), "\n"); got != 1 || !strings.Contains(r.log.String(), "a restart would lose") {
		t.Errorf("%d lines: %s", got, r.log.String())
	}
	if err := os.Remove(filepath.Dir(r.path)); err != nil {
		t.Fatal(err)
	}
	r.chain.connect(50)
	jobs := r.jobs()
	r.keep(h, jobs)
	closed(t, h)
	r.expect(r.open("solonet"), jobs)
}

// TestHandoutsAreBounded hands out more than the file may have.
func TestHandoutsAreBounded(t *testing.T) {
	r := newHandoutRuns(t)
	h := r.open("solonet")
	job := r.jobs()[0]
	note := strings.Repeat("x", 1<<20)
	for i := range 2*mostHandouts>>20 + 1 {
		h.Keep(Handout{By: "somebody", Key: fmt.Sprint(i), Template: job.Template, Extranonce: job.Extranonce, Note: note})
		if i%8 == 0 {
			h.flush()
		}
	}
	closed(t, h)
	if info, err := os.Stat(r.path); err != nil || info.Size() > mostHandouts || info.Size() < mostHandouts/2 {
		t.Errorf("the file: %v, %v", info.Size(), err)
	}
	if !strings.Contains(r.log.String(), "more than") {
		t.Errorf("the log: %s", r.log.String())
	}
	if n := len(r.open("solonet").Keys("somebody")); n < mostHandouts>>21 {
		t.Errorf("%d works are known", n)
	}
	h = r.open("solonet")
	for range mostPending + 10 {
		h.Keep(Handout{By: "somebody", Key: "k", Template: job.Template, Extranonce: job.Extranonce})
	}
	if len(h.pending) != mostPending {
		t.Errorf("%d works wait", len(h.pending))
	}
}

// BenchmarkKeep is what a job costs more for being kept, on its way to a rig.
func BenchmarkKeep(b *testing.B) {
	c := newFakeChain()
	h := OpenHandouts(HandoutsConfig{Path: filepath.Join(b.TempDir(), "handouts.jsonl"), Network: "solonet", Source: c})
	t, err := newTemplate(c.Tip(), nil, testPayee, nil, timeAt(2000), NewTxs)
	if err != nil {
		b.Fatal(err)
	}
	job := NewJob(t, 1)
	for i := range b.N {
		h.Keep(Handout{By: "somebody", Key: "171567", Template: job.Template, Extranonce: job.Extranonce, Note: i})
		if i%1000 == 999 {
			b.StopTimer()
			h.flush()
			b.StartTimer()
		}
	}
}
