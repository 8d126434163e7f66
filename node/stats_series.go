package node

import (
	"time"

	"github.com/bytom-solo/bytom-solo/history"
)

// Series is totals, or a rig's, by slots of the same length, as /mining/api/v1/series has
// them. A slot that nobody counted is null in all of them.
type Series struct {
	// Span is 1h, 24h, 7d or 400d; of a rig it is 7d.
	Span string `json:"span"`
	Rig  string `json:"rig,omitempty"`
	// From is when the first slot begins, Step the length of each, in seconds.
	From time.Time `json:"from"`
	Step float64   `json:"step_seconds"`
	// Hashrate is in hashes a second, Band by what part the rigs' part of it may be off.
	Hashrate []*float64 `json:"hashrate"`
	Band     []*float64 `json:"band"`
	// Devices and Rigs are parts of it, Difficulty and Expected the hashes that a block took
	// and the blocks that were to be found on average. They are missing of a rig.
	Devices    []*float64 `json:"devices,omitempty"`
	Rigs       []*float64 `json:"rigs,omitempty"`
	Difficulty []*float64 `json:"difficulty,omitempty"`
	Expected   []*float64 `json:"expected_blocks,omitempty"`
	// Blocks are those found in this time, Starts the slots in which the node was started.
	Blocks []BlockStats `json:"blocks"`
	Starts []time.Time  `json:"starts"`
}

// series are the totals of a span.
func (n *station) series(span history.Span) Series {
	all := n.history.Series(span)
	s := newSeries(span, all.From, len(all.Points))
	s.Devices, s.Rigs = make([]*float64, len(all.Points)), make([]*float64, len(all.Points))
	s.Difficulty, s.Expected = make([]*float64, len(all.Points)), make([]*float64, len(all.Points))
	for i, p := range all.Points {
		if p == nil {
			continue
		}
		if p.Starts > 0 {
			s.Starts = append(s.Starts, s.From.Add(time.Duration(i)*span.Step()))
		}
		w := newHashrateWindow(*p)
		s.Hashrate[i], s.Devices[i], s.Rigs[i], s.Band[i] = w.Hashrate, w.Devices, w.Rigs, w.Band
		if s.Expected[i] = &w.Expected; p.Difficulty > 0 {
			s.Difficulty[i] = &p.Difficulty
		}
	}
	s.addBlocks(n.history)
	return s
}

// rigSeries is a rig's week; false if the history does not know it.
func (n *station) rigSeries(rig string) (Series, bool, error) {
	all, err := n.history.Rig(rig)
	if err != nil {
		return Series{}, false, err
	}
	s := newSeries(history.Week, all.From, len(all.Points))
	s.Rig, s.Hashrate = rig, ratesOf(all.Points, len(all.Points))
	known := false
	for i, p := range all.Points {
		if p == nil {
			continue
		}
		known = true
		if band, ok := history.Band(p.Accepted); ok {
			s.Band[i] = &band
		}
	}
	return s, known, nil
}

func newSeries(span history.Span, from time.Time, n int) Series {
	return Series{
		Span: span.String(), From: from, Step: span.Step().Seconds(), Hashrate: make([]*float64, n), Band: make([]*float64, n),
		Blocks: []BlockStats{}, Starts: []time.Time{},
	}
}

// addBlocks adds the found blocks of the series' time.
func (s *Series) addBlocks(h *history.History) {
	blocks, _ := h.Blocks()
	end := s.From.Add(time.Duration(float64(len(s.Hashrate))*s.Step) * time.Second)
	for _, b := range blocks {
		if !b.At.Before(s.From) && b.At.Before(end) {
			s.Blocks = append(s.Blocks, newBlockStats(b))
		}
	}
}
