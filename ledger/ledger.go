// Package ledger keeps what rigs did: a row for each rig, hour and round, a log of the
// accepted shares with whose they are, the blocks that rigs found and the hashrates of the
// last day, in a file. It knows nothing of where shares come from, and pays nobody.
package ledger

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// Config says where a ledger is kept, and how much of it.
type Config struct {
	// Path is the bbolt file; one process at a time can have it open.
	Path string
	// ReadOnly opens the file for reading: nothing is written to it.
	ReadOnly bool
	// Rigs is how many rigs are counted by name; 0 takes 10,000. What others do is counted
	// under OtherRigs.
	Rigs int
	// Days is how many days with work are kept, the latest not counted; 0 takes 400. They
	// are days that the ledger has rows of, not days by the clock: one wrong reading of the
	// clock deletes nothing. Rows is how many rows are kept at most, and Shares how many
	// shares; the oldest go first; 0 takes a million each. Shares that Keep names stay.
	Days, Rows, Shares int
	// Flush is the time between two writes, which is what a kill can lose; 0 takes 5 s.
	Flush time.Duration
	// Now is the clock; nil takes time.Now.
	Now func() time.Time
	// Log receives what goes wrong; nil discards it.
	Log *slog.Logger
}

// OtherRigs is the name under which the rigs beyond Config.Rigs are counted.
const OtherRigs = "(others)"

// Ledger keeps what each rig did: a row for each hour and round, which is all that PPS
// and the long windows of PPLNS and DGM need, and a log of the last accepted shares in
// their order, for schemes that depend on the order. It pays nobody.
//
// Add changes memory alone and never waits for the disk: Run writes every few seconds,
// and Close the rest. A kill loses at most what came since the last write, and never a
// part of a share: rows, shares and blocks are written in one transaction. A file that
// can't be read or written stops nothing: the failure is logged once, counting goes on in
// memory, and what has not been written is tried again; 100,000 shares and as many
// rows may wait for that, or a little more, and the oldest are dropped beyond. All methods
// are safe for concurrent use.
type Ledger struct {
	cfg    Config
	log    *slog.Logger
	opened time.Time // with the monotonic clock, which rates and ages go by
	seen   time.Time // when the file was last written before it was opened

	failing atomic.Bool // the last write failed

	disk sync.Mutex // one write at a time; taken before mu
	file *file

	mu       sync.Mutex // guards what follows
	rigs     map[string]*rigState
	nextID   uint32
	swept    time.Time
	rows     map[rowKey]*Row // what is to be added to those in the file
	pending  []loggedShare   // accepted, not written
	blocks   []Block         // the same
	gone     []string        // rigs to be forgotten on the disk
	solved   map[string]uint64
	owners   owners
	sequence uint64 // of the next accepted share
	round    uint32
	policy   uint32 // of the shares that come
	kept     uint64 // shares from it on are not pruned
	marks    marks  // of batches that fronts sent
	writing  int    // shares or rows, whichever are more, that a write under way has taken
	id       string
	total    Tally // since it was opened
}

// rigState is what is known of a rig in memory.
type rigState struct {
	id      uint32
	dirty   bool
	summary rigSummary
	rates   rates
	met     time.Time // its latest login or submit in this run, else the run's start
}

// rigSummary is what of a rig outlives its rows.
type rigSummary struct {
	ID      uint32    `json:"id"`
	Address string    `json:"address"`
	Agent   string    `json:"agent"`
	First   time.Time `json:"first"`
	Seen    time.Time `json:"seen"`
	Last    time.Time `json:"last_share"`
	Tally
}

// mostPending bounds the memory of shares, and of rows, that can't be written.
const mostPending = 100_000

// Open opens a ledger, and creates the file if there is none. A damaged file is set
// aside, under a name with the time in it, and a new one begun. Where no file can be used
// the ledger works from memory. Both are logged.
func Open(cfg Config) *Ledger {
	l := newInMemory(cfg)
	err := l.open()
	if errors.Is(err, boltcheck.ErrDamaged) {
		if to, failed := l.setAside(); failed != nil {
			err = errors.Join(err, failed)
		} else {
			l.log.Warn("the ledger of what rigs do was damaged: it is set aside, and a new one begun", "set_aside", to, "error", err)
			err = l.open()
		}
	}
	if err != nil {
		l.log.Error("what rigs do is counted, but not kept", "file", cfg.Path, "error", err)
	}
	l.warnOfJump()
	return l
}

// Saved reports whether what is counted gets to the disk.
func (l *Ledger) Saved() bool { return l.file != nil && !l.failing.Load() }

