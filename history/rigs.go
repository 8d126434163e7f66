package history

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"
)

// RigSample is what a rig did in a span of time.
type RigSample struct {
	// Covered is how much of the time was looked at, in seconds, whether or not the rig was
	// there.
	Covered float64
	// Work is the hashes that the accepted shares took on average.
	Work               float64
	Accepted, Rejected uint64
}

// Rate is the rig's speed in hashes a second; false if no time is covered.
func (s RigSample) Rate() (perSecond float64, known bool) {
	if s.Covered <= 0 {
		return 0, false
	}
	return s.Work / s.Covered, true
}

func (s *RigSample) add(o RigSample) {
	s.Covered += o.Covered
	s.Work += o.Work
	s.Accepted += o.Accepted
	s.Rejected += o.Rejected
}

// rigTier is the rigs' slots of a week. Those that are on the disk are not in memory, but
// for the latest.
type rigTier struct {
	most   int // rigs in a slot
	recent []*rigSlot
	next   uint64
	names  map[string]*rigName
	nextID uint32
	last   map[string]RigTotals // the latest reading
	gone   []uint32             // names to be deleted on the disk
	swept  uint64               // the slot after which names were last forgotten
	// writing tells that what is not dirty may not be on the disk yet.
	writing bool
}

// rigSlot is what all rigs did in five minutes, by the ids of their names.
type rigSlot struct {
	seq     uint64
	start   int64
	dirty   bool
	covered float64
	byID    map[uint32]*RigSample
}

// rigName is what a name stands for on the disk.
type rigName struct {
	id    uint32
	dirty bool
	used  uint64 // the latest slot that has it
}

// mostPending is how many slots wait for the disk: a day's.
const mostPending = 288

func newRigTier(most int) *rigTier { return &rigTier{most: most, names: make(map[string]*rigName)} }

// slot is the one of a time, which is made if there is none.
func (t *rigTier) slot(now time.Time) *rigSlot {
	start := startOf(now, Week.Step())
	for i := len(t.recent) - 1; i >= max(0, len(t.recent)-lookBack); i-- {
		if t.recent[i].start == start {
			return t.recent[i]
		}
	}
	s := &rigSlot{seq: t.next, start: start, byID: make(map[uint32]*RigSample)}
	t.next++
	t.recent = append(t.recent, s)
	t.forget(mostPending)
	t.sweep()
	return s
}

// forget drops slots from memory that are on the disk, and the oldest of more than most
// that are not.
func (t *rigTier) forget(most int) {
	for len(t.recent) > lookBack && (!t.recent[0].dirty && !t.writing || len(t.recent) > most) {
		t.recent[0] = nil
		t.recent = t.recent[1:]
	}
}

// cover adds to the time that was looked at.
func (t *rigTier) cover(now time.Time, seconds float64) {
	s := t.slot(now)
	s.covered += seconds
	s.dirty = s.dirty || len(s.byID) > 0
}

// add counts what rigs did since the last reading.
func (t *rigTier) add(now time.Time, all []RigTotals) {
	s := t.slot(now)
	reading := make(map[string]RigTotals, len(all))
	for _, r := range all {
		reading[r.Name] = r
		old, known := t.last[r.Name]
		if t.last == nil {
			old, known = r, true // The first reading: what came before is not known.
		}
		did := RigSample{Work: r.Work, Accepted: r.Accepted, Rejected: r.Rejected}
		if known {
			did = RigSample{
				Work: grown(old.Work, r.Work), Accepted: grown(old.Accepted, r.Accepted), Rejected: grown(old.Rejected, r.Rejected),
			}
		}
		if r.Online || did.Accepted > 0 || did.Rejected > 0 {
			t.count(s, r.Name, did)
		}
	}
	t.last = reading
}

func (t *rigTier) count(s *rigSlot, name string, did RigSample) {
	each := s.byID[t.id(s, name)]
	if each == nil {
		if len(s.byID) >= t.most {
			name = OtherRigs
		}
		id := t.id(s, name)
		if each = s.byID[id]; each == nil {
			each = &RigSample{}
			s.byID[id] = each
		}
	}
	each.add(did)
	s.dirty = true
}

