package fakerig

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// mine tries a nonce, and sends it and what the faults make of it.
func (s *session) mine(ctx context.Context) error {
	if s.job == nil {
		return nil
	}
	nonce := s.nonce
	s.nonce = nonce&^0xffff_ffff | uint64(uint32(nonce)+1)
	result, err := s.try(ctx, s.job, nonce)
	if err != nil {
		return err
	}
	if s.rig.muted() || !s.job.Target.Met(result) {
		return nil
	}
	if err := s.share(s.job, nonce, result); err != nil {
		return err
	}
	for {
		send := s.rig.config.Faults.draw(s.rig.config.Random.Float64())
		if send == sendGood {
			return nil
		}
		if err := s.fault(ctx, send); err != nil {
			return err
		}
	}
}

func (s *session) try(ctx context.Context, job *wire.Job, nonce uint64) ([32]byte, error) {
	s.rig.note(func(r *Report) { r.Hashes++ })
	return s.rig.config.Hash(ctx, job.HeaderHash(nonce), job.Seed)
}

// share sends what meets the target. A rig that started again knows that it sends a
// duplicate.
func (s *session) share(job *wire.Job, nonce uint64, result [32]byte) error {
	send, share := sendGood, &sentNonce{job, nonce}
	if s.sent[share.key()] {
		send = sendDuplicate
	}
	s.sent[share.key()] = true
	return s.submit(job.ID, s.format(nonce), sentShare{
		job: job, share: share, send: send, work: job.Target.Difficulty(), block: mining.TargetFromBits(job.Bits).Met(result),
	})
}

func (s *session) format(nonce uint64) string {
	if s.rig.report.Dialect == B3 {
		return strings.ToUpper(wire.FormatNonce(nonce))
	}
	return wire.FormatNonce(nonce)
}

// fault sends something wrong, if there is what it takes.
func (s *session) fault(ctx context.Context, send sending) error {
	wrong := sentShare{send: send}
	nonce := s.job.Nonce + 1<<31 + uint64(s.rig.config.Random.Uint32()>>1) // Where good ones are not looked for.
	switch {
	case send == sendGarbage:
		return s.garbage()
	case send == sendInvalid:
		bad := [][2]string{{s.job.ID, "no nonce"}, {s.job.ID, "8000000000000000"}, {"999999999", s.format(nonce)}}[s.rig.config.Random.IntN(3)]
		return s.submit(bad[0], bad[1], wrong)
	case send == sendDuplicate && s.last != nil:
		wrong.job = s.last.job
		return s.submit(s.last.job.ID, s.format(s.last.nonce), wrong)
	case send == sendStale && s.former != nil:
		// Were it a block, the front would take it after all.
		return s.miss(ctx, s.former, mining.TargetFromBits(s.former.Bits).Met, nonce, wrong)
	case send == sendLow:
		return s.miss(ctx, s.job, s.job.Target.Met, nonce, wrong)
	}
	return nil
}

// miss sends a nonce that does not meet a target, if one of the next few is such.
func (s *session) miss(ctx context.Context, job *wire.Job, met func([32]byte) bool, nonce uint64, wrong sentShare) error {
	for range 3 {
		result, err := s.try(ctx, job, nonce)
		if err != nil {
			return err
		}
		if !met(result) {
			wrong.job = job
			return s.submit(job.ID, s.format(nonce), wrong)
		}
		nonce++
	}
	return nil
}

// mostJunk is how many lines of garbage in a row a rig sends: the front closes the
// connection at the fifth, with shares in it that have no reply yet.
const mostJunk = 4

// garbage sends a line that is no message.
func (s *session) garbage() error {
	if s.junk == mostJunk {
		return nil
	}
	s.junk++
	lines := []string{"{\"method\":\"submit\",\n", "\x00\xff\x16\x03\x01\n", "[]\n", strings.Repeat("x", 2000) + "\n"}
	s.rig.note(func(r *Report) { r.Garbage++ })
	_, err := s.conn.Write([]byte(lines[s.rig.config.Random.IntN(len(lines))]))
	return err
}

// submit sends a share.
func (s *session) submit(job, nonce string, w sentShare) error {
	w.id = s.id()
	s.waiting = append(s.waiting, w)
	return s.request(wire.MethodSubmit, wire.SubmitParams{ID: s.rig.config.Name, JobID: job, Nonce: nonce})
}

// id is the next request's.
func (s *session) id() string {
	if s.rig.report.Dialect == B3 {
		return "1"
	}
	return fmt.Sprint(s.requests + 1)
}

func (s *session) request(method string, params any) error {
	raw, err := json.Marshal(params)
	if err != nil {
		return err
	}
	text, err := json.Marshal(wire.Request{Method: method, Params: raw, ID: json.RawMessage(s.id())})
	if err != nil {
		return err
	}
	s.requests++
	s.junk = 0
	if err := s.conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	_, err = s.conn.Write(append(text, '\n'))
	return err
}
