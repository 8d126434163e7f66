package watch

import (
	"fmt"
	"time"
)

// Status is a source and what is known of it; what is not known is null.
type Status struct {
	// Source is its URL without its secrets.
	Source string `json:"source"`
	// Up means that it sends work; Error says why it does not.
	Up    bool    `json:"up"`
	Error *string `json:"error"`
	// Height is that of the last block of its chain, which Parent is, and Ahead by how many
	// blocks that chain is longer than ours, a negative number if it is shorter.
	Height *uint64 `json:"height"`
	Ahead  *int64  `json:"ahead"`
	Parent *string `json:"parent"`
	// Bits, 16 hexadecimal characters, and Seed are those of the block that it looks for.
	Bits *string `json:"bits"`
	Seed *string `json:"seed"`
	// Last is when it last sent work.
	Last *time.Time `json:"last"`
	// Alarm is the id of the worst alarm that it has raised.
	Alarm *string `json:"alarm"`
}

// Sources are all sources, in their order, never nil.
func (w *Watcher) Sources() []Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]Status, 0, len(w.sources))
	for _, s := range w.sources {
		all = append(all, s.status())
	}
	return all
}

// status is the source's. The caller holds mu.
func (s *watched) status() Status {
	out := Status{Source: s.Name, Up: s.up}
	if text := s.err; !s.up && text != "" {
		out.Error = &text
	}
	if !s.heard.IsZero() {
		at := s.heard.UTC()
		out.Last = &at
	}
	if v := s.view; v != nil {
		height, parent, bits, seed := v.height-1, v.parent.String(), fmt.Sprintf("%016x", v.bits), v.seed.String()
		out.Height, out.Parent, out.Bits, out.Seed = &height, &parent, &bits, &seed
	}
	if f := s.found; f != nil {
		ahead := f.ahead
		out.Ahead = &ahead
	}
	for _, k := range Kinds() {
		if s.conditions[k].on {
			id := k.String()
			out.Alarm = &id
			break
		}
	}
	return out
}
