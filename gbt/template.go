package gbt

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

const (
	// rollSize is how many bytes of the extranonce a client rolls; the four before
	// them are its lease.
	rollSize = 4
	// sizeLimit is what a block's transactions should not exceed, in bytes: peers cap
	// messages at 22,020,098.
	sizeLimit = 10_000_000
	// seedBlocks is how many blocks a seed holds.
	seedBlocks = 256
)

func (h *Handler) template(r *http.Request, in wire.TemplateRequest) envelope {
	switch in.Mode {
	case "", "template":
		answer, err := h.makeTemplate(r.Context(), in)
		if err != nil {
			return failure(err)
		}
		return success(answer)
	case "proposal":
		reason, err := h.propose(r.Context(), in.Data)
		if err != nil && reason == "" {
			return failure(err)
		}
		if err != nil {
			return refused(reason, err.Error())
		}
		// BIP 23's null, and a status that distinguishes it from an error.
		return envelope{Status: "success", Data: nullData}
	}
	return failure(badField("mode: value %q: expected template or proposal", in.Mode))
}

// makeTemplate answers with the current template, after the wait of a longpoll if the
// request is one.
func (h *Handler) makeTemplate(ctx context.Context, in wire.TemplateRequest) (any, error) {
	size, err := rollBytes(in)
	if err != nil {
		return nil, err
	}
	if in.Transactions != "" && in.Transactions != "ids" && in.Transactions != "full" {
		return nil, badField("transactions: value %q: expected ids or full", in.Transactions)
	}
	base, member, err := h.current(ctx, in.LongpollID)
	if err != nil {
		return nil, err
	}
	answer, err := h.templateAnswer(base, member, in, size)
	if err != nil {
		member.leave()
		return nil, err
	}
	return answer, nil
}

// templateAnswer answers with a template: to a longpoll that waited in a wave, or, where
// member is nil, to a call that did not wait.
func (h *Handler) templateAnswer(base *mining.Template, member *waveMember, in wire.TemplateRequest, size int) (answer templateAnswer, err error) {
	t, asked, err := h.forPayee(base, in)
	if err != nil {
		return answer, err
	}
	together := member
	if t != base {
		together = nil // Nobody else has this one.
	}
	w, err := h.templates.make(together.roll(t, h.cfg.Extranonces), size, asked)
	if err != nil {
		return answer, err
	}
	key := renderingKey{asked: asked, size: size, ids: in.Transactions == "ids", submitOld: submitOld(t, in)}
	f, err := h.renderings.of(base, key, func() (*rendering, error) {
		a, err := h.describe(w, key, answerTimes{})
		if err != nil {
			return nil, err
		}
		return newRendering(w, a)
	})
	if err != nil {
		return answer, err
	}
	return templateAnswer{rendering: f, work: w, at: h.times(t), member: member}, nil
}

// times are those of an answer given now.
func (h *Handler) times(t *mining.Template) answerTimes {
	return answerTimes{
		current: max(uint64(h.cfg.Generator.Now().Unix()), t.Tip.MedianTime+1),
		latest:  uint64(time.Now().Unix()) + consensus.MaxTimeOffsetSeconds,
	}
}

// submitOld reports whether work handed out before is still worth a submit: since the
// template that a longpoll knows, or the one that this one replaced.
func submitOld(t *mining.Template, in wire.TemplateRequest) bool {
	if in.LongpollID != "" {
		tip := t.Tip.Hash.Byte32()
		return in.LongpollID[:64] == hex.EncodeToString(tip[:])
	}
	return t.Reason != mining.NewParent
}

func rollBytes(in wire.TemplateRequest) (int, error) {
	n, err := in.ExtranonceSize.Signed("extranonce_size", rollSize)
	if err != nil {
		return 0, inputError{err}
	}
	if n < 1 || n > rollSize {
		err = badField("extranonce_size: value %d: expected 1 to %d bytes; four more are the client's lease", n, rollSize)
	}
	return int(n), err
}

