package gbt

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

// Config is what the handlers need. All of it must be safe for concurrent use.
type Config struct {
	Source      mining.Source
	Generator   *mining.Generator
	Submitter   *mining.Submitter
	Miner       *mining.Miner
	Extranonces *mining.Extranonces
	// Handouts keep the works over a restart; nil keeps none.
	Handouts *mining.Handouts
	// Address is the address that coinbases pay; SetAddress changes it, tells the
	// generator and gives it back as stored.
	Address    func() (string, error)
	SetAddress func(ctx context.Context, address string) (string, error)
	// PayeeLost says why what the payee is paid can't be spent any more; it is empty where
	// that is not so, and may be nil.
	PayeeLost func() string
	// Tag is the operator's part of the coinbase's arbitrary data; SetTag changes
	// it, and tells the generator.
	Tag    func() []byte
	SetTag func(ctx context.Context, tag []byte)
	// Changed is told what a call has changed of the miner, and from what to what; ctx is
	// the call's. nil is told nothing.
	Changed func(ctx context.Context, what, old, now string)
	// Devices are the names of the devices that an operator's list of them means.
	Devices func(list string) ([]string, error)
	// ParsePayee reads an address.
	ParsePayee func(address string) (mining.Payee, error)
	// Skipped is how many transactions the last template was chosen from, and how many
	// were left out for which reason.
	Skipped func() (candidates int, skipped map[string]int)
	// Network is what is known of the network.
	Network Network
	// Chain is what is known of blocks.
	Chain Chain
	// Version is the embedded node's, major.minor.patch.
	Version string
	// LongpollHold is how long a longpoll is held, Expires for how long a template is
	// good at the most; zero is 60 s and two minutes.
	LongpollHold, Expires time.Duration
	// Overrides is the operator's say in the choice of transactions.
	Overrides Overrides
}

// Handler answers the mining routes. It is safe for concurrent use.
type Handler struct {
	cfg          Config
	works        *works
	templates    *templateWorks
	transactions transactionsCache
	renderings   renderings
	waves        waves
	methods      map[string]*rpcMethod // JSON-RPC's, by name
	started      time.Time
	stopping     context.Context
	stop         context.CancelFunc
}

// New makes the handlers.
func New(cfg Config) *Handler {
	if cfg.LongpollHold == 0 {
		cfg.LongpollHold = longpollHold
	}
	if cfg.Expires == 0 {
		cfg.Expires = 2 * time.Minute
	}
	h := &Handler{
		cfg: cfg, works: newWorks(cfg.Extranonces.Lease(), maxWorks, cfg.Handouts), templates: newTemplateWorks(maxWorks, cfg.Handouts),
		started: time.Now(),
	}
	h.addMethods(h.chainMethods())
	h.addMethods(h.miningMethods())
	h.stopping, h.stop = context.WithCancel(context.Background())
	return h
}

// Stop has all that wait answered at once.
func (h *Handler) Stop() { h.stop() }

// WalletRoute is where Bitcoin's tools post, with a wallet's name behind, what concerns
// one. Here there is one, or none, and it serves what "/" does.
const WalletRoute = "/wallet/"

// Register adds the routes to a router. As on the stock node any method will do.
func (h *Handler) Register(r *mux.Router) {
	r.Handle("/get-work", call(h.getWork))
	r.Handle("/get-work-json", call(h.getWorkJSON))
	r.Handle("/submit-work", callWith(h.submitWork))
	r.Handle("/submit-work-json", callWith(h.submitWorkJSON))
	r.Handle("/submit-block", callWith(h.submitBlock))
	r.Handle("/is-mining", call(h.isMining))
	r.Handle("/set-mining", callStrict(h.setMining))
	r.Handle("/get-mining-address", call(h.getAddress))
	r.Handle("/set-mining-address", callStrict(h.setAddress))
	r.Handle("/get-coinbase-arbitrary", call(h.getTag))
	r.Handle("/set-coinbase-arbitrary", callStrict(h.setTag))
	for _, route := range []string{"/get-block-template", "/getblocktemplate"} {
		r.Handle(route, callStrict(h.template, otherTemplateFields...))
	}
	r.Handle("/submit-solution", callSolved(h.submitSolution))
	r.Handle("/mining-info", call(h.miningInfo))
	r.Path("/").Methods(http.MethodPost).HandlerFunc(h.serveJSONRPC)
	r.Path(WalletRoute + "{name:.*}").Methods(http.MethodPost).HandlerFunc(h.serveJSONRPC)
	r.Handle("/prioritise-transaction", callStrict(h.prioritise))
	r.Handle("/exclude-transaction", callStrict(h.exclude))
	r.Handle("/list-overrides", call(h.listOverrides))
	r.Handle("/explain-template", callStrict(h.explain))
}

// otherTemplateFields are those of BIP 22, 23 and 9 that nothing here depends on.
var otherTemplateFields = []string{"workid", "target", "maxversion", "nonces", "sigoplimit", "sizelimit", "version", "vbavailable", "vbrequired"}

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
	return answer(h.cfg.Submitter.Submit(r.Context(), mining.Solution{Job: j, Timestamp: header.Timestamp, Nonce: header.Nonce, By: by}))
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

func (h *Handler) submitBlock(r *http.Request, in wire.SubmitBlock) envelope {
	block, err := parseBlock("raw_block", in.Block)
	if err != nil {
		return failure(err)
	}
	return answer(h.cfg.Submitter.SubmitBlock(r.Context(), block, finder(withCaller(r), mining.FoundByBlock)))
}

// answer tells a submitter what became of its block: true, as the stock node
// does, if it is the new best one, else BIP 22's reason.
func answer(v mining.Verdict, err error) envelope {
	if err != nil {
		return failure(err)
	}
	reason, id := reasonOfVerdict(v), v.Block.String()
	switch v.Outcome {
	case mining.MainChain:
		return success(true)
	case mining.SideChain:
		return refused(reason, fmt.Sprintf("block %s is valid, but lost the race to %s", id, v.Winner.String()))
	case mining.Duplicate:
		return refused(reason, known(id, v.Invalid))
	default:
		return refused(reason, fmt.Sprintf("block submitted is orphan: the parent of %s is unknown", id))
	}
}

// reasonOfVerdict is BIP 22's word for what became of a block; empty for the new best
// one.
func reasonOfVerdict(v mining.Verdict) string {
	switch v.Outcome {
	case mining.MainChain:
		return ""
	case mining.SideChain:
		return "inconclusive"
	case mining.Duplicate:
		return reasonOfKnown(v.Main, v.Invalid)
	default:
		return "prev-blk-not-found"
	}
}

// reasonOfKnown is BIP 22's word for a block that the chain has.
func reasonOfKnown(main bool, invalid error) string {
	switch {
	case main:
		return "duplicate"
	case invalid != nil:
		return "duplicate-invalid"
	}
	return "duplicate-inconclusive"
}

// known is a sentence about a block that the chain has.
func known(id string, invalid error) string {
	if invalid != nil {
		return fmt.Sprintf("block %s is known already, and was refused: %v", id, invalid)
	}
	return fmt.Sprintf("block %s is known already", id)
}

func refused(reason, debug string) envelope {
	e := failure(errors.New(debug))
	e.Data = refusal{Reason: reason, Debug: debug}
	return e
}

// settle waits until every template that is asked for has what was just changed: success
// says so. A caller who goes away, and the node's end, end the waiting.
func (h *Handler) settle(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.stopping, cancel)()
	_ = h.cfg.Generator.Settle(ctx) // Nobody is left to be told.
}
