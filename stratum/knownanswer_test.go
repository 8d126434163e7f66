package stratum

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

func hash32(t *testing.T, text string) [32]byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 32 {
		t.Fatalf("%s: %v", text, err)
	}
	return [32]byte(raw)
}

// withKnownAnswer has the server give known-answer jobs, whose hashes are those of the example.
func withKnownAnswer(t *testing.T) func(*front, *Config) {
	return func(_ *front, cfg *Config) {
		cfg.KnownAnswer = true
		hash, known := cfg.Hash, wire.KnownAnswer()
		cfg.Hash = func(ctx context.Context, header, seed [32]byte) ([32]byte, error) {
			switch {
			case seed != known.Seed:
				return hash(ctx, header, seed)
			case header == known.HeaderHash(0x0000783700000039):
				return hash32(t, "d7a473107caec394a68810ce8abdd854f197e8e53de02d35f678cb6d6c4a6200"), nil
			}
			return hash32(t, "f1d1b4e4c6ef41c00b6bf372570dcc35c615a579b86d59ba710d726ff4d2d9bf"), nil // of 0000783700000000
		}
	}
}

func TestKnownAnswer(t *testing.T) {
	inBubble(t, hardBits, withKnownAnswer(t), func(t *testing.T, f *front) {
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
		if err := r.submit(r.job.ID, wire.FormatNonce(find(&r.job, 0, r.job.Target.Met))); err != nil {
			t.Error(err)
		}
		r.close()
		if r = f.dial().login("good.1"); r.job.Height != 11 {
			t.Errorf("examined twice: %+v", r.job)
		}
		r.close()

		r = f.dial().login("bad.1")
		if err := r.submit(r.job.ID, "0000783700000001"); code(err) != wire.CodeLow || !strings.Contains(err.Message, "0000783700000039") {
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
		if r.message(); r.job.Height != 11 || time.Since(began) < knownAnswerTime || time.Since(began) > knownAnswerTime+2*time.Second {
			t.Errorf("without an answer: %+v after %v", r.job, time.Since(began))
		}
		if st := f.server.Stats(); st.Shares["accepted"] != 1 || st.Shares["low"] != 0 {
			t.Errorf("the known answer counts: %+v", st.Shares)
		}
	})
}
