package history

import (
	"bytes"
	"testing"
)

// FuzzStored has any bytes for what is stored: they are refused, or read as what they are.
func FuzzStored(f *testing.F) {
	slot := &rigSlot{start: 1772323200, covered: 300, byID: map[uint32]*RigSample{1: {Work: 5, Accepted: 2}, 7: {Rejected: 1}}}
	f.Add(packSample(1772323200, Sample{Covered: 60, Hashes: 1, Work: 2, Shares: 3, Expected: 4, Difficulty: 5, Blocks: 6, Measured: 5, Starts: 7}))
	f.Add(slot.pack())
	f.Add([]byte(`{"at":"2026-03-01T00:00:00Z","height":1,"hash":"00","measured":true,"effort":0.5}`))
	f.Add([]byte(`{"seen":1,"effort":0.5,"slots":[1,2,3,4],"rigs":5,"names":6,"blocks":7}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if start, s, err := unpackSample(raw); err == nil {
			if again := packSample(start, s); !bytes.Equal(again, raw) && s != (Sample{}) {
				start2, s2, err := unpackSample(again)
				if start2 != start || s2 != s || err != nil {
					t.Errorf("%x is read as %+v, which is %x", raw, s, again)
				}
			}
			if rate, known := s.Rate(); known && !(rate >= 0) {
				t.Errorf("%x has the rate %v", raw, rate)
			}
		}
		if blob := rigBlob(raw); blob.check() == nil {
			unpacked := blob.unpack(3)
			again := rigBlob(unpacked.pack())
			if again.rigs() != blob.rigs() || again.check() != nil || again.start() != blob.start() {
				t.Errorf("%x is read as what %x is", raw, again)
			}
			for i := range blob.rigs() {
				did, ok := blob.find(blob.id(i))
				if !ok || did != blob.sample(i) || did != again.sample(i) {
					t.Errorf("%x: rig %d is %+v %v, expected %+v", raw, blob.id(i), did, ok, blob.sample(i))
				}
			}
			if _, ok := blob.find(1 << 31); ok && unpacked.byID[1<<31] == nil {
				t.Errorf("%x has a rig that it has not", raw)
			}
		}
		if b, err := unpackBlock(raw); err == nil && !(b.Effort >= 0) {
			t.Errorf("%s has the effort %v", raw, b.Effort)
		}
		if s, err := unpackState(raw); err == nil && !(s.Effort >= 0) {
			t.Errorf("%s has the effort %v", raw, s.Effort)
		}
	})
}
