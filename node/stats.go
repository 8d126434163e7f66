package node

import (
	"time"

	"github.com/bytom-solo/bytom-solo/history"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/watch"
)

// Stats is what the node did and what it can hope for, as /mining/api/v1/status has it. What
// is not known yet is null, and never 0.
type Stats struct {
	At time.Time `json:"at"`
	// Network, Node and Height say whose figures these are.
	Network string `json:"network"`
	Node    string `json:"node"`
	Height  uint64 `json:"height"`
	Peers   int    `json:"peers"`
	// Highest is the height of the peer that is ahead of all others, null without peers;
	// ClockAhead how far the peers' clocks seem to be ahead of this one, in seconds.
	Highest    *uint64  `json:"highest"`
	ClockAhead *float64 `json:"clock_ahead_seconds"`
	// Stratum is where rigs connect to; null without a port for them.
	Stratum *string `json:"stratum"`
	// Mining tells whether the node's own devices are switched on and not paused at its terminal,
	// NotReady why no work is
	// handed out, Payee whom the present work pays.
	Mining   bool    `json:"mining"`
	Paused   bool    `json:"paused"`
	NotReady *string `json:"not_ready"`
	Payee    *string `json:"payee"`
	// Work is what is being hashed; null while there is none.
	Work *WorkStats `json:"work"`
	// Difficulty is how many hashes a block takes on average.
	Difficulty *float64 `json:"difficulty"`
	// Hashrate is by the time that it is taken over.
	Hashrate HashrateWindows `json:"hashrate"`
	Effort   *EffortStats    `json:"effort"`
	// Luck is of the latest 10, 100 and 1,000 blocks that devices and rigs found, as far as
	// there are any.
	Luck []history.Luck `json:"luck"`
	Odds *OddsStats     `json:"odds"`
	// BestShare is the rigs' best.
	BestShare *BestShare  `json:"best_share"`
	Blocks    BlockCounts `json:"blocks"`
	// Rigs is null where there never was a port for them.
	Rigs    *RigCounts   `json:"rigs"`
	History HistoryState `json:"history"`
	// Watch is the watched pools and nodes.
	Watch []watch.Status `json:"watch"`
	// Payouts tells whether PayoutStatsRoute answers: blocks are split, or were once.
	Payouts bool `json:"payouts"`
	// Faults are what is wrong now, the worst first.
	Faults []Fault `json:"faults"`
	// Front is there where a front answers; Fronts are a node's, null where it serves none.
	Front  *FrontStats   `json:"front"`
	Fronts []FrontsStats `json:"fronts"`
}

// HashrateWindows are hashrates over the last 5 minutes, hour, day and week.
type HashrateWindows struct {
	Now  HashrateWindow `json:"now"`
	Hour HashrateWindow `json:"1h"`
	Day  HashrateWindow `json:"24h"`
	Week HashrateWindow `json:"7d"`
}

// HashrateWindow is what was done in a time.
type HashrateWindow struct {
	// Hashrate is that of Devices, which count their hashes, and of Rigs, whose shares tell,
	// in hashes a second; null where the node was off all the time.
	Hashrate *float64 `json:"hashrate"`
	Devices  *float64 `json:"devices"`
	Rigs     *float64 `json:"rigs"`
	// Band is by what part of itself the rigs' hashrate may be off, one standard deviation;
	// null without shares.
	Band *float64 `json:"band"`
	// Covered is how much of the time the node ran, in seconds.
	Covered float64 `json:"covered_seconds"`
	// Blocks were found by devices and rigs, where Expected were to be found on average;
	// ChanceOfFewer is the probability of so many or fewer, null without any work.
	Blocks        uint32   `json:"blocks"`
	Expected      float64  `json:"expected_blocks"`
	ChanceOfFewer *float64 `json:"chance_of_fewer"`
}

// EffortStats is the work since a block was found.
type EffortStats struct {
	// Value is the work by what a block takes on average.
	Value float64 `json:"value"`
	// Since is when the latest block was found, or, where AfterBlock is false, when the
	// history began.
	Since      time.Time `json:"since"`
	AfterBlock bool      `json:"after_block"`
	// Chance is the probability that a block takes so much work or more.
	Chance float64 `json:"chance_of_worse"`
}

// OddsStats is what the present hashrate can hope for.
type OddsStats struct {
	// Expected is the average time to a block, in seconds.
	Expected float64 `json:"expected_seconds"`
	// Day, Month and Year are the probabilities of one or more within 1, 30 and 365 days.
	Day   float64 `json:"day"`
	Month float64 `json:"month"`
	Year  float64 `json:"year"`
}

// BestShare is the best share of a rig since its first login.
type BestShare struct {
	Difficulty float64 `json:"difficulty"`
	Rig        string  `json:"rig"`
	// Part is its difficulty by the network's.
	Part *float64 `json:"part"`
}

// BlockCounts is how many blocks were found since the history began, by anybody, and the
// latest.
type BlockCounts struct {
	Found uint64      `json:"found"`
	Last  *BlockStats `json:"last"`
}

// BlockStats is a found block as the history has it.
type BlockStats struct {
	At     time.Time `json:"at"`
	Height uint64    `json:"height"`
	Hash   string    `json:"hash"`
	// Effort is the work since the block before; null where others found it, of whose work
	// nobody knows.
	Effort *float64 `json:"effort"`
}