// InMemory returns a ledger without a file: what it counted is lost with it, and of rows
// and shares it holds at most 200,000 each.
func InMemory() *Ledger { return newInMemory(Config{}) }

// Claim marks the ledger as that of a network, and fails if it is another's: see
// boltcheck.DB.Claim. A ledger in memory belongs to none.
func (l *Ledger) Claim(network string) error {
	if l.file == nil {
		return nil
	}
	return l.file.Claim(network)
}

// Read opens a ledger for reading alone. It fails if there is no file, or if a node has
// it open.
func Read(path string) (*Ledger, error) {
	l := newInMemory(Config{Path: path, ReadOnly: true})
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

func newInMemory(cfg Config) *Ledger {
	limit := func(v *int, otherwise int) {
		if *v <= 0 {
			*v = otherwise
		}
	}
	limit(&cfg.Rigs, 10_000)
	limit(&cfg.Days, 400)
	limit(&cfg.Rows, 1_000_000)
	limit(&cfg.Shares, 1_000_000)
	if cfg.Flush <= 0 {
		cfg.Flush = 5 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Ledger{
		cfg: cfg, log: cfg.Log, opened: cfg.Now(),
		rigs: make(map[string]*rigState), rows: make(map[rowKey]*Row), solved: make(map[string]uint64),
		owners: newOwners(), marks: newMarks(), kept: math.MaxUint64, id: rand.Text(),
	}
}

// Login records that a rig has connected, before it has sent anything: its rates count
// from its first login.
func (l *Ledger) Login(at time.Time, rig, address, agent string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rigOf(Entry{At: at, Rig: rig, Address: address, Agent: agent})
}

// Add counts a submit. A block with it ends the round.
func (l *Ledger) Add(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(e)
}

// add is Add. The caller holds mu.
func (l *Ledger) add(e Entry) {
	name, rig := l.rigOf(e)
	rig.summary.count(e)
	l.total.count(e)
	row := l.row(e.At, rig.id)
	row.count(e)
	if e.Kind != Accepted && e.Block == "" {
		return
	}
	rig.summary.Last, row.Last, row.Network = e.At, e.At, e.Network
	if e.Kind == Accepted {
		rig.rates.add(l.steady(e.At), e.Effective)
		l.pending = append(l.pending, loggedShare{l.sequence, e.At.UnixMilli(), rig.id, e.Effective, e.Network, e.Work, l.owners.id(e.Owner), l.policy})
		l.noteSolved(e.Solved, l.sequence)
		l.sequence++
	}
	if l.file == nil && max(len(l.pending), len(l.rows)) >= 2*mostPending {
		l.trim() // Nobody will ever write it.
		l.forgetUnnamed()
	}
	if e.Block != "" {
		l.blocks = append(l.blocks, Block{l.round, name, e.Block, e.Height, e.At, l.sequence - 1})
		l.round++
	}
}

// rigOf returns an entry's rig and the name that it is counted by, and creates it if it
// is new.
func (l *Ledger) rigOf(e Entry) (string, *rigState) {
	name := e.Rig
	rig := l.rigs[name]
	if rig == nil && len(l.rigs) >= l.cfg.Rigs {
		l.sweep(e.At)
		if len(l.rigs) >= l.cfg.Rigs {
			name, e.Address, e.Agent = OtherRigs, "", ""
			rig = l.rigs[name]
		}
	}
	if rig == nil {
		rig = &rigState{id: l.nextID, summary: rigSummary{ID: l.nextID, First: e.At}}
		rig.rates.start = l.steady(e.At)
		l.rigs[name] = rig
		l.nextID++
	}
	rig.dirty, rig.met = true, e.At
	rig.summary.Address, rig.summary.Agent, rig.summary.Seen = e.Address, e.Agent, e.At
	return name, rig
}

// sweep forgets rigs that never had a share accepted, and have not been seen for an hour.
// Names cost nothing to make up.
func (l *Ledger) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for name, r := range l.rigs {
		if r.summary.Accepted == 0 && now.Sub(r.met) > time.Hour {
			l.forget(name, r.id)
		}
	}
}

func (l *Ledger) forget(name string, id uint32) {
	delete(l.rigs, name)
	l.gone = append(l.gone, name)
	for key := range l.rows {
		if key.rig == id {
			delete(l.rows, key)
		}
	}
}

// row returns a rig's present row, and creates it if there is none.
func (l *Ledger) row(at time.Time, id uint32) *Row {
	key := rowKey{hourOf(at), l.round, id}
	row := l.rows[key]
	if row == nil {
		row = &Row{Hour: key.time(), Round: l.round}
		l.rows[key] = row
	}
	return row
}
