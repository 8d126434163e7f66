package main

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

const (
	// pollEach is how often a node is asked by get-work; refreshEach is when its work is
	// taken though it builds on the same block.
	pollEach, refreshEach = time.Second, 30 * time.Second
	// longestCall bounds a call; nodes hold longpolls for a minute.
	longestCall = 2 * time.Minute
	// patience is how long the last work of a node that no longer answers is good.
	patience = 2 * time.Minute
)

// rigWork is something to solve. It is immutable.
type rigWork struct {
	header types.BlockHeader
	seed   [32]byte
	target mining.Target
	// first is the number of the first worker's range of nonces, with get-work.
	first uint64
	// template is what the header was made of, with getblocktemplate.
	template *wire.Template
}

// rangeBits are those of a nonce that are a worker's own with get-work: at a million
// hashes per second they last an hour.
const rangeBits = 32

// part is what a worker has of the work. With getblocktemplate each has an extranonce
// of its own. With get-work it has a range of nonces: the stock node gives everybody the
// same header, so the ranges start at random.
func (w *rigWork) part(worker int) (rigPart, error) {
	p := rigPart{header: w.header}
	if w.template == nil {
		p.nonce = (w.first + uint64(worker)) << rangeBits & mining.MaxNonce
		p.end = p.nonce + 1<<rangeBits
		return p, nil
	}
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(worker))
	size := w.template.CoinbaseBuild.Extranonce.Size
	if size < 1 || size > len(number) {
		return p, fmt.Errorf("the template has %d bytes of extranonce, expected 1 to 8", size)
	}
	p.extranonce, p.end = number[len(number)-size:], mining.MaxNonce
	root, err := w.template.CoinbaseBuild.Root(p.extranonce)
	p.header.TransactionsMerkleRoot = bc.NewHash(root)
	return p, err
}

// workSource is a node, and how to ask it.
type workSource struct {
	client    *client.Client
	templates bool // by getblocktemplate, not get-work
	payee     string
}

// next asks for work. With a template that there was before, a node that has nothing
// new keeps the caller waiting.
func (s workSource) next(ctx context.Context, old *rigWork) (*rigWork, error) {
	if !s.templates {
		work, err := s.client.GetWork(ctx)
		if err != nil {
			return nil, err
		}
		return &rigWork{
			header: *work.BlockHeader, seed: work.Seed.Byte32(), first: rand.Uint64(),
			target: mining.TargetFromBits(work.BlockHeader.Bits),
		}, nil
	}
	request := wire.TemplateRequest{Payee: s.payee, Transactions: "ids", Capabilities: []string{"longpoll", "workid"}}
	if old != nil {
		request.LongpollID = old.template.LongpollID
	}
	t, err := s.client.GetBlockTemplate(ctx, request)
	if err != nil {
		return nil, err
	}
	return workOf(t)
}

// workOf makes work of a template.
func workOf(t *wire.Template) (*rigWork, error) {
	w := &rigWork{template: t, header: types.BlockHeader{Version: t.Version, Height: t.Height, Timestamp: t.CurTime}}
	var seed bc.Hash
	for _, f := range []struct {
		name, text string
		into       *bc.Hash
	}{
		{"previousblockhash", t.PreviousBlockHash, &w.header.PreviousBlockHash},
		{"default_status_commitment", t.StatusCommitment, &w.header.TransactionStatusHash},
		{"seed", t.Seed, &seed},
	} {
		raw, err := hex.DecodeString(f.text)
		if err != nil || len(raw) != 32 {
			return nil, fmt.Errorf("the template's %s is %q, expected 64 hexadecimal characters", f.name, f.text)
		}
		*f.into = bc.NewHash([32]byte(raw))
	}
	bits, err := hex.DecodeString(t.Bits)
	if err != nil || len(bits) != 8 {
		return nil, fmt.Errorf("the template's bits are %q, expected 16 hexadecimal characters", t.Bits)
	}
	w.header.Bits = binary.BigEndian.Uint64(bits)
	w.seed, w.target = seed.Byte32(), mining.TargetFromBits(w.header.Bits)
	return w, nil
}

func (s workSource) submit(ctx context.Context, found rigSolution) error {
	h := found.header
	if found.work.template != nil {
		return s.client.SubmitSolution(ctx, found.work.template.WorkID, h.Timestamp, h.Nonce, found.extranonce)
	}
	return s.client.SubmitWork(ctx, &h)
}

// follow keeps the workers supplied until ctx ends, or the node refuses for good what it
// is asked for.
func (r *rigMiner) follow(ctx context.Context) error {
	var last *rigWork
	answered, down, pause := time.Time{}, false, newPause()
	for ctx.Err() == nil {
		start := time.Now()
		w, err := r.source.next(ctx, last)
		switch {
		case ctx.Err() != nil:
		case err == nil:
			if down || answered.IsZero() {
				r.log.Info("the node gives work", "height", w.header.Height)
			}
			answered, down, pause = time.Now(), false, newPause()
			r.offer(w)
			// A node that does not hold longpolls is not to be flooded.
			if !r.source.templates || last != nil && w.template.LongpollID == last.template.LongpollID && time.Since(start) < pollEach {
				sleepOr(ctx, pollEach, r.fetch)
			}
			last = w
		case answered.IsZero() && r.source.final(err):
			return err
		default:
			if !down {
				r.log.Warn("the node gives no work, will ask again", "error", err)
			}
			if down, last = true, nil; time.Since(answered) > patience {
				r.take(nil)
			}
			pause.wait(ctx, r.fetch)
		}
	}
	return nil
}

// offer takes work that is better than what there is.
func (r *rigMiner) offer(w *rigWork) {
	if old := r.work.Load().work; old == nil || w.betters(old) {
		r.take(w)
	}
}

// betters tells whether it is worth it to go over from an older work: to another block
// to build on, newer transactions, a timestamp that is not too old.
func (w *rigWork) betters(old *rigWork) bool {
	if w.template != nil {
		return w.template.WorkID != old.template.WorkID
	}
	return w.header.PreviousBlockHash != old.header.PreviousBlockHash ||
		w.header.Timestamp >= old.header.Timestamp+uint64(refreshEach.Seconds())
}

// final tells whether asking again is in vain.
func (s workSource) final(err error) bool {
	var refused *client.Error
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return true
	}
	// The stock node gives no reasons: it may still be starting.
	return s.templates && refused.Reason == ""
}

// pause is a time to wait that doubles.
type pause struct{ next time.Duration }

const shortestPause, longestPause = time.Second, 30 * time.Second

func newPause() pause { return pause{shortestPause} }

// used tells whether it was waited for.
func (p *pause) used() bool { return p.next > shortestPause }

// wait waits, some less so that many rigs don't come all at once, or until it is called
// off.
func (p *pause) wait(ctx context.Context, off <-chan struct{}) {
	sleepOr(ctx, p.next/2+rand.N(p.next/2), off)
	p.next = min(2*p.next, longestPause)
}

func sleepOr(ctx context.Context, d time.Duration, off <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-off:
	case <-ctx.Done():
	}
}
