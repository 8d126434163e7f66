package gbt

import (
	"context"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom-solo/bytom-solo/mining"
)

// Config is what the handlers need. All of it must be safe for concurrent use.
type Config struct {
	Source      mining.Source
	Generator   *mining.Generator
	Submitter   *mining.Submitter
	Miner       *mining.Miner
	Extranonces *mining.Extranonces
	// Handouts stores works over a restart; nil stores none.
	Handouts *mining.Handouts
	// Address is the address that coinbases pay; SetAddress changes it, calls the
	// generator's PayeeChanged, and returns the address as stored.
	Address    func() (string, error)
	SetAddress func(ctx context.Context, address string) (string, error)
	// PayeeLost says why the payee's rewards can't be spent any more; it returns "" if they
	// can, and may be nil.
	PayeeLost func() string
	// Tag is the operator's part of the coinbase's arbitrary data; SetTag changes
	// it, and calls the generator's PayeeChanged.
	Tag    func() []byte
	SetTag func(ctx context.Context, tag []byte)
	// Changed is called with each setting of the miner that a request has changed, its old
	// value and its new one; ctx is the request's. It may be nil.
	Changed func(ctx context.Context, what, old, now string)
	// Devices returns the names of the devices that match an operator's list.
	Devices func(list string) ([]string, error)
	// ParsePayee reads an address.
	ParsePayee func(address string) (mining.Payee, error)
	// Skipped returns how many transactions the last template was chosen from, and how many
	// of them were left out, by reason.
	Skipped func() (candidates int, skipped map[string]int)
	// Network is what is known of the network.
	Network Network
	// Chain is what is known of blocks.
	Chain Chain
	// Version is the embedded node's, major.minor.patch.
	Version string
	// LongpollHold is how long a longpoll is held, Expires for how long a template is
	// good at the most; zero is 25 s and two minutes.
	LongpollHold, Expires time.Duration
	// Overrides are the operator's, for the selection of transactions.
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

// New returns a Handler with its JSON-RPC methods.
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

// Stop answers all longpolls that wait, at once.
func (h *Handler) Stop() { h.stop() }

// WalletRoute, with a wallet's name behind it, is where Bitcoin's tools post the calls for
// one wallet. Here there is one or none, and the route serves what "/" does.
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
