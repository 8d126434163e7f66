package outbox

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/ledger"
)

// badEngine loses messages, brings them late, out of order and more than once, and is away at times.
type badEngine struct {
	*fleet.Memory
	random *rand.Rand
	mu     sync.Mutex
	away   bool
	sent   int
}

func (b *badEngine) Publish(subject string, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent++
	if b.away {
		return fleet.ErrAway
	}
	copies := []int{0, 1, 1, 1, 1, 1, 1, 2, 3}[b.random.IntN(9)]
	for range copies {
		delay := time.Duration(b.random.ExpFloat64() * float64([]time.Duration{time.Millisecond, 100 * time.Millisecond, 3 * time.Second}[b.random.IntN(3)]))
		time.AfterFunc(delay, func() { _ = b.Memory.Publish(subject, data) })
	}
	return nil
}

func (b *badEngine) setAway(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

// bookingNode books as a ledger does, by the ledger's rules: what a flush has not brought to its
// disk is lost when it is restarted.
type bookingNode struct {
	t       *testing.T
	engine  fleet.Engine
	key     fleet.Key
	front   fleet.PublicKey
	mu      sync.Mutex
	term    uint64
	down    bool
	marks   map[uint64]uint64 // of epochs
	booked  []uint64          // entries
	onDisk  map[uint64]uint64
	written []uint64
	heard   map[uint64]bool // epochs to be acknowledged
}

func (n *bookingNode) take(data []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m, err := fleet.Open(data, "solonet", func(key fleet.PublicKey) bool { return key == n.front })
	if err != nil {
		n.t.Error(err)
		return
	}
	if n.down {
		return
	}
	b := m.Body.(*fleet.Batch)
	n.heard[b.Epoch] = true
	if b.Number == max(n.marks[b.Epoch]+1, b.Oldest) {
		if b.Number != n.marks[b.Epoch]+1 {
			n.t.Errorf("batch %d comes after %d, and those between are said to be booked", b.Number, n.marks[b.Epoch])
		}
		n.marks[b.Epoch] = b.Number
		n.booked = append(n.booked, numbers([]*fleet.Batch{b})...)
	}
}

// flush brings what was booked to the disk, and acknowledges it.
func (n *bookingNode) flush() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return
	}
	for epoch, number := range n.marks {
		n.onDisk[epoch] = number
	}
	n.written = slices.Clone(n.booked)
	for epoch := range n.heard {
		sealed, err := n.key.Seal("solonet", fleet.KindAck, &fleet.Ack{Epoch: epoch, Number: n.onDisk[epoch], Ledger: fleet.LedgerState{ID: "L", Term: n.term}})
		must(n.t, err)
		_ = n.engine.Publish(fleet.Subject(n.key.Public())+".to."+n.front.String(), sealed)
	}
	clear(n.heard)
}

// restart has it lose what is not on its disk.
func (n *bookingNode) restart(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
	n.term++
	n.marks = make(map[uint64]uint64)
	for epoch, number := range n.onDisk {
		n.marks[epoch] = number
	}
	n.booked = slices.Clone(n.written)
	clear(n.heard)
}

func (n *bookingNode) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.written)
}

// sendTest is a front that adds, and is restarted now and then.
type sendTest struct {
	t      *testing.T
	random *rand.Rand
	engine *badEngine
	node   *bookingNode
	key    fleet.Key
	path   string
	next   uint64

	outbox *Outbox
	stop   func()
}

func newSendTest(t *testing.T, seed uint64) *sendTest {
	random := rand.New(rand.NewPCG(seed, 1))
	s := &sendTest{t: t, random: random, key: fleet.NewKey(), path: filepath.Join(t.TempDir(), "outbox.db")}
	s.engine = &badEngine{Memory: fleet.NewMemory(), random: rand.New(rand.NewPCG(seed, 2))}
	s.node = &bookingNode{
		t: t, engine: s.engine, key: fleet.NewKey(), front: s.key.Public(),
		marks: make(map[uint64]uint64), onDisk: make(map[uint64]uint64), heard: make(map[uint64]bool),
	}
	s.start()
	return s
}