// id is that of a name, which is used in a slot.
func (t *rigTier) id(s *rigSlot, name string) uint32 {
	n := t.names[name]
	if n == nil && len(t.names) >= 4*t.most {
		name = OtherRigs
		n = t.names[name]
	}
	if n == nil {
		n = &rigName{id: t.nextID, dirty: true}
		t.nextID++
		t.names[name] = n
	}
	n.used = max(n.used, s.seq)
	return n.id
}

// oldest is the sequence number of the first slot that is kept.
func (t *rigTier) oldest() uint64 { return t.next - min(t.next, uint64(Week.Slots())) }

// sweep forgets the names that no slot has any more, once in as many slots as a day has.
func (t *rigTier) sweep() {
	if t.next < t.swept+mostPending {
		return
	}
	t.swept = t.next
	for name, n := range t.names {
		if n.used < t.oldest() {
			t.gone = append(t.gone, n.id)
			delete(t.names, name)
		}
	}
}

// A slot of rigs on the disk: a version, the start in Unix seconds, the time covered, and
// for each rig, by growing ids, the id, the work as a float32, and the counts of accepted
// and rejected shares, as far as they go.
const (
	rigsVersion = 1
	rigsHead    = 1 + 8 + 8
	rigSize     = 4 + 4 + 2 + 2
)

func (s *rigSlot) pack() []byte {
	ids := make([]uint32, 0, len(s.byID))
	for id := range s.byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	b := make([]byte, 0, rigsHead+rigSize*len(ids))
	b = append(b, rigsVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(s.start))
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(s.covered))
	for _, id := range ids {
		r := s.byID[id]
		b = binary.BigEndian.AppendUint32(b, id)
		b = binary.BigEndian.AppendUint32(b, math.Float32bits(float32(min(r.Work, math.MaxFloat32))))
		b = binary.BigEndian.AppendUint16(b, uint16(min(r.Accepted, math.MaxUint16)))
		b = binary.BigEndian.AppendUint16(b, uint16(min(r.Rejected, math.MaxUint16)))
	}
	return b
}

// rigBlob is a slot of rigs as it lies on the disk.
type rigBlob []byte

// check is nil if all of a blob makes sense.
func (b rigBlob) check() error {
	if len(b) < rigsHead || (len(b)-rigsHead)%rigSize != 0 || b[0] != rigsVersion {
		return fmt.Errorf("a slot of rigs of %d bytes: expected %d and some times %d, the first %d", len(b), rigsHead, rigSize, rigsVersion)
	}
	if err := plausible(b.covered()); err != nil {
		return err
	}
	for i := range b.rigs() {
		if i > 0 && b.id(i) <= b.id(i-1) {
			return fmt.Errorf("a slot of rigs has the id %d behind %d", b.id(i), b.id(i-1))
		}
		if err := plausible(b.sample(i).Work); err != nil {
			return err
		}
	}
	return checkStart(b.start())
}

func (b rigBlob) start() int64 { return int64(binary.BigEndian.Uint64(b[1:])) }

func (b rigBlob) covered() float64 { return math.Float64frombits(binary.BigEndian.Uint64(b[9:])) }

// rigs is how many there are.
func (b rigBlob) rigs() int { return (len(b) - rigsHead) / rigSize }

func (b rigBlob) id(i int) uint32 { return binary.BigEndian.Uint32(b[rigsHead+i*rigSize:]) }

func (b rigBlob) sample(i int) RigSample {
	r := b[rigsHead+i*rigSize:]
	return RigSample{
		Covered: b.covered(), Work: float64(math.Float32frombits(binary.BigEndian.Uint32(r[4:]))),
		Accepted: uint64(binary.BigEndian.Uint16(r[8:])), Rejected: uint64(binary.BigEndian.Uint16(r[10:])),
	}
}

// find is what a rig did, by its id.
func (b rigBlob) find(id uint32) (s RigSample, ok bool) {
	low, high := 0, b.rigs()
	for low < high {
		if middle := (low + high) / 2; b.id(middle) < id {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == b.rigs() || b.id(low) != id {
		return s, false
	}
	return b.sample(low), true
}

// unpack is pack's reverse, of a blob that makes sense.
func (b rigBlob) unpack(seq uint64) *rigSlot {
	s := &rigSlot{seq: seq, start: b.start(), covered: b.covered(), byID: make(map[uint32]*RigSample, b.rigs())}
	for i := range b.rigs() {
		r := b.sample(i)
		r.Covered = 0 // The slot has it.
		s.byID[b.id(i)] = &r
	}
	return s
}
