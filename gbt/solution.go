package gbt

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

func (h *Handler) submitSolution(r *http.Request, in wire.Solution) envelope {
	s, err := h.solution(in)
	if err != nil {
		return failure(err)
	}
	s.By = finder(withCaller(r), mining.FoundByTemplate)
	ctx, cancel := toTheEnd(r.Context())
	defer cancel()
	return answer(h.cfg.Submitter.Submit(ctx, s))
}

// solution finds the work of a submit, and reconstructs the job that was hashed.
func (h *Handler) solution(in wire.Solution) (s mining.Solution, err error) {
	switch {
	case in.WorkID == "":
		return s, badField("workid: missing, expected the template's")
	case in.Nonce == nil:
		return s, badField("nonce: missing, expected a number")
	case in.Timestamp == nil:
		return s, badField("timestamp: missing, expected Unix seconds")
	}
	if s.Nonce, err = in.Nonce.Unsigned("nonce"); err != nil {
		return s, inputError{err}
	}
	if s.Timestamp, err = in.Timestamp.Unsigned("timestamp"); err != nil {
		return s, inputError{err}
	}
	w, ok := h.templates.find(in.WorkID)
	if !ok {
		return s, fmt.Errorf("%w: no template has workid %.40q: get a new one", mining.ErrUnknownWork, in.WorkID)
	}
	roll := make([]byte, w.size)
	if in.Extranonce != nil {
		if roll, err = hex.DecodeString(*in.Extranonce); err != nil || len(roll) != w.size {
			return s, badField("extranonce: value %.40q: expected %d bytes in hexadecimal", *in.Extranonce, w.size)
		}
	}
	var low [8]byte
	copy(low[8-len(roll):], roll)
	extranonce := w.job.Extranonce | binary.BigEndian.Uint64(low[:])
	s.Job = mining.NewJob(w.job.Template, extranonce)
	return s, nil
}
