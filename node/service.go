package node

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// service tells the service manager that started this process, such as systemd, how the node
// is: that it starts, is up, its status line, that its loops go round, and that it stops.
// Where there is none it says nothing. Nothing on the way from a tip to a job waits for it.
// It is safe for concurrent use.
type service struct {
	// say sends a message; nil where nobody listens.
	say func(state string) error
	// watchdog is how long the manager waits for a sign of life; 0 if it does not.
	watchdog time.Duration
	log      *slog.Logger
	begun    time.Time // what loops are timed from

	up      chan struct{} // closed when the network has been joined
	ready   atomic.Bool   // the manager knows that the node is up
	started func()        // ends what says that the node starts

	mu        sync.Mutex
	accepting []*acceptLoop
}

// newService finds out by the environment whether a service manager listens.
func newService(log *slog.Logger) *service {
	s := &service{log: log, begun: time.Now(), up: make(chan struct{}), started: func() {}}
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return s
	}
	s.say = func(state string) error { _, err := daemon.SdNotify(false, state); return err }
	var err error
	if s.watchdog, err = daemon.SdWatchdogEnabled(false); err != nil {
		log.Warn("the service manager's watchdog is not served: it will end the node", "error", err)
	}
	return s
}

// tell sends a message of several lines, if anybody listens.
func (s *service) tell(lines ...string) {
	if s.say == nil {
		return
	}
	if err := s.say(strings.Join(lines, "\n")); err != nil {
		s.log.Warn("the service manager was not told", "what", lines[0], "error", err)
	}
}

const (
	// startPeriod is how often it is said that the node still starts, and startExtension how
	// much time that asks for each time.
	startPeriod, startExtension = 10 * time.Second, 30 * time.Second
	// longestStart is when it is no longer said: the manager then decides. Reading a chain
	// or converting a file takes minutes.
	longestStart = time.Hour
)

// starting says that the node starts, again and again until started is called or ctx ends:
// the manager would end what takes longer than it is used to.
func (s *service) starting(ctx context.Context) {
	if s.say == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, longestStart)
	ended := make(chan struct{})
	s.started = func() { cancel(); <-ended }
	go func() {
		defer close(ended)
		each := time.NewTicker(startPeriod)
		defer each.Stop()
		for {
			s.tell(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", startExtension.Microseconds()),
				fmt.Sprintf("STATUS=starting, for %v now", time.Since(s.begun).Round(time.Second)))
			select {
			case <-each.C:
			case <-ctx.Done():
				return
			}
		}
	}()
}

// accepts returns a listener whose loop the watchdog looks after.
func (s *service) accepts(name string, l net.Listener) net.Listener {
	loop := &acceptLoop{Listener: l, name: "the loop that accepts connections of " + name, service: s, begun: make(chan struct{})}
	loop.left.Store(int64(s.since()))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepting = append(s.accepting, loop)
	return loop
}

// acceptLoops are those of accepts.
func (s *service) acceptLoops() []*acceptLoop {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepting
}

// since is the time from the start.
func (s *service) since() time.Duration { return time.Since(s.begun) }

// statusPeriod is how often the service manager's status line is renewed.
const statusPeriod = 5 * time.Second

// tellService tells the service manager that the node is up, when it is: when all its ports
// are listened on, and it has joined the network. From then on it renews the status line.
func (n *Node) tellService(ctx context.Context) error {
	s := n.service
	if s.say == nil {
		return nil
	}
	begun := []<-chan struct{}{s.up}
	for _, loop := range s.acceptLoops() {
		begun = append(begun, loop.begun)
	}
	for _, each := range begun {
		select {
		case <-each:
		case <-ctx.Done():
			s.started()
			s.tell(daemon.SdNotifyStopping)
			return ctx.Err()
		}
	}
	s.started()
	s.tell(daemon.SdNotifyReady, "STATUS="+n.statusLine())
	s.ready.Store(true)
	each := time.NewTicker(statusPeriod)
	defer each.Stop()
	for {
		select {
		case <-each.C:
			s.tell("STATUS=" + n.statusLine())
		case <-ctx.Done():
			s.tell(daemon.SdNotifyStopping, "STATUS=stopping")
			return ctx.Err()
		}
	}
}

// reloading tells the service manager that files are read again, until the result is called.
func (s *service) reloading() (done func()) {
	if !s.ready.Load() {
		return func() {}
	}
	s.tell(daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()))
	return func() { s.tell(daemon.SdNotifyReady) }
}

// statusLine is what the log says of the node once a minute, as it stands there.
func (n *Node) statusLine() string {
	var line bytes.Buffer
	bare := slog.NewTextHandler(&line, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
			return slog.Attr{}
		}
		return a
	}})
	slog.New(bare).Info("", n.statusFields()...)
	return strings.TrimSpace(line.String())
}
