package fleet

import (
	"fmt"
	"slices"
	"sync"
)

// mostWaiting is how many messages may wait for a subscriber of a Memory.
const mostWaiting = 4096

// Memory is an Engine within a process, for tests.
type Memory struct {
	mu   sync.Mutex
	subs map[string][]*memorySub
	away bool
	over bool // it was closed
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
	switch {
	case len(data) > MostMessage:
		return fmt.Errorf("%w: %d bytes, expected at most %d", ErrTooLong, len(data), MostMessage)
	case m.over:
		return fmt.Errorf("%w: it was closed", ErrAway)
	case m.away:
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
	if m.over {
		return nil, fmt.Errorf("%w: it was closed", ErrAway)
	}
	m.subs[subject] = append(m.subs[subject], s)
	go func() {
		for {
			select {
			case data := <-s.waiting:
				select {
				case <-s.end: // Of two cases that are ready any may be taken.
					return
				default:
				}
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
	if m.away || m.over {
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
	m.over = true
	return nil
}