// start opens the outbox, and has it written and sent.
func (s *sendTest) start() {
	o, err := Open(Config{Path: s.path})
	must(s.t, err)
	sender := NewSender(SenderConfig{Outbox: o, Engine: s.engine, Key: s.key, Network: "solonet", Node: s.node.key.Public()})
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = o.Run(ctx) })
	parts.Go(func() { _ = sender.Run(ctx) })
	unsubscribe, err := s.engine.Subscribe(fleet.Subject(s.node.key.Public())+".to."+s.key.Public().String(), func(data []byte) {
		m, err := fleet.Open(data, "solonet", func(key fleet.PublicKey) bool { return key == s.node.key.Public() })
		must(s.t, err)
		sender.Ack(m.From, m.Body.(*fleet.Ack))
	})
	must(s.t, err)
	s.outbox = o
	s.stop = func() {
		unsubscribe()
		cancel()
		parts.Wait()
		must(s.t, o.Close())
	}
}

func (s *sendTest) add() {
	for range s.random.IntN(5) {
		s.outbox.Add(entry(s.next), func(err error) { must(s.t, err) })
		s.next++
	}
}

// TestAllIsBookedInOrder: whatever an engine does to messages, and however often the node and the
// front are restarted, in the end the node has booked what was added, each once and in its order.
func TestAllIsBookedInOrder(t *testing.T) {
	seeds := uint64(2)
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		seeds = 200
	}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			s := newSendTest(t, seed)
			unsubscribe, err := s.engine.Subscribe(fleet.Subject(s.node.key.Public())+".from", s.node.take)
			must(t, err)
			for range 500 {
				switch s.random.IntN(60) {
				case 0:
					s.node.restart(s.random.IntN(3) == 0)
				case 1:
					s.stop()
					s.start()
				case 2:
					s.engine.setAway(s.random.IntN(2) == 0)
				case 3, 4, 5, 6, 7, 8:
					s.node.flush()
				default:
					s.add()
				}
				time.Sleep(time.Duration(s.random.IntN(100)) * time.Millisecond)
			}
			s.engine.setAway(false)
			s.node.restart(false)
			for range 4000 {
				if s.outbox.Status() == (Status{Most: 1 << 30}) {
					break
				}
				time.Sleep(250 * time.Millisecond)
				s.node.flush()
			}
			if got := s.node.written; !slices.Equal(got, upTo(s.next)) {
				t.Errorf("seed %d: %d of %d entries are booked, or not in their order; %+v is left", seed, len(got), s.next, s.outbox.Status())
			}
			s.stop()
			time.Sleep(time.Minute) // What is on its way comes.
			unsubscribe()
			must(t, s.engine.Close())
			if s.next < 400 {
				t.Errorf("seed %d: %d entries are too few", seed, s.next)
			}
		})
	}
}

// TestANodeThatIsAwayIsNotFlooded: what is sent again and again comes ever less often, and few at a
// time; and all of it goes once the node is back.
func TestANodeThatIsAwayIsNotFlooded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSendTest(t, 1)
		for range 100 {
			s.outbox.Add(entry(s.next), nil)
			s.next++
			time.Sleep(60 * time.Millisecond)
		}
		s.engine.mu.Lock()
		s.engine.sent = 0
		s.engine.mu.Unlock()
		time.Sleep(10 * time.Minute)
		s.engine.mu.Lock()
		sent := s.engine.sent
		s.engine.mu.Unlock()
		if sent < 200 || sent > 260 {
			t.Errorf("%d messages in ten minutes, expected 4 each 10 s", sent)
		}
		unsubscribe, err := s.engine.Subscribe(fleet.Subject(s.node.key.Public())+".from", s.node.take)
		must(t, err)
		for range 4000 {
			if s.node.count() == int(s.next) {
				break
			}
			time.Sleep(250 * time.Millisecond)
			s.node.flush()
		}
		if n := s.node.count(); n != int(s.next) {
			t.Errorf("%d of %d are booked", n, s.next)
		}
		s.stop()
		unsubscribe()
		time.Sleep(time.Minute)
		must(t, s.engine.Close())
	})
}

