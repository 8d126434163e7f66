package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
)

// Templates is where a Hub has its work from: a mining.Generator.
type Templates interface {
	mining.TemplateSource
	Current() (*mining.Template, error)
}

// Books is where a Hub books the shares of fronts: a ledger.Ledger.
type Books interface {
	// Book books a batch, once: see ledger.Ledger.
	Book(id ledger.BatchID, entries []ledger.Entry) (booked bool, err error)
	// BookedOnDisk is the highest batch of an epoch that is on the disk.
	BookedOnDisk(front string, epoch uint64) uint64
	// Flush brings what was booked to the disk.
	Flush() error
}

// HubConfig is what a Hub needs.
type HubConfig struct {
	Engine    Engine
	Key       Key
	Network   string
	Templates Templates
	// Fronts are those that are let in, with their names.
	Fronts map[PublicKey]string
	// Grant returns the ranges of extranonces of a front's epoch, as many as are asked for: those
	// that it has been given, and new ones, which are on the disk before it returns.
	Grant func(front string, epoch uint64, many int) ([]uint16, error)
	// Books keep the shares, Ledger says which ledger that is.
	Books  Books
	Ledger LedgerState
	// Found brings a block of a front's rig to the chain. It is called for each that comes, by several
	// goroutines at once.
	Found func(ctx context.Context, front PublicKey, b *Block) Verdict
	// Solved computes the proof of work of a block that is about to come, so that it is known then. It is
	// called for one at a time, by a goroutine of its own; nil does nothing.
	Solved func(ctx context.Context, header, seed [32]byte)
	// Split tells whether rigs' work is paid for, Owners whose a login's work is, where that is
	// not in the login.
	Split  bool
	Owners map[string]string
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// Hub is a node's side of its fronts: it publishes work and signs of life, lets fronts in, books
// their shares and takes their blocks. All methods are safe for concurrent use.
type Hub struct {
	cfg     HubConfig
	log     *slog.Logger
	subject string // what all of this node's begin with
	batches chan sealedBatch
	fenced  atomic.Pointer[LedgerState] // who keeps the ledger instead; nil while it is this node
	found   chan struct{}               // a place for each block that is on its way
	solved  chan struct{}               // a place for each of which it is computed
	stands  *lru.Cache[[32]byte, stands]

	mu        sync.Mutex
	newest    []byte   // the sealed work
	bodies    [][]byte // the sealed parts of its transactions, where they are too many for it
	sequence  uint64
	fronts    map[PublicKey]*frontSight
	ways      map[[32]byte]int // by how many ways a block is on its way to the chain, by its hash as it came
	told      *tellings
	strange   *tellings // of messages that anybody can have sent
	begun     time.Time
	strangers time.Time // when the last of them was answered
}

// frontSight is what is known of a front.
type frontSight struct {
	seen   time.Time
	at     int64     // when the latest of what it sent was sent, by its clock, in Unix milliseconds
	bodies time.Time // when it was last sent those of the newest work
	shares uint64
	blocks uint64
}

type sealedBatch struct {
	from  PublicKey
	batch *Batch
}

const (
	// beatEvery is the time between two signs of life.
	beatEvery = 2 * time.Second
	// mostBatches is how many batches may wait to be booked; fronts send others again.
	mostBatches = 256
	// mostFound is how many blocks may be on their way to the chain at once.
	mostFound = 32
	// bookEvery is the least time between two writes of what was booked.
	bookEvery = time.Second
)

// NewHub returns a Hub, which Run starts.
func NewHub(cfg HubConfig) *Hub {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Solved == nil {
		cfg.Solved = func(context.Context, [32]byte, [32]byte) {}
	}
	return &Hub{
		cfg: cfg, log: cfg.Log, stands: newLatest[[32]byte, stands](mostStands), subject: Subject(cfg.Key.Public()), batches: make(chan sealedBatch, mostBatches), found: make(chan struct{}, mostFound), solved: make(chan struct{}, 1),
		fronts: make(map[PublicKey]*frontSight), ways: make(map[[32]byte]int), told: newTellings(mostOwn), strange: newTellings(mostStrange), begun: time.Now(),
	}
}

// Run serves the fronts until ctx ends, and returns its error, or why the engine can't be used.
func (h *Hub) Run(ctx context.Context) error {
	for subject, got := range map[string]func([]byte){
		h.subject + ".from": func(data []byte) { h.take(ctx, data) },
		h.subject + ".beat": h.TakeBeat,
	} {
		cancel, err := h.cfg.Engine.Subscribe(subject, got)
		if err != nil {
			return fmt.Errorf("subscribe to %s: %w", subject, err)
		}
		defer cancel()
	}
	var parts sync.WaitGroup
	defer parts.Wait()
	parts.Go(func() { h.book(ctx) })
	h.publish(ctx)
	return ctx.Err()
}

// publish publishes each new template, and signs of life, until ctx ends.
func (h *Hub) publish(ctx context.Context) {
	templates, cancel := h.cfg.Templates.Subscribe()
	defer cancel()
	each := time.NewTicker(beatEvery)
	defer each.Stop()
	encoder := newTxEncoder()
	h.publishWork(encoder)
	for {
		select {
		case <-templates:
			h.publishWork(encoder)
		case <-each.C:
			h.beat()
		case <-ctx.Done():
			return
		}
	}
}

// beat publishes a sign of life.
func (h *Hub) beat() {
	if h.fenced.Load() != nil {
		return
	}
	h.mu.Lock()
	sequence := h.sequence
	h.mu.Unlock()
	h.sendSealed(h.subject+".beat", KindBeat, &Beat{Boot: h.boot(), Sequence: sequence, At: time.Now().UnixMilli(), Ledger: h.cfg.Ledger})
}

// engineGrace is how long the engine has to be reached after the start.
const engineGrace = 10 * time.Second

// send publishes a message. An engine that is away has it lost: whoever misses it asks again.
func (h *Hub) send(subject string, data []byte) {
	err := h.cfg.Engine.Publish(subject, data)
	if err == nil {
		return
	}
	level := slog.LevelWarn
	if time.Since(h.begun) < engineGrace {
		level = slog.LevelDebug
	}
	h.tell(level, "fronts can't be reached", "error", err.Error())
}

func (h *Hub) sendSealed(subject string, kind Kind, body any) {
	sealed, err := h.cfg.Key.Seal(h.cfg.Network, kind, body)
	if err != nil {
		h.log.Error("a message to fronts can't be made", "kind", kind, "error", err)
		return
	}
	h.send(subject, sealed)
}

// tell logs something once a minute. The value is the reason.
func (h *Hub) tell(level slog.Level, text, key, value string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.told.worth(text+value, time.Now()) {
		h.log.Log(context.Background(), level, text, key, value)
	}
}

// refuse logs why a message is not taken.
func (h *Hub) refuse(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.strange.worth(err.Error(), time.Now()) {
		h.log.Warn("a message to this node's fronts subject is refused", "error", err.Error())
	}
}

// take takes a message of a front. It returns at once.
func (h *Hub) take(ctx context.Context, data []byte) {
	if h.fenced.Load() != nil {
		return
	}
	m, err := Open(data, h.cfg.Network, h.known)
	if err != nil {
		if errors.Is(err, ErrUnknownSender) {
			h.answerStranger(m.From, fmt.Errorf("%w: the node's fleet.fronts has to name it, as NAME=KEY", err))
		}
		h.refuse(err)
		return
	}
	switch body := m.Body.(type) {
	case *Hello:
		h.saw(m.From, body.At)
		h.welcome(m.From, body)
	case *Batch:
		select {
		case h.batches <- sealedBatch{m.From, body}:
		default: // It is sent again.
		}
	case *Block:
		h.saw(m.From, body.At)
		h.takeBlock(ctx, m.From, body)
	case *Solved:
		h.takeSolved(ctx, body)
	default:
		h.refuse(fmt.Errorf("kind %v is not for a node", m.Kind))
	}
}

// known reports whether a front is let in.
func (h *Hub) known(key PublicKey) bool { _, ok := h.cfg.Fronts[key]; return ok }

// answersToStrangers is the least time between two of them: each costs a signature.
const answersToStrangers = 200 * time.Millisecond

// answerStranger tells a front that it is not let in, where it can be told. The key is only what
// the message claims to be of.
func (h *Hub) answerStranger(key PublicKey, err error) {
	h.mu.Lock()
	now := time.Now()
	answer := key != (PublicKey{}) && now.Sub(h.strangers) >= answersToStrangers
	if answer {
		h.strangers = now
	}
	h.mu.Unlock()
	if answer {
		h.sendSealed(h.to(key), KindRefused, &Refused{Why: err.Error()})
	}
}

func (h *Hub) to(front PublicKey) string { return h.subject + ".to." + front.String() }

// saw notes that there is news of a front, which sent it at a time of its clock's. What was sent no later than
// the latest of it may be a recording.
func (h *Hub) saw(key PublicKey, at int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.sight(key); at > s.at {
		s.seen, s.at = time.Now(), at
	}
}

// sight is what is known of a front. The caller holds mu.
func (h *Hub) sight(key PublicKey) *frontSight {
	s := h.fronts[key]
	if s == nil {
		s = &frontSight{}
		h.fronts[key] = s
		h.log.Info("front connected", "front", h.cfg.Fronts[key], "key", key.String())
	}
	return s
}

// mostRanges is how many ranges an epoch of a front can have: four million logins.
const mostRanges = 64

// bodiesEvery is the least time between two sendings of a template's transactions, which can be megabytes, to
// a front that lacks them.
const bodiesEvery = 5 * time.Second

// welcome answers a front that says hello. One that is said again gets nothing new, so that a
// recording of it takes nothing from the space of extranonces.
func (h *Hub) welcome(front PublicKey, hello *Hello) {
	w := &Welcome{Epoch: hello.Epoch, Booked: h.cfg.Books.BookedOnDisk(front.String(), hello.Epoch), Ledger: h.cfg.Ledger}
	var err error
	if w.Ranges, err = h.cfg.Grant(front.String(), hello.Epoch, min(max(0, hello.Need), mostRanges)); err != nil {
		h.tell(slog.LevelError, "a front gets no extranonces", "error", err.Error())
		h.sendSealed(h.to(front), KindRefused, &Refused{Why: err.Error()})
		return
	}
	h.mu.Lock()
	w.Work = h.newest
	var bodies [][]byte
	if s := h.sight(front); len(h.bodies) > 0 && time.Since(s.bodies) >= bodiesEvery {
		s.bodies, bodies = time.Now(), h.bodies
	}
	h.mu.Unlock()
	for _, body := range bodies {
		h.send(h.to(front), body)
	}
	h.sendSealed(h.to(front), KindWelcome, w)
}

// TakeBeat takes a sign of life of a node with this one's key, which may be another: the ledger
// can have one writer, which is the one of the later term.
func (h *Hub) TakeBeat(data []byte) {
	m, err := Open(data, h.cfg.Network, func(key PublicKey) bool { return key == h.cfg.Key.Public() })
	if err != nil {
		return
	}
	b, ok := m.Body.(*Beat)
	if !ok || b.Ledger.Instance == h.cfg.Ledger.Instance || !h.cfg.Ledger.Before(b.Ledger) {
		return
	}
	other := b.Ledger
	if h.fenced.Swap(&other) == nil {
		h.log.Error("another node with this one's key serves the fronts: this one books no shares of theirs and gives them no work until it is started again",
			"term", h.cfg.Ledger.Term, "others_term", other.Term, "ledger", h.cfg.Ledger.ID, "others_ledger", other.ID)
	}
}

// Fenced is who serves the fronts instead of this node; nil while this one does.
func (h *Hub) Fenced() *LedgerState { return h.fenced.Load() }
