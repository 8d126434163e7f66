package history

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// RigSeries is what a rig did by slots of a week, from From on. A slot in which it was not
// there is nil, as is one that nobody counted.
type RigSeries struct {
	From   time.Time
	Points []*RigSample
}

// Rig is what a rig did in the latest week. Of a rig that is not known all is nil.
func (h *History) Rig(name string) (RigSeries, error) {
	from, n := window(h.cfg.Now(), Week)
	s := RigSeries{From: time.Unix(from, 0).UTC(), Points: make([]*RigSample, n)}
	h.mu.Lock()
	known, id := h.rigs.names[name] != nil, uint32(0)
	if known {
		id = h.rigs.names[name].id
	}
	h.mu.Unlock()
	if !known {
		return s, nil
	}
	err := h.eachRigSlot(from, n, func(i int, blob rigBlob) {
		did, ok := blob.find(id)
		if !ok {
			return
		}
		if s.Points[i] == nil {
			s.Points[i] = &RigSample{}
		}
		s.Points[i].add(did)
	})
	return s, err
}

// Rigs is what all rigs did in the latest slots of a week, added up in so many parts of the
// same length, of which parts times each is back.
func (h *History) Rigs(parts, each int) (map[string]RigSeries, error) {
	last, n := window(h.cfg.Now(), Week)
	used := min(n, parts*each)
	from := last + int64(n-used)*int64(Week.Step()/time.Second)
	byID := make(map[uint32]RigSeries)
	err := h.eachRigSlot(from, used, func(i int, blob rigBlob) {
		for k := range blob.rigs() {
			id := blob.id(k)
			s, ok := byID[id]
			if !ok {
				s = RigSeries{From: time.Unix(from, 0).UTC(), Points: make([]*RigSample, parts)}
				byID[id] = s
			}
			if s.Points[i/each] == nil {
				s.Points[i/each] = &RigSample{}
			}
			s.Points[i/each].add(blob.sample(k))
		}
	})
	byName := make(map[string]RigSeries, len(byID))
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, known := range h.rigs.names {
		if s, ok := byID[known.id]; ok {
			byName[name] = s
		}
	}
	return byName, err
}

// eachRigSlot visits the slots of the rigs that begin in n steps from a time on, each with
// its place. Those in memory are newer than what the disk has of them.
func (h *History) eachRigSlot(from int64, n int, visit func(i int, blob rigBlob)) error {
	h.mu.Lock()
	inMemory := make(map[uint64]rigBlob)
	for _, s := range h.rigs.recent {
		inMemory[s.seq] = s.pack()
	}
	oldest := h.rigs.oldest()
	h.mu.Unlock()
	look := func(blob rigBlob) {
		if i := (blob.start() - from) / int64(Week.Step()/time.Second); blob.start() >= from && i < int64(n) {
			visit(int(i), blob)
		}
	}
	err := h.viewRigSlots(func(seq uint64, blob rigBlob) {
		if inMemory[seq] == nil && seq >= oldest {
			look(blob)
		}
	})
	// In their order, so that sums are the same each time.
	for _, seq := range slices.Sorted(maps.Keys(inMemory)) {
		look(inMemory[seq])
	}
	return err
}

// viewRigSlots visits the slots of rigs on the disk.
func (h *History) viewRigSlots(visit func(seq uint64, blob rigBlob)) error {
	h.fileMu.RLock()
	defer h.fileMu.RUnlock()
	if h.file == nil {
		return nil
	}
	err := h.file.View(func(tx *bolt.Tx) error {
		return tx.Bucket(rigsBucket).ForEach(func(key, raw []byte) error {
			// The whole of a slot was looked at when the file was opened, or is of this run.
			if len(key) != 8 || len(raw) < rigsHead {
				return fmt.Errorf("a slot of rigs of %d bytes under a key of %d", len(raw), len(key))
			}
			visit(binary.BigEndian.Uint64(key), rigBlob(raw))
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("read the history %s: %w", h.cfg.Path, err)
	}
	return nil
}
