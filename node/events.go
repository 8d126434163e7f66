package node

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

const (
	// mostStreams is how many readers there may be at once: a page that is shown holds one.
	mostStreams = 64
	// keptEvents is how many events a reader may miss and still go on without a gap, if no more came within the time that a reader
	// may take: where a farm of thousands of rigs goes, or comes, each is an event of the same moment.
	keptEvents = 1000
	// stepEvery is the time between two looks at the figures, rigsPerStep how many of them
	// pass between two looks at the rigs.
	stepEvery   = time.Second
	rigsPerStep = 5
	// shownBlocks is how many found blocks a snapshot has, the latest.
	shownBlocks = 20
)

// eventSources is where the events' figures come from.
type eventSources struct {
	status func() any // Stats, but for tests
	rigs   func(time.Time) (RigStatsList, error)
	// fates are the latest found blocks of the journal, the latest first, and describe puts
	// what else is known beside some.
	fates    func(last int) ([]mining.Fate, error)
	describe func([]mining.Fate) []FoundStats
	tip      func() mining.Tip
	log      *slog.Logger
}

// events is what has changed, as server-sent events. One goroutine looks, and makes the bytes
// of each event once for all readers. Whatever brings news leaves a mark, or a found block in a
// channel with room, and goes on. It is safe for concurrent use.
type events struct {
	sources eventSources
	tips    chan struct{}
	fates   chan mining.Fate
	missed  atomic.Bool // some found blocks did not get into the channel
	asked   chan chan<- snapshot
	read    chan rigsRead // has the rigs when they were read
	ended   chan struct{} // closed when no event comes any more

	seen  seen      // of run alone
	ready snapshot  // of run alone: the latest
	when  time.Time // of run alone: of the latest step
	steps int       // of run alone
	reads bool      // of run alone: the rigs are being read

	mu      sync.Mutex
	boot    string // the part of all identifiers that another run does not have
	kept    []keptEvent
	last    uint64        // the latest event's number; the first is 1
	changed chan struct{} // closed by the next event
	streams int
}

// keptEvent is what readers are sent, and since when.
type keptEvent struct {
	text []byte
	at   time.Time
}

// snapshot is all figures as of an event.
type snapshot struct {
	number uint64
	text   []byte
}

func newEvents(sources eventSources) *events {
	return &events{
		sources: sources, tips: make(chan struct{}, 1), fates: make(chan mining.Fate, keptEvents), asked: make(chan chan<- snapshot), read: make(chan rigsRead, 1),
		ended: make(chan struct{}), boot: strings.ToLower(rand.Text()[:8]), changed: make(chan struct{}),
	}
}

// tipChanged marks a new tip. It does not block.
func (e *events) tipChanged() {
	select {
	case e.tips <- struct{}{}:
	default:
	}
}

// found takes a found block whose life went on. It does not block: where a thousand of them
// wait, the journal is read again.
func (e *events) found(fate mining.Fate) {
	select {
	case e.fates <- fate:
	default:
		e.missed.Store(true)
	}
}

// run makes events until ctx ends, which ends the streams too.
func (e *events) run(ctx context.Context) error {
	defer close(e.ended)
	tick := time.NewTicker(stepEvery)
	defer tick.Stop()
	for {
		select {
		case fate := <-e.fates:
			e.lookAtBlock(fate)
		case <-e.tips:
			if e.open() > 0 {
				e.lookAtTip()
			}
		case read := <-e.read:
			e.takeRigs(read)
		case answer := <-e.asked:
			answer <- e.snapshot()
		case <-tick.C:
			if e.open() > 0 {
				e.step()
			} else {
				e.steps = 0 // Who comes after a while is to have the rigs of then, not of the last reader.
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// step looks at all figures.
func (e *events) step() {
	e.when = time.Now()
	e.lookAtTip()
	e.lookAtStatus()
	if e.steps%rigsPerStep == 0 {
		e.lookAtRigs()
	}
	e.steps++
	e.lookAtBlocks()
}

// snapshot is one of now, or of a moment ago.
func (e *events) snapshot() snapshot {
	if e.when.IsZero() || time.Since(e.when) >= stepEvery {
		e.step()
	}
	e.mu.Lock()
	number := e.last
	e.mu.Unlock()
	if e.ready.text == nil || e.ready.number != number {
		e.ready = snapshot{number, e.format(number, "snapshot", e.seen.all())}
	}
	return e.ready
}

// publish gives an event to all readers.
func (e *events) publish(name string, data []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last++
	now := time.Now()
	e.kept = append(e.kept, keptEvent{e.format(e.last, name, data), now})
	for len(e.kept) > keptEvents && now.Sub(e.kept[0].at) > readWithin {
		e.kept[0] = keptEvent{}
		e.kept = e.kept[1:]
	}
	close(e.changed)
	e.changed = make(chan struct{})
}

// format makes the bytes of an event; data is JSON, which has no line breaks.
func (e *events) format(number uint64, name string, data []byte) []byte {
	return fmt.Appendf(nil, "id: %s-%d\nevent: %s\ndata: %s\n\n", e.boot, number, name, data)
}

// since returns the events after a number, the number of the last of them, and what the next
// one closes; false if some of them are not kept any more.
func (e *events) since(number uint64) (texts [][]byte, last uint64, changed <-chan struct{}, kept bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if number > e.last || e.last-number > uint64(len(e.kept)) {
		return nil, 0, nil, false
	}
	for _, missed := range e.kept[uint64(len(e.kept))-(e.last-number):] {
		texts = append(texts, missed.text)
	}
	return texts, e.last, e.changed, true
}

// numberOf is the number of an event by its identifier; false if it is not one of this run
// that can be gone on from.
func (e *events) numberOf(id string) (uint64, bool) {
	boot, text, _ := strings.Cut(id, "-")
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil || boot != e.boot {
		return 0, false
	}
	_, _, _, kept := e.since(number)
	return number, kept
}

// enter lets a reader in, if there is room.
func (e *events) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.streams >= mostStreams {
		return false
	}
	e.streams++
	return true
}

func (e *events) leave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.streams--
}

// open is how many readers there are.
func (e *events) open() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.streams
}
