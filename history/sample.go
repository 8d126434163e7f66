package history

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// Sample is what was counted in a span of time.
type Sample struct {
	// Covered is how much of the time was looked at, in seconds. Where a node was off, or
	// its machine asleep, nothing was.
	Covered float64
	// Hashes are those that this machine's devices computed, Work those that the rigs'
	// accepted shares took on average, of which there are Shares.
	Hashes, Work float64
	Shares       uint64
	// Expected is the blocks that all of that was to find on average.
	Expected float64
	// Difficulty is the latest, in hashes a block; 0 if none was known.
	Difficulty float64
	// Blocks were found, Measured of them by devices or rigs, whose work is counted.
	Blocks, Measured uint32
	// Starts is how often the process was started.
	Starts uint32
}

// Rate is the speed of devices and rigs together, in hashes a second; false if no time is
// covered.
func (s Sample) Rate() (perSecond float64, known bool) {
	if s.Covered <= 0 {
		return 0, false
	}
	return (s.Hashes + s.Work) / s.Covered, true
}

// Add adds what came later.
func (s *Sample) Add(o Sample) {
	s.Covered += o.Covered
	s.Hashes += o.Hashes
	s.Work += o.Work
	s.Shares += o.Shares
	s.Expected += o.Expected
	if o.Difficulty > 0 {
		s.Difficulty = o.Difficulty
	}
	s.Blocks += o.Blocks
	s.Measured += o.Measured
	s.Starts += o.Starts
}

// sampleSize is a Sample with its start on the disk: a version, the start in Unix seconds,
// and the fields in their order.
const (
	sampleVersion = 1
	sampleSize    = 1 + 8 + 5*8 + 8 + 3*4
)

func packSample(start int64, s Sample) []byte {
	b := make([]byte, 0, sampleSize)
	b = append(b, sampleVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(start))
	for _, v := range []float64{s.Covered, s.Hashes, s.Work, s.Expected, s.Difficulty} {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(v))
	}
	b = binary.BigEndian.AppendUint64(b, s.Shares)
	b = binary.BigEndian.AppendUint32(b, s.Blocks)
	b = binary.BigEndian.AppendUint32(b, s.Measured)
	return binary.BigEndian.AppendUint32(b, s.Starts)
}

func unpackSample(b []byte) (start int64, s Sample, err error) {
	if len(b) != sampleSize || b[0] != sampleVersion {
		return 0, s, fmt.Errorf("a slot of %d bytes: expected %d, the first %d", len(b), sampleSize, sampleVersion)
	}
	start = int64(binary.BigEndian.Uint64(b[1:]))
	b = b[9:]
	for _, v := range []*float64{&s.Covered, &s.Hashes, &s.Work, &s.Expected, &s.Difficulty} {
		*v, b = math.Float64frombits(binary.BigEndian.Uint64(b)), b[8:]
		if err := plausible(*v); err != nil {
			return 0, s, err
		}
	}
	s.Shares = binary.BigEndian.Uint64(b)
	s.Blocks, s.Measured, s.Starts = binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:]), binary.BigEndian.Uint32(b[16:])
	return start, s, checkStart(start)
}

// plausible is nil for what a counter can say.
func plausible(v float64) error {
	if !(v >= 0 && v <= math.MaxFloat64) {
		return fmt.Errorf("a slot has the value %v: expected a number from 0 on", v)
	}
	return nil
}

// lastStart is beyond what a clock says, and yet a time that all that reads it can print.
const lastStart = 1 << 37 // in the year 6325

func checkStart(start int64) error {
	if start < -lastStart || start > lastStart {
		return fmt.Errorf("a slot begins at the second %d", start)
	}
	return nil
}

// Span is how far back a series goes, and how fine it is.
type Span int

// The spans, from the finest to the coarsest.
const (
	Hour Span = iota // 10 s for an hour, in memory alone
	Day              // a minute for a day
	Week             // 5 minutes for a week
	Year             // an hour for 400 days
)

var spans = [...]Span{Hour, Day, Week, Year}

// Step is the length of a slot.
func (s Span) Step() time.Duration {
	return [...]time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, time.Hour}[s]
}

// Slots is how many of them are kept.
func (s Span) Slots() int { return [...]int{360, 1440, 2016, 9600}[s] }

// Length is how far back the span goes.
func (s Span) Length() time.Duration { return time.Duration(s.Slots()) * s.Step() }

// String is what the span is called: "1h", "24h", "7d" or "400d".
func (s Span) String() string { return [...]string{"1h", "24h", "7d", "400d"}[s] }

// ParseSpan is String's reverse.
func ParseSpan(text string) (Span, error) {
	for _, s := range spans {
		if s.String() == text {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%q: expected 1h, 24h, 7d or 400d", text)
}

// startOf is the start of the slot that a time is in, in Unix seconds.
func startOf(now time.Time, step time.Duration) int64 {
	width := int64(step / time.Second)
	unix := min(max(now.Unix(), -lastStart), lastStart-width)
	start := unix / width * width
	if start > unix { // Before 1970.
		start -= width
	}
	return start
}
