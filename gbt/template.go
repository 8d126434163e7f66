package gbt

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

const (
	// longpollHold is how long a longpoll is held before it is answered anyway.
	longpollHold = 60 * time.Second
	// rollSize is how many bytes of the extranonce a client rolls; the four before
	// them are its lease.
	rollSize = 4
	// sizeLimit is what a block's transactions should not exceed, in bytes: peers cap
	// messages at 22,020,098.
	sizeLimit = 10_000_000
	// seedBlocks is how many blocks a seed holds.
	seedBlocks = 256
)

// templateIn is a request for a block template, or for the check of a proposal.
type templateIn struct {
	// Mode is template, which is the default, or proposal.
	Mode string `json:"mode"`
	// Data is the proposed block in hexadecimal, without a proof of work.
	Data *string `json:"data"`
	// LongpollID is that of an earlier template: the answer waits for another.
	LongpollID string `json:"longpollid"`
	// Payee is whom the coinbase pays, if not the node's own; CoinbaseTag, hexadecimal,
	// is its arbitrary data in front of the extranonce.
	Payee       string  `json:"payee"`
	CoinbaseTag *string `json:"coinbase_tag"`
	// ExtranonceSize is how many bytes the client wants to roll, 1 to 4; 4 if missing.
	ExtranonceSize *number `json:"extranonce_size"`
	// Transactions asks for "ids" only, or for "full" data, which is the default.
	Transactions string `json:"transactions"`
	// Capabilities and Rules are what BIP 22 and 9 have clients say; nothing here depends
	// on them.
	Capabilities []string `json:"capabilities"`
	Rules        []string `json:"rules"`
}

// templateAnswer is BIP 22's template, with what differs on Bytom.
type templateAnswer struct {
	Version            uint64            `json:"version"`
	Rules              []string          `json:"rules"`
	Capabilities       []string          `json:"capabilities"`
	Mutable            []string          `json:"mutable"`
	PreviousBlockHash  string            `json:"previousblockhash"`
	Height             uint64            `json:"height"`
	Bits               string            `json:"bits"`
	BitsStr            string            `json:"bits_str"`
	Target             string            `json:"target"`
	CurTime            uint64            `json:"curtime"`
	MinTime            uint64            `json:"mintime"`
	MaxTime            uint64            `json:"maxtime"`
	NonceRange         string            `json:"noncerange"`
	Seed               string            `json:"seed"`
	BlocksToSeedChange uint64            `json:"blocks_to_seed_change"`
	Transactions       any               `json:"transactions"`
	GasLimit           uint64            `json:"gaslimit"`
	GasUsed            uint64            `json:"gasused"`
	SizeLimit          uint64            `json:"sizelimit"`
	CoinbaseValue      uint64            `json:"coinbasevalue"`
	CoinbaseTxn        coinbaseTxn       `json:"coinbasetxn"`
	CoinbaseAux        map[string]string `json:"coinbaseaux"`
	CoinbaseBuild      coinbaseBuild     `json:"coinbase_build"`
	StatusCommitment   string            `json:"default_status_commitment"`
	TransactionsRoot   string            `json:"transactions_merkle_root"`
	LongpollID         string            `json:"longpollid"`
	LongpollURI        string            `json:"longpolluri"`
	SubmitOld          bool              `json:"submitold"`
	Expires            uint64            `json:"expires"`
	WorkID             string            `json:"workid"`
	Reason             mining.Reason     `json:"reason"`
	Payee              string            `json:"payee"`
	Build              buildInfo         `json:"build"`
}

type coinbaseTxn struct {
	Data             string `json:"data"`
	ID               string `json:"id"`
	Arbitrary        string `json:"arbitrary"`
	ExtranonceOffset int    `json:"extranonce_offset"`
	ExtranonceSize   int    `json:"extranonce_size"`
	Required         bool   `json:"required"`
}

// coinbaseBuild is what a client needs to roll the extranonce that knows SHA3 alone.
type coinbaseBuild struct {
	Extranonce extranonceInfo `json:"extranonce"`
	Layers     []layerInfo    `json:"layers"`
	Branch     []string       `json:"branch"`
}

