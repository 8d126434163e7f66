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

// service tells the service manager that started this process, such as systemd, how the node or
// front is: that it starts, is up, its status line, that its loops go round, and that it stops.
// Where there is none it says nothing. Nothing on the way from a tip to a job waits for it.
// It is safe for concurrent use.
type service struct {
	// say sends a message; nil where nobody listens.
	say func(state string) error
	// watchdog is how long the manager waits for a sign of life; 0 if it does not.
	watchdog time.Duration
	log      *slog.Logger
	begun    time.Time // what loops are timed from

	up      chan struct{} // closed by isUp
	once    sync.Once
	ready   atomic.Bool // the manager knows that the node is up
	started func()      // ends what says that the node starts

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

// isUp says that what comes next is what the process is for: a node has joined the network, a front
// serves rigs or waits for a node to do so.
func (s *service) isUp() { s.once.Do(func() { close(s.up) }) }

// since is the time from the start.
func (s *service) since() time.Duration { return time.Since(s.begun) }

// statusPeriod is how often the service manager's status line is renewed.
const statusPeriod = 5 * time.Second

// report tells the service manager that the process is up, when it is: when isUp was called, and all
// ports are listened on. From then on it renews the status line, until ctx ends.
func (s *service) report(ctx context.Context, status func() []any) error {
	if s.say == nil {
		return nil
	}
	begun := s.up
	for ports := 0; ; ports++ {
		select {
		case <-begun:
		case <-ctx.Done():
			s.started()
			s.tell(daemon.SdNotifyStopping)
			return ctx.Err()
		}
		loops := s.acceptLoops()
		if ports == len(loops) {
			break
		}
		begun = loops[ports].begun
	}
	s.started()
	s.tell(daemon.SdNotifyReady, "STATUS="+statusLine(status()))
	s.ready.Store(true)
	each := time.NewTicker(statusPeriod)
	defer each.Stop()
	for {
		select {
		case <-each.C:
			s.tell("STATUS=" + statusLine(status()))
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

// statusLine is what the log says of the process once a minute, as it stands there.
func statusLine(fields []any) string {
	var line bytes.Buffer
	bare := slog.NewTextHandler(&line, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
			return slog.Attr{}
		}
		return a
	}})
	slog.New(bare).Info("", fields...)
	return strings.TrimSpace(line.String())
}
