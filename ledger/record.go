package ledger

import "time"

// Kind is what became of a submit.
type Kind uint8

// What becomes of submits.
const (
	Accepted  Kind = iota
	Stale          // of a former tip
	Duplicate      // came before
	Low            // its hash misses the target of its job
	Invalid        // could not be judged, as its job is unknown or its nonce is none
	LoggedIn       // no submit: the rig has connected
)

// Entry is one judged submit of a rig.
type Entry struct {
	At time.Time
	// Rig is the name that it is counted by, Address where the rig connected from and Agent
	// its program; the latest ones are kept.
	Rig, Address, Agent string
	Kind                Kind
	// Effective is the effective difficulty of the share's own job, Network the network's
	// difficulty at that time. Both are in hashes: what a share, or a block, takes on
	// average. They count where Kind is Accepted.
	Effective, Network float64
	// Difficulty is that of the share's hash, in hashes, 0 if not known; the best is kept.
	Difficulty float64
	// Block is the hash of the block that the share made, if that is on the best chain, or
	// empty; Height its height.
	Block  string
	Height uint64
	// Work is what the share is worth, as mining.Target.Work counts it, Owner whose it is,
	// empty for the operator, and Solved the hash of the block that it made, on the best
	// chain or not. They count where Kind is Accepted.
	Work          uint64
	Owner, Solved string
}

// Tally counts submits by what became of them, and what they are worth.
type Tally struct {
	Accepted  uint64 `json:"accepted"`
	Stale     uint64 `json:"stale"`
	Duplicate uint64 `json:"duplicate"`
	Low       uint64 `json:"low"`
	Invalid   uint64 `json:"invalid"`
	// Work is the sum of the accepted shares' effective difficulties: the hashes that
	// they took on average.
	Work float64 `json:"work"`
	// Expected is the sum of the accepted shares' effective difficulties, each divided by
	// the network's difficulty at its time: the blocks that the work finds on average. PPS
	// pays it times a block's reward.
	Expected float64 `json:"expected_blocks"`
	// Blocks is how many blocks of the best chain were found.
	Blocks uint64 `json:"blocks"`
	// Best is the highest difficulty of an accepted share's hash.
	Best float64 `json:"best"`
}

func (t *Tally) count(e Entry) {
	switch e.Kind {
	case Accepted:
		t.Accepted++
		t.Work += e.Effective
		if e.Network > 0 {
			t.Expected += e.Effective / e.Network
		}
		t.Best = max(t.Best, e.Difficulty)
	case Stale:
		t.Stale++
	case Duplicate:
		t.Duplicate++
	case Low:
		t.Low++
	default:
		t.Invalid++
	}
	if e.Block != "" {
		t.Blocks++
	}
}

// Add adds another tally.
func (t *Tally) Add(o Tally) {
	t.Accepted += o.Accepted
	t.Stale += o.Stale
	t.Duplicate += o.Duplicate
	t.Low += o.Low
	t.Invalid += o.Invalid
	t.Work += o.Work
	t.Expected += o.Expected
	t.Blocks += o.Blocks
	t.Best = max(t.Best, o.Best)
}

// Row is what a rig did in one hour of one round.
type Row struct {
	Rig string `json:"rig"`
	// Hour is the start of the hour, in UTC.
	Hour time.Time `json:"hour"`
	// Round is the number of blocks that rigs had found before: a block ends a round, and
	// the share that made it is the round's last.
	Round uint32 `json:"round"`
	Tally
	// Network is the network difficulty of the last accepted share, whose time is Last.
	Network float64   `json:"network_difficulty"`
	Last    time.Time `json:"last_share"`
}

// add adds what was counted later for the same row.
func (r *Row) add(o *Row) {
	r.Tally.Add(o.Tally)
	if !o.Last.IsZero() {
		r.Network, r.Last = o.Network, o.Last
	}
}

// Block is a block that a rig found: the end of a round.
type Block struct {
	Round  uint32    `json:"round"`
	Rig    string    `json:"rig"`
	Hash   string    `json:"hash"`
	Height uint64    `json:"height"`
	At     time.Time `json:"at"`
	// Share is the sequence number of the share that made it.
	Share uint64 `json:"share"`
}

// Share is one accepted share of the log.
type Share struct {
	// Sequence numbers all accepted shares since the ledger was created. A gap is where
	// shares were lost before they were written.
	Sequence uint64
	At       time.Time // UTC, to the millisecond
	Rig      string
	// Effective and Network are as in Entry, and so are Work and Owner. Shares of before a
	// version that counted it have no Work.
	Effective, Network float64
	Work               uint64
	Owner              string
	// Policy is what SetPolicy had set when it came, 0 if nothing.
	Policy uint32
}