// TestAFormerLedgersAcknowledgementIsNone: what another node's ledger has, or a copy of this one's
// that serves no more, is not the node's.
func TestAFormerLedgersAcknowledgementIsNone(t *testing.T) {
	o, err := Open(Config{Path: filepath.Join(t.TempDir(), "outbox.db")})
	must(t, err)
	node, other := fleet.NewKey().Public(), fleet.NewKey().Public()
	s := NewSender(SenderConfig{Outbox: o, Node: node})
	for n := range uint64(3) {
		o.Add(entry(n), nil)
		must(t, o.write())
	}
	s.Ledger(node, fleet.LedgerState{ID: "new", Term: 7})
	s.Ledger(other, fleet.LedgerState{ID: "its", Term: 9})
	for _, c := range []struct {
		from   fleet.PublicKey
		ack    fleet.Ack
		oldest uint64
	}{
		{node, fleet.Ack{Epoch: o.Epoch(), Number: 2, Ledger: fleet.LedgerState{ID: "old", Term: 6}}, 1},
		{other, fleet.Ack{Epoch: o.Epoch(), Number: 2, Ledger: fleet.LedgerState{ID: "its", Term: 9}}, 1},
		{node, fleet.Ack{Epoch: o.Epoch() + 1, Number: 2, Ledger: fleet.LedgerState{ID: "new", Term: 7}}, 1},
		{node, fleet.Ack{Epoch: o.Epoch(), Number: 2, Ledger: fleet.LedgerState{ID: "new", Term: 7}}, 3},
		{node, fleet.Ack{Epoch: o.Epoch(), Number: 1, Ledger: fleet.LedgerState{ID: "new", Term: 7}}, 3},
	} {
		s.Ack(c.from, &c.ack)
		if h, ok := o.head(); !ok || h.oldest != c.oldest {
			t.Errorf("after %+v the oldest is %+v, expected %d", c.ack, h, c.oldest)
		}
	}
	must(t, o.Close())
}

// BenchmarkSecond is a second of a front whose 1,000 rigs bring 2,000 shares: they are written in 20
// groups, sent and deleted.
func BenchmarkSecond(b *testing.B) {
	o, err := Open(Config{Path: filepath.Join(b.TempDir(), "outbox.db")})
	must(b, err)
	node := fleet.NewKey()
	s := NewSender(SenderConfig{Outbox: o, Engine: fleet.NewMemory(), Key: fleet.NewKey(), Network: "solonet", Node: node.Public()})
	entries := make([]ledger.Entry, 1000)
	for i := range entries {
		entries[i] = entry(uint64(i))
		entries[i].Rig = fmt.Sprint("bm1qxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.rig", i)
	}
	bytes := int64(0)
	for b.Loop() {
		for group := range 20 {
			for i := range 100 {
				o.Add(entries[(group*100+i)%len(entries)], func(error) {})
			}
			must(b, o.write())
			s.step(time.Now())
		}
		bytes += o.Status().Bytes
		h, _ := o.head()
		o.Booked(h.epoch, h.newest)
	}
	b.ReportMetric(float64(bytes)/float64(b.N)/2000, "bytes/share")
	must(b, o.Close())
}

// TestSenderSaysWhatItCantRead once, and not of what was booked meanwhile.
func TestSenderSaysWhatItCantRead(t *testing.T) {
	o, err := Open(Config{Path: filepath.Join(t.TempDir(), "outbox.db")})
	must(t, err)
	o.Add(entry(1), nil)
	must(t, o.write())
	var log bytes.Buffer
	s := NewSender(SenderConfig{Outbox: o, Engine: fleet.NewMemory(), Key: fleet.NewKey(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	h, _ := o.head()
	o.Booked(h.epoch, h.newest)
	if _, err := s.send(h, h.oldest); err == nil || log.Len() > 0 {
		t.Errorf("of a batch that is booked: %v, %s", err, &log)
	}
	o.Add(entry(2), nil)
	must(t, o.write())
	must(t, o.file.Close())
	for range 3 {
		if s.step(time.Now()).IsZero() {
			t.Error("it gives up")
		}
	}
	if strings.Count(log.String(), "level=ERROR") != 1 {
		t.Errorf("the log: %s", &log)
	}
}
