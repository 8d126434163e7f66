package fleet

import (
	"errors"
	"slices"
	"sync"
)

// Engine carries messages between a node and its fronts. Of what it carries it keeps nothing: what
// nobody has subscribed to, or what comes while it is away, is lost, and sent again by who needs
// it to come. It is safe for concurrent use.
type Engine interface {
	// Publish sends a message to the subscribers of a subject. It waits for none of them. Where
	// the engine can't be reached it returns an error at once, and nothing is sent later.
	Publish(subject string, data []byte) error
	// Subscribe has got called with the messages of a subject, one at a time and in order,
	// until cancel is called. It must not change data.
	Subscribe(subject string, got func(data []byte)) (cancel func(), err error)
	// State tells whether the engine is reached, and in words why not.
	State() (connected bool, detail string)
	// Close ends all subscriptions.
	Close() error
}

// ErrAway means that the engine can't be reached now.
var ErrAway = errors.New("the engine can't be reached")

// mostWaiting is how many messages may wait for a subscriber of a Memory.
const mostWaiting = 4096

// Memory is an Engine within a process, for tests.
type Memory struct {
	mu   sync.Mutex
	subs map[string][]*memorySub
	away bool
}

type memorySub struct {
	waiting chan []byte
	end     chan struct{}
	once    sync.Once
}

// NewMemory returns an Engine without subscribers.
func NewMemory() *Memory { return &Memory{subs: make(map[string][]*memorySub)} }

// Publish implements Engine. A subscriber with too many messages waiting misses this one.
func (m *Memory) Publish(subject string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return ErrAway
	}
	for _, s := range m.subs[subject] {
		select {
		case s.waiting <- data:
		default:
		}
	}
	return nil
}

// Subscribe implements Engine.
func (m *Memory) Subscribe(subject string, got func([]byte)) (cancel func(), err error) {
	s := &memorySub{waiting: make(chan []byte, mostWaiting), end: make(chan struct{})}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.subs[subject] = append(m.subs[subject], s)
	go func() {
		for {
			select {
			case data := <-s.waiting:
				got(data)
			case <-s.end:
				return
			}
		}
	}()
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.subs[subject] = slices.DeleteFunc(m.subs[subject], func(o *memorySub) bool { return o == s })
		s.once.Do(func() { close(s.end) })
	}, nil
}

// SetAway has the engine be away, or back.
func (m *Memory) SetAway(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

// State implements Engine.
func (m *Memory) State() (connected bool, detail string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return false, ErrAway.Error()
	}
	return true, ""
}

// Close implements Engine.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, subs := range m.subs {
		for _, s := range subs {
			s.once.Do(func() { close(s.end) })
		}
	}
	clear(m.subs)
	return nil
}
