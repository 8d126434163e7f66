package gbt

import (
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// work is a job that nobody else was given, and the time to begin with.
func (h *Handler) work(r *http.Request) (_ *mining.Job, timestamp uint64, _ error) {
	t, err := h.cfg.Generator.Fresh(r.Context())
	if err != nil {
		return nil, 0, err
	}
	j, err := h.works.make(t)
	if err != nil {
		return nil, 0, err
	}
	return j, h.times(t).current, nil
}

func (h *Handler) getWork(r *http.Request) envelope {
	j, timestamp, err := h.work(r)
	if err != nil {
		return failure(err)
	}
	return success(workAnswer{j, timestamp})
}

// workAnswer is a wire.Work, written out by hand: some pools poll every node of theirs
// ten times a second.
type workAnswer struct {
	job       *mining.Job
	timestamp uint64
}

func (a workAnswer) pieces(buf []byte) [][]byte {
	var header [256]byte
	seed := a.job.Template.Tip.Seed.Byte32()
	buf = append(buf, `{"block_header":"`...)
	buf = hex.AppendEncode(buf, a.job.AppendHeader(header[:0], a.timestamp, 0))
	buf = append(buf, `","seed":"`...)
	buf = hex.AppendEncode(buf, seed[:])
	return [][]byte{append(buf, `"}`...)}
}

func (h *Handler) getWorkJSON(r *http.Request) envelope {
	j, timestamp, err := h.work(r)
	if err != nil {
		return failure(err)
	}
	header := j.Header(timestamp, 0)
	return success(workJSONAnswer{BlockHeader: newHeaderJSON(&header), Seed: &j.Template.Tip.Seed})
}

func (h *Handler) submitWork(r *http.Request, in wire.SubmitWork) envelope {
	header, err := parseHeader("block_header", in.BlockHeader)
	if err != nil {
		return failure(err)
	}
	return h.submit(r, header)
}

type submitWorkJSONIn struct {
	BlockHeader *headerJSONIn `json:"block_header"`
}

func (h *Handler) submitWorkJSON(r *http.Request, in submitWorkJSONIn) envelope {
	header, err := in.BlockHeader.header()
	if err != nil {
		return failure(err)
	}
	return h.submit(r, header)
}

// submit takes back a header that was handed out, with another timestamp and
// nonce.
func (h *Handler) submit(r *http.Request, header *types.BlockHeader) envelope {
	j, ok := h.works.find(header)
	if !ok {
		return failure(h.unknown(header))
	}
	if err := sameWork(j, header); err != nil {
		return failure(err)
	}
	by := finder(withCaller(r), mining.FoundByGetWork)
	ctx, cancel := toTheEnd(r.Context())
	defer cancel()
	return answer(h.cfg.Submitter.Submit(ctx, mining.Solution{Job: j, Timestamp: header.Timestamp, Nonce: header.Nonce, By: by}))
}

func (h *Handler) unknown(header *types.BlockHeader) error {
	t, err := h.cfg.Generator.Current()
	if err == nil && header.PreviousBlockHash != t.Tip.Hash {
		return fmt.Errorf("%w: it builds on %s, the tip is %s: get new work", mining.ErrStaleWork, header.PreviousBlockHash.String(), t.Tip.Hash.String())
	}
	return fmt.Errorf("%w: no work with transaction_merkle_root %s was handed out; only timestamp and nonce may change",
		mining.ErrUnknownWork, header.TransactionsMerkleRoot.String())
}

// sameWork checks what keyOf leaves out.
func sameWork(j *mining.Job, header *types.BlockHeader) error {
	want := j.Header(header.Timestamp, header.Nonce)
	switch {
	case header.Version != want.Version:
		return fmt.Errorf("%w: version %d, expected %d", mining.ErrBadVersion, header.Version, want.Version)
	case header.Height != want.Height:
		return fmt.Errorf("%w: height %d, expected %d", mining.ErrBadHeight, header.Height, want.Height)
	case header.Bits != want.Bits:
		return fmt.Errorf("%w: bits %d, expected %d", mining.ErrBadBits, header.Bits, want.Bits)
	}
	return nil
}

// workJSONAnswer answers get-work-json.
type workJSONAnswer struct {
	BlockHeader *headerJSON `json:"block_header"`
	Seed        *bc.Hash    `json:"seed"`
}