// forPayee is a template for the payee and the tag of a request. Works that are asked
// for by the same text may stand for each other.
func (h *Handler) forPayee(t *mining.Template, in wire.TemplateRequest) (_ *mining.Template, asked string, err error) {
	if in.Payee == "" && in.CoinbaseTag == nil {
		return t, "", nil
	}
	payee, tag := t.Payee, h.cfg.Tag()
	if in.Payee != "" {
		if payee, err = h.cfg.ParsePayee(in.Payee); err != nil {
			return nil, "", badField("payee: %w", err)
		}
	}
	if in.CoinbaseTag != nil {
		if tag, err = hex.DecodeString(*in.CoinbaseTag); err != nil {
			return nil, "", badField("coinbase_tag: value %.40q: expected hexadecimal", *in.CoinbaseTag)
		}
		if len(tag) > mining.MaxTag {
			return nil, "", badField("coinbase_tag: %d bytes, at most %d fit beside the height and the extranonce", len(tag), mining.MaxTag)
		}
	}
	t, err = t.For(payee, tag)
	return t, payee.Address + " " + string(tag), err
}

// describe is the answer for a piece of work.
func (h *Handler) describe(w *templateWork, key renderingKey, at answerTimes) (*wire.Template, error) {
	t := w.job.Template
	cb, err := describeCoinbase(w)
	if err != nil {
		return nil, err
	}
	root := w.job.Root()
	a := &wire.Template{
		Version: 1, Rules: []string{"!tensority", "!status-root", "!one-output"},
		Capabilities:      []string{"longpoll", "coinbasetxn", "coinbasevalue", "proposal", "workid"},
		Mutable:           []string{"time", "nonce", "coinbase/append", "coinbase", "transactions/remove", "submit/truncate", "submit/coinbase"},
		PreviousBlockHash: t.Tip.Hash.String(), Height: t.Height,
		Bits: fmt.Sprintf("%016x", t.Tip.Bits), BitsStr: strconv.FormatUint(t.Tip.Bits, 10), Target: t.Target.String(),
		CurTime: at.current, MinTime: t.Tip.MedianTime + 1, MaxTime: at.latest,
		NonceRange: fmt.Sprintf("%016x%016x", 0, uint64(mining.MaxNonce)),
		Seed:       t.Tip.Seed.String(), BlocksToSeedChange: seedBlocks - t.Tip.Height%seedBlocks,
		GasLimit: consensus.MaxBlockGas, GasUsed: t.Gas, SizeLimit: sizeLimit,
		CoinbaseValue: t.Value, CoinbaseTxn: cb, CoinbaseAux: map[string]string{"height": heightAux(t.Height)}, CoinbaseBuild: describeBuild(w),
		StatusCommitment: t.StatusRoot.String(), TransactionsRoot: root.String(),
		LongpollID: longpollID(t), LongpollURI: "/get-block-template", SubmitOld: key.submitOld,
		Expires: uint64(h.cfg.Expires.Seconds()), WorkID: w.id, Reason: t.Reason, Payee: t.Payee.Address,
		Build: wire.BuildInfo{
			SelectMS: milliseconds(t.Selected), AssembleMS: milliseconds(t.Assembled), CheckMS: milliseconds(t.Checked),
		},
	}
	a.Build.Candidates, a.Build.Skipped = h.cfg.Skipped()
	txs, err := h.transactions.of(t)
	if err != nil {
		return nil, err
	}
	if a.Transactions = txs.full; key.ids {
		a.Transactions = txs.ids
	}
	return a, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// heightAux is what must come first in the coinbase's arbitrary data.
func heightAux(height uint64) string {
	return "00" + hex.EncodeToString(strconv.AppendUint(nil, height, 10))
}

func describeCoinbase(w *templateWork) (wire.CoinbaseTxn, error) {
	text, arbitrary, err := w.job.Coinbase()
	if err != nil {
		return wire.CoinbaseTxn{}, err
	}
	id := w.job.CoinbaseID()
	return wire.CoinbaseTxn{
		Data: string(text), ID: id.String(), Arbitrary: hex.EncodeToString(arbitrary),
		ExtranonceOffset: len(arbitrary) - w.size, ExtranonceSize: w.size, Required: true,
	}, nil
}

func describeBuild(w *templateWork) wire.CoinbaseBuild {
	b := wire.CoinbaseBuild{
		Extranonce: wire.Extranonce{Size: w.size, Value: hex.EncodeToString(make([]byte, w.size))},
		Branch:     []string{},
	}
	for _, l := range w.job.CoinbaseLayers(w.size) {
		b.Layers = append(b.Layers, wire.Layer{Tag: l.Tag, Prefix: hex.EncodeToString(l.Prefix), Suffix: hex.EncodeToString(l.Suffix)})
	}
	for _, right := range w.job.Branch() {
		b.Branch = append(b.Branch, hex.EncodeToString(right[:]))
	}
	return b
}
