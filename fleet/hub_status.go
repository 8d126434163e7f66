package fleet

import "time"

// FrontStatus is what a Hub knows of a front.
type FrontStatus struct {
	Name string
	Key  PublicKey
	// Seen is when it was last heard of since the start; zero where it was not.
	Seen time.Time
	// Entries is how many of its shares, with those that were refused, were booked, and Blocks how many
	// blocks of its rigs the chain took, since the start.
	Entries, Blocks uint64
}

// Fronts are those that are let in, in no order.
func (h *Hub) Fronts() []FrontStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []FrontStatus
	for key, name := range h.cfg.Fronts {
		s := FrontStatus{Name: name, Key: key}
		if f := h.fronts[key]; f != nil {
			s.Seen, s.Entries, s.Blocks = f.seen, f.shares, f.blocks
		}
		all = append(all, s)
	}
	return all
}