type extranonceInfo struct {
	Size  int    `json:"size"`
	Value string `json:"value"`
}

type layerInfo struct {
	Tag    string `json:"tag"`
	Prefix string `json:"prefix"`
	Suffix string `json:"suffix"`
}

// buildInfo tells what the template cost, and what was left out of it.
type buildInfo struct {
	SelectMS   float64        `json:"select_ms"`
	AssembleMS float64        `json:"assemble_ms"`
	CheckMS    float64        `json:"check_ms"`
	Candidates int            `json:"candidates"`
	Skipped    map[string]int `json:"skipped"`
}

func (h *Handler) template(r *http.Request, in templateIn) envelope {
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
		// BIP 23's null, and a status to tell it from an error.
		return envelope{Status: "success", Data: nullData}
	}
	return failure(fmt.Errorf("field mode: value %q: expected template or proposal", in.Mode))
}

// makeTemplate waits, if that is asked for, and makes an answer of the template that
// there is then.
func (h *Handler) makeTemplate(ctx context.Context, in templateIn) (*templateAnswer, error) {
	size, err := in.rollSize()
	if err != nil {
		return nil, err
	}
	if in.Transactions != "" && in.Transactions != "ids" && in.Transactions != "full" {
		return nil, fmt.Errorf("field transactions: value %q: expected ids or full", in.Transactions)
	}
	t, err := h.current(ctx, in.LongpollID)
	if err != nil {
		return nil, err
	}
	if t, err = h.forPayee(t, in); err != nil {
		return nil, err
	}
	asked := in.Payee + " "
	if in.CoinbaseTag != nil {
		asked += *in.CoinbaseTag
	}
	w, err := h.templates.hand(t, size, asked, h.cfg.Extranonces)
	if err != nil {
		return nil, err
	}
	return h.describe(w, in)
}

func (in templateIn) rollSize() (int, error) {
	n, err := in.ExtranonceSize.signed("extranonce_size", rollSize)
	if err == nil && (n < 1 || n > rollSize) {
		err = fmt.Errorf("field extranonce_size: value %d: expected 1 to %d bytes; four more are the client's lease", n, rollSize)
	}
	return int(n), err
}

// current is the template to answer with: the first whose work differs from that of
// a longpoll id, or whichever there is when the hold is over or the node stops.
func (h *Handler) current(ctx context.Context, longpollID string) (*mining.Template, error) {
	if longpollID == "" {
		return h.cfg.Generator.Fresh(ctx)
	}
	sequence, err := parseLongpollID(longpollID)
	if err != nil {
		return nil, err
	}
	hold, cancel := context.WithTimeout(ctx, h.cfg.LongpollHold)
	defer cancel()
	defer context.AfterFunc(h.stopping, cancel)()
	if _, err := h.cfg.Generator.Await(hold, sequence); err != nil && ctx.Err() != nil {
		return nil, ctx.Err() // The client went away.
	}
	if h.stopping.Err() != nil {
		return nil, mining.ErrStopped
	}
	return h.cfg.Generator.Fresh(ctx)
}

// longpollID is the tip's hash and the number of the work on it.
func longpollID(t *mining.Template) string {
	return t.Tip.Hash.String() + strconv.FormatUint(t.Sequence, 16)
}

func parseLongpollID(id string) (sequence uint64, err error) {
	if len(id) > 64 {
		if sequence, err = strconv.ParseUint(id[64:], 16, 64); err == nil {
			return sequence, nil
		}
	}
	return 0, fmt.Errorf("field longpollid: value %.100q: expected one that a template carried", id)
}

// forPayee is a template for the payee and the tag of a request.
func (h *Handler) forPayee(t *mining.Template, in templateIn) (*mining.Template, error) {
	if in.Payee == "" && in.CoinbaseTag == nil {
		return t, nil
	}
	payee, tag := t.Payee, h.cfg.Tag()
	var err error
	if in.Payee != "" {
		if payee, err = h.cfg.ParsePayee(in.Payee); err != nil {
			return nil, fmt.Errorf("field payee: %w", err)
		}
	}
	if in.CoinbaseTag != nil {
		if tag, err = hex.DecodeString(*in.CoinbaseTag); err != nil {
			return nil, fmt.Errorf("field coinbase_tag: %w, expected hexadecimal", err)
		}
		if len(tag) > mining.MaxTag {
			return nil, fmt.Errorf("field coinbase_tag: %d bytes, at most %d fit beside the height and the extranonce", len(tag), mining.MaxTag)
		}
	}
	return t.For(payee, tag)
}

