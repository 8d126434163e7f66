package stratum

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// TestTheKnownAnswerIsTensority: the job and its solution are in the file of vectors that
// all kernels are held to.
func TestTheKnownAnswerIsTensority(t *testing.T) {
	j, found := knownAnswer(), 0
	for _, v := range computetest.Vectors(t) {
		for _, e := range example {
			if v.Header == j.HeaderHash(e.nonce) && v.Seed == j.Seed && v.Tensority == unhex(t, e.hash) {
				found++
			}
		}
	}
	if found != len(example) || !j.Target.Met(unhex(t, example[1].hash)) || j.Target.Met(unhex(t, example[0].hash)) {
		t.Errorf("%d of %d vectors found", found, len(example))
	}
}

// withExam has the server give known-answer jobs, whose hashes are those of the example.
func withExam(t *testing.T) func(*front, *Config) {
	return func(_ *front, cfg *Config) {
		cfg.KnownAnswer = true
		hash, known := cfg.Hash, knownAnswer()
		cfg.Hash = func(ctx context.Context, header, seed [32]byte) ([32]byte, error) {
			switch {
			case seed != known.Seed:
				return hash(ctx, header, seed)
			case header == unhex(t, example[1].header):
				return unhex(t, example[1].hash), nil
			}
			return unhex(t, example[0].hash), nil
		}
	}
}

func TestKnownAnswer(t *testing.T) {
	inBubble(t, hardBits, withExam(t), func(t *testing.T, f *front) {
		r := f.dial().login("good.1")
		if r.job.Height != 17548 || r.job.Nonce != 0x0000783700000000 {
			t.Errorf("the first job is %+v", r.job)
		}
		if err := r.submit(r.job.ID, "0000783700000039"); err != nil {
			t.Errorf("the right answer: %v", err)
		}
		if r.message(); r.job.Height != 11 {
			t.Errorf("the next job is %+v", r.job)
		}
		if err := r.submit(r.job.ID, FormatNonce(find(&r.job, 0, r.job.Target.Met))); err != nil {
			t.Error(err)
		}
		r.close()
		if r = f.dial().login("good.1"); r.job.Height != 11 {
			t.Errorf("examined twice: %+v", r.job)
		}
		r.close()

		r = f.dial().login("bad.1")
		if err := r.submit(r.job.ID, "0000783700000001"); code(err) != CodeLow || !strings.Contains(err.Message, "0000783700000039") {
			t.Errorf("a wrong answer: %v", err)
		}
		if log := f.log.String(); !strings.Contains(log, "rig computes wrong hashes") {
			t.Errorf("the log:\n%s", log)
		}
		if r.message(); r.job.Height != 11 {
			t.Errorf("the next job is %+v", r.job)
		}
		r.close()

		r = f.dial().login("mute.1")
		defer r.close()
		began := time.Now()
		if r.message(); r.job.Height != 11 || time.Since(began) < examTime || time.Since(began) > examTime+2*time.Second {
			t.Errorf("without an answer: %+v after %v", r.job, time.Since(began))
		}
		if st := f.server.Stats(); st.Shares["accepted"] != 1 || st.Shares["low"] != 0 {
			t.Errorf("the known answer counts: %+v", st.Shares)
		}
	})
}