// RigCounts is how many rigs are connected, and how many are known.
type RigCounts struct {
	Online int `json:"online"`
	Known  int `json:"known"`
}

// HistoryState is what there is of the history.
type HistoryState struct {
	// Since is when it begins; Saved tells whether it gets to the disk.
	Since *time.Time `json:"since"`
	Saved bool       `json:"saved"`
}

// nowWindow is what the present hashrate is taken over: twelve shares a minute are sixty.
const nowWindow = 5 * time.Minute

// stats are those of now.
func (n *Node) stats() Stats {
	s := Stats{
		At: time.Now().UTC(), Network: n.config.Bytom.ChainID, Node: n.config.Bytom.NodeAlias,
		Height: n.bytom.chain.BestBlockHeight(), Mining: n.miner.Mining(), Paused: n.miner.Settings().Paused, Luck: []history.Luck{},
		Watch:   n.watch.Sources(),
		Payouts: n.payouts != nil,
		Faults:  n.faults.now(), Fronts: n.frontsStats(),
	}
	s.addNetwork(n)
	if t, err := n.generator.Current(); err != nil {
		why := err.Error()
		s.NotReady = &why
	} else {
		s.Payee, s.Work = &t.Payee.Address, n.workStats(t)
	}
	if d := mining.TargetFromBits(n.found.source.Tip().Bits).Difficulty(); d > 0 {
		s.Difficulty = &d
	}
	s.addHistory(n.history)
	s.addRigs(&n.station)
	return s
}

// addNetwork adds what peers say, and where rigs connect to.
func (s *Stats) addNetwork(n *Node) {
	if !n.config.Bytom.VaultMode {
		s.Peers = n.bytom.sync.PeerCount()
		if best := n.bytom.sync.BestPeer(); best != nil {
			s.Highest = &best.Height
		}
	}
	if ahead, known := n.clock.measured(); known {
		seconds := ahead.Seconds()
		s.ClockAhead = &seconds
	}
	if n.rigPort != nil {
		url := n.rigURL()
		s.Stratum = &url
	}
}

// addHistory adds what the history knows.
func (s *Stats) addHistory(h *history.History) {
	s.Hashrate = HashrateWindows{
		Now: newHashrateWindow(h.Over(nowWindow)), Hour: newHashrateWindow(h.Over(time.Hour)),
		Day: newHashrateWindow(h.Over(history.Day.Length())), Week: newHashrateWindow(h.Over(history.Week.Length())),
	}
	if e, ok := h.Effort(); ok {
		s.Effort = &EffortStats{Value: e.Value, Since: e.Since, AfterBlock: e.AfterBlock, Chance: history.ChanceOfMoreWork(1, e.Value)}
	}
	for _, most := range []int{10, 100, 1000} {
		if l, ok := h.Luck(most); ok && (len(s.Luck) == 0 || l.Blocks > s.Luck[len(s.Luck)-1].Blocks) {
			s.Luck = append(s.Luck, l)
		}
	}
	if now := s.Hashrate.Now.Hashrate; now != nil && s.Difficulty != nil {
		if o, ok := history.OddsOf(*now, *s.Difficulty); ok {
			s.Odds = &OddsStats{Expected: o.Seconds, Day: o.Day, Month: o.Month, Year: o.Year}
		}
	}
	blocks, total := h.Blocks()
	if s.Blocks.Found = total; len(blocks) > 0 {
		last := newBlockStats(blocks[len(blocks)-1])
		s.Blocks.Last = &last
	}
	if since, ok := h.Since(); ok {
		s.History.Since = &since
	}
	s.History.Saved = h.Saved()
}

func newHashrateWindow(s history.Sample) HashrateWindow {
	w := HashrateWindow{Covered: s.Covered, Blocks: s.Measured, Expected: s.Expected}
	if rate, ok := s.Rate(); ok {
		devices, rigs := s.Hashes/s.Covered, s.Work/s.Covered
		w.Hashrate, w.Devices, w.Rigs = &rate, &devices, &rigs
	}
	if band, ok := history.Band(s.Shares); ok {
		w.Band = &band
	}
	if s.Expected > 0 {
		chance := history.ChanceOfFewer(int(s.Measured), s.Expected)
		w.ChanceOfFewer = &chance
	}
	return w
}

func newBlockStats(b history.Block) BlockStats {
	s := BlockStats{At: b.At, Height: b.Height, Hash: b.Hash}
	if b.Measured {
		s.Effort = &b.Effort
	}
	return s
}

// onlineRigs is how many rigs are connected. Another node's --watch is none: where nobody else is
// connected, nobody mines.
func (n *station) onlineRigs() (online int) {
	if n.rigs == nil {
		return 0
	}
	for _, r := range n.rigs.Rigs() {
		if miningSessions(r) > 0 {
			online++
		}
	}
	return online
}

// addRigs adds what the ledger and the rigs' server know.
func (s *Stats) addRigs(n *station) {
	if n.ledger == nil {
		return
	}
	s.Rigs = &RigCounts{Online: n.onlineRigs()}
	for _, r := range n.ledger.Tallies() {
		s.Rigs.Known++
		if r.Best > 0 && (s.BestShare == nil || r.Best > s.BestShare.Difficulty) {
			s.BestShare = &BestShare{Difficulty: r.Best, Rig: r.Rig}
		}
	}
	if s.BestShare != nil && s.Difficulty != nil {
		part := s.BestShare.Difficulty / *s.Difficulty
		s.BestShare.Part = &part
	}
}