// describe is the answer for a piece of work.
func (h *Handler) describe(w *templateWork, in templateIn) (*templateAnswer, error) {
	t := w.job.Template
	now := uint64(h.cfg.Generator.Now().Unix())
	cb, err := describeCoinbase(w)
	if err != nil {
		return nil, err
	}
	root := w.job.Root()
	a := &templateAnswer{
		Version: 1, Rules: []string{"!tensority", "!status-root", "!one-output"},
		Capabilities:      []string{"longpoll", "coinbasetxn", "coinbasevalue", "proposal", "workid"},
		Mutable:           []string{"time", "nonce", "coinbase/append", "coinbase", "transactions/remove", "submit/truncate", "submit/coinbase"},
		PreviousBlockHash: t.Tip.Hash.String(), Height: t.Height,
		Bits: fmt.Sprintf("%016x", t.Tip.Bits), BitsStr: strconv.FormatUint(t.Tip.Bits, 10), Target: t.Target.String(),
		CurTime: max(now, t.Tip.MedianTime+1), MinTime: t.Tip.MedianTime + 1, MaxTime: uint64(time.Now().Unix()) + consensus.MaxTimeOffsetSeconds,
		NonceRange: fmt.Sprintf("%016x%016x", 0, uint64(mining.MaxNonce)),
		Seed:       t.Tip.Seed.String(), BlocksToSeedChange: seedBlocks - t.Tip.Height%seedBlocks,
		GasLimit: consensus.MaxBlockGas, GasUsed: t.Gas, SizeLimit: sizeLimit,
		CoinbaseValue: t.Value, CoinbaseTxn: cb, CoinbaseAux: map[string]string{"height": heightAux(t.Height)}, CoinbaseBuild: describeBuild(w),
		StatusCommitment: t.StatusRoot.String(), TransactionsRoot: root.String(),
		LongpollID: longpollID(t), LongpollURI: "/get-block-template", SubmitOld: t.Reason != mining.NewParent,
		Expires: uint64(h.cfg.Expires.Seconds()), WorkID: w.id, Reason: t.Reason, Payee: t.Payee.Address,
		Build: buildInfo{
			SelectMS: milliseconds(t.Selected), AssembleMS: milliseconds(t.Assembled), CheckMS: milliseconds(t.Checked),
		},
	}
	a.Build.Candidates, a.Build.Skipped = h.cfg.Skipped()
	if in.LongpollID != "" {
		a.SubmitOld = in.LongpollID[:64] == t.Tip.Hash.String()
	}
	view, err := h.views.of(t)
	if err != nil {
		return nil, err
	}
	if a.Transactions = view.full; in.Transactions == "ids" {
		a.Transactions = view.ids
	}
	return a, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// heightAux is what must come first in the coinbase's arbitrary data.
func heightAux(height uint64) string {
	return "00" + hex.EncodeToString(strconv.AppendUint(nil, height, 10))
}

func describeCoinbase(w *templateWork) (coinbaseTxn, error) {
	id, text, arbitrary, err := w.job.Coinbase()
	if err != nil {
		return coinbaseTxn{}, err
	}
	return coinbaseTxn{
		Data: string(text), ID: id.String(), Arbitrary: hex.EncodeToString(arbitrary),
		ExtranonceOffset: len(arbitrary) - w.size, ExtranonceSize: w.size, Required: true,
	}, nil
}

func describeBuild(w *templateWork) coinbaseBuild {
	b := coinbaseBuild{
		Extranonce: extranonceInfo{Size: w.size, Value: hex.EncodeToString(make([]byte, w.size))},
		Branch:     []string{},
	}
	for _, l := range w.job.CoinbaseLayers(w.size) {
		b.Layers = append(b.Layers, layerInfo{l.Tag, hex.EncodeToString(l.Prefix), hex.EncodeToString(l.Suffix)})
	}
	for _, right := range w.job.Branch() {
		b.Branch = append(b.Branch, hex.EncodeToString(right[:]))
	}
	return b
}

// solutionIn is BIP 23's truncated submit: the node has the rest of the block.
type solutionIn struct {
	WorkID     string  `json:"workid"`
	Nonce      *number `json:"nonce"`
	Timestamp  *number `json:"timestamp"`
	Extranonce *string `json:"extranonce"`
}

func (h *Handler) submitSolution(r *http.Request, in solutionIn) envelope {
	s, err := h.solution(in)
	if err != nil {
		return failure(err)
	}
	return answer(h.cfg.Submitter.Submit(r.Context(), s))
}

// solution finds the work of a submit, and makes the job that was hashed.
func (h *Handler) solution(in solutionIn) (s mining.Solution, err error) {
	switch {
	case in.WorkID == "":
		return s, errors.New("field workid: missing, expected the template's")
	case in.Nonce == nil:
		return s, errors.New("field nonce: missing, expected a number")
	case in.Timestamp == nil:
		return s, errors.New("field timestamp: missing, expected Unix seconds")
	}
	if s.Nonce, err = in.Nonce.unsigned("nonce"); err != nil {
		return s, err
	}
	if s.Timestamp, err = in.Timestamp.unsigned("timestamp"); err != nil {
		return s, err
	}
	w := h.templates.find(in.WorkID)
	if w == nil {
		return s, fmt.Errorf("%w: no template has workid %.40q: get a new one", mining.ErrUnknownWork, in.WorkID)
	}
	roll := make([]byte, w.size)
	if in.Extranonce != nil {
		if roll, err = hex.DecodeString(*in.Extranonce); err != nil || len(roll) != w.size {
			return s, fmt.Errorf("field extranonce: value %.40q: expected %d bytes in hexadecimal", *in.Extranonce, w.size)
		}
	}
	var low [8]byte
	copy(low[8-len(roll):], roll)
	extranonce := w.job.Extranonce | binary.BigEndian.Uint64(low[:])
	s.Job = mining.NewJob(w.job.Template, extranonce)
	return s, nil
}

// propose checks a block without its proof of work. The reason is one of BIP 22's with
// a sentence as error, or empty with an error about the request.
func (h *Handler) propose(ctx context.Context, data *string) (reason string, err error) {
	block, err := parseBlock("data", data)
	if err != nil {
		return "", err
	}
	if err := mining.CheckShape(block); err != nil {
		return reasonOf(err), err
	}
	id := block.Hash()
	if p := h.cfg.Source.Place(id, block.Height); p.Known {
		reason := "duplicate"
		if !p.Main {
			reason = "duplicate-inconclusive"
		}
		return reason, fmt.Errorf("block %s is known already", id.String())
	}
	tip := h.cfg.Source.Tip()
	if previous := block.PreviousBlockHash; previous != tip.Hash {
		if _, known := h.cfg.Source.After(previous); known {
			return "stale-prevblk", fmt.Errorf("it builds on %s, the tip is %s", previous.String(), tip.Hash.String())
		}
		return "prev-blk-not-found", fmt.Errorf("the parent %s is unknown, the tip is %s", previous.String(), tip.Hash.String())
	}
	if err := h.cfg.Source.Check(ctx, block); err != nil {
		return reasonOf(err), err
	}
	return "", nil
}

// reasonOf is an error's machine-readable reason.
func reasonOf(err error) string {
	var kind mining.ErrorKind
	if errors.As(err, &kind) {
		return string(kind)
	}
	return "rejected"
}

// txIndex is each transaction's place among others, from 1 on, by what it makes.
func txIndex(txs []*types.Tx) map[bc.Hash]int {
	index := make(map[bc.Hash]int)
	for i, tx := range txs {
		for _, id := range tx.ResultIds {
			index[*id] = i + 1
		}
	}
	return index
}
