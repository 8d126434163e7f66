package natsengine_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/fleet"
)

// eventually polls until what returns nil, and shows the last error where it does not.
func eventually(t *testing.T, what func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err = what(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

func reached(e fleet.Engine) func() error {
	return func() error {
		if ok, why := e.State(); !ok {
			return fmt.Errorf("the engine is not reached: %s", why)
		}
		return nil
	}
}

// inbox takes the messages of a subject.
type inbox struct {
	mu  sync.Mutex
	all [][]byte
}

func (in *inbox) take(data []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.all = append(in.all, bytes.Clone(data))
}

func (in *inbox) messages() [][]byte {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.all
}

func (in *inbox) has(n int) func() error {
	return func() error {
		if got := len(in.messages()); got != n {
			return fmt.Errorf("%d messages, expected %d", got, n)
		}
		return nil
	}
}

func subscribe(t *testing.T, e fleet.Engine, subject string) (in *inbox, cancel func()) {
	t.Helper()
	in = new(inbox)
	cancel, err := e.Subscribe(subject, in.take)
	if err != nil {
		t.Fatal(err)
	}
	return in, cancel
}

func publish(t *testing.T, e fleet.Engine, subject, text string) {
	t.Helper()
	if err := e.Publish(subject, []byte(text)); err != nil {
		t.Fatalf("publish %q to %s: %v", text, subject, err)
	}
}

// settle returns when what was published to e before has come to e's subscribers.
func settle(t *testing.T, e fleet.Engine) {
	t.Helper()
	in, cancel := subscribe(t, e, "settle")
	defer cancel()
	publish(t, e, "settle", "now")
	eventually(t, in.has(1))
}

// conform is what every Engine does. open returns a connection to the one engine of the test, and
// away takes that engine away or brings it back.
func conform(t *testing.T, open func() fleet.Engine, away func(bool)) {
	node, front := open(), open()
	eventually(t, reached(node))
	eventually(t, reached(front))
	t.Run("order", func(t *testing.T) {
		const many = 2000
		in, cancel := subscribe(t, front, "a.b")
		defer cancel()
		other, cancelOther := subscribe(t, front, "a.c")
		defer cancelOther()
		settle(t, front)
		for i := range many {
			publish(t, node, "a.b", fmt.Sprint(i))
		}
		eventually(t, in.has(many))
		for i, data := range in.messages() {
			if string(data) != fmt.Sprint(i) {
				t.Fatalf("message %d is %q", i, data)
			}
		}
		if got := other.messages(); len(got) != 0 {
			t.Errorf("%d messages of another subject came", len(got))
		}
	})
	t.Run("long messages", func(t *testing.T) {
		in, cancel := subscribe(t, front, "long")
		defer cancel()
		settle(t, front)
		longest := bytes.Repeat([]byte{7}, fleet.MostMessage)
		if err := node.Publish("long", longest); err != nil {
			t.Fatal(err)
		}
		if err := node.Publish("long", append(longest, 7)); !errors.Is(err, fleet.ErrTooLong) {
			t.Errorf("a message that is too long: %v, expected %v", err, fleet.ErrTooLong)
		}
		eventually(t, in.has(1))
		if !bytes.Equal(in.messages()[0], longest) {
			t.Error("another message came")
		}
	})
	t.Run("slow subscriber", func(t *testing.T) { slowSubscriber(t, node, front) })
	t.Run("cancel", func(t *testing.T) { cancels(t, node, front) })
	t.Run("away and back", func(t *testing.T) { awayAndBack(t, node, front, away) })
	t.Run("closed", func(t *testing.T) {
		if err := node.Close(); err != nil {
			t.Fatal(err)
		}
		if err := node.Publish("a", nil); !errors.Is(err, fleet.ErrAway) {
			t.Errorf("publish when closed: %v, expected %v", err, fleet.ErrAway)
		}
		if _, err := node.Subscribe("a", func([]byte) {}); !errors.Is(err, fleet.ErrAway) {
			t.Errorf("subscribe when closed: %v, expected %v", err, fleet.ErrAway)
		}
		if ok, _ := node.State(); ok {
			t.Error("a closed engine is reached")
		}
	})
}

// slowSubscriber has one subscriber that stands still: neither publishers nor others wait for it,
// and what it misses is the newest, so that what it gets is in order.
func slowSubscriber(t *testing.T, node, front fleet.Engine) {
	const many = 20000
	var got []string
	var mu sync.Mutex
	first, on := make(chan struct{}), make(chan struct{})
	cancel, err := front.Subscribe("slow", func(data []byte) {
		mu.Lock()
		defer mu.Unlock()
		if got = append(got, string(data)); len(got) == 1 {
			close(first)
			<-on
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	settle(t, front)
	publish(t, node, "slow", "0")
	<-first
	for i := 1; i < many; i++ {
		publish(t, node, "slow", fmt.Sprint(i))
	}
	settle(t, node)
	settle(t, front)
	close(on)
	eventually(t, func() error {
		publish(t, node, "slow", "end")
		mu.Lock()
		defer mu.Unlock()
		if got[len(got)-1] != "end" {
			return fmt.Errorf("%d messages, the last %q", len(got), got[len(got)-1])
		}
		return nil
	})
	mu.Lock()
	defer mu.Unlock()
	if len(got) >= many {
		t.Errorf("%d messages waited for a subscriber", len(got))
	}
	for i, text := range got[:1000] {
		if text != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, text)
		}
	}
}

// cancels has a subscription cancelled by its own receiver, with messages waiting.
func cancels(t *testing.T, node, front fleet.Engine) {
	var cancel func()
	var mu sync.Mutex
	calls := 0
	first, on, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	cancel, err := front.Subscribe("cancel", func([]byte) {
		mu.Lock()
		calls++
		mu.Unlock()
		close(first) // A second call would panic.
		<-on
		cancel()
		close(done)
	})
	if err != nil {
		t.Fatal(err)
	}
	settle(t, front)
	for range 10 {
		publish(t, node, "cancel", "")
	}
	<-first
	settle(t, front)
	close(on)
	<-done
	cancel() // Once more does no harm.
	publish(t, node, "cancel", "")
	settle(t, front)
	mu.Lock()
	defer mu.Unlock()
	if calls != 1 {
		t.Errorf("%d calls, expected 1", calls)
	}
}

// awayAndBack takes the engine away: what is published meanwhile never comes, and subscriptions,
// also those of the meantime, hold when it is back.
func awayAndBack(t *testing.T, node, front fleet.Engine, away func(bool)) {
	before, cancel := subscribe(t, front, "back")
	defer cancel()
	away(true)
	for _, e := range []fleet.Engine{node, front} {
		eventually(t, func() error {
			ok, why := e.State()
			if ok || why == "" {
				return fmt.Errorf("connected %v, detail %q, expected why it is not", ok, why)
			}
			return nil
		})
	}
	for range 100 {
		if err := node.Publish("back", []byte("stale")); !errors.Is(err, fleet.ErrAway) {
			t.Fatalf("publish while the engine is away: %v, expected %v", err, fleet.ErrAway)
		}
	}
	meanwhile, cancelMeanwhile := subscribe(t, front, "back")
	defer cancelMeanwhile()
	away(false)
	eventually(t, reached(node))
	eventually(t, reached(front))
	settle(t, front)
	publish(t, node, "back", "fresh")
	for _, in := range []*inbox{before, meanwhile} {
		eventually(t, in.has(1))
		if got := string(in.messages()[0]); got != "fresh" {
			t.Errorf("message %q came, expected what was published last", got)
		}
	}
}

func TestMemoryConforms(t *testing.T) {
	m := fleet.NewMemory()
	conform(t, func() fleet.Engine { return m }, m.SetAway)
}
