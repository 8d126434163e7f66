package node

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// loop is one without which the process looks alive and mines nothing. The watchdog asks it
// whether it goes round.
type loop struct {
	name string
	// ask returns when the loop has answered. It may hang with the loop.
	ask func(ctx context.Context) error
	// answered is when it last did, since the service began.
	answered atomic.Int64
}

// watchLoops has the service manager told that the node is alive, as long as each loop goes round:
// that of blocks into the chain, on which each tip comes; that of templates; those that accept
// connections. On a full disk the chain waits by intention, and templates with it.
func (n *Node) watchLoops(ctx context.Context) error {
	return n.service.watch(ctx, func() bool { return n.disk.ready() != nil },
		&loop{name: "the way of blocks into the chain", ask: func(context.Context) error { n.gate.Alive(); return nil }},
		&loop{name: "the builder of templates", ask: n.generator.Alive})
}

// watch tells the service manager again and again, until ctx ends, that the process is alive, as
// long as each loop goes round, those that accept connections too. A loop without work answers at
// once, so a node for which there is no new tip for an hour is alive. While excused returns true
// only those that accept connections count. A part that hangs for longer than the manager's
// watchdog has the process ended and started again.
func (s *service) watch(ctx context.Context, excused func() bool, loops ...*loop) error {
	if s.say == nil || s.watchdog == 0 {
		return nil
	}
	for _, l := range loops {
		l.answered.Store(int64(s.since()))
		go l.keepAsking(ctx, s)
	}
	each := time.NewTicker(s.watchdog / 4)
	defer each.Stop()
	logged := ""
	for {
		switch hangs, since := s.hanging(loops, excused()); {
		case hangs == "":
			s.tell(daemon.SdNotifyWatchdog)
			logged = ""
		case hangs != logged:
			s.log.Error("a part of this process hangs: unless that ends, the service manager starts it again", "part", hangs, "for", since.Round(time.Second))
			logged = hangs
		}
		select {
		case <-each.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// keepAsking asks a loop until ctx ends, or for ever if it hangs.
func (l *loop) keepAsking(ctx context.Context, s *service) {
	each := time.NewTicker(s.watchdog / 8)
	defer each.Stop()
	for {
		if err := l.ask(ctx); err == nil {
			l.answered.Store(int64(s.since()))
		}
		select {
		case <-each.C:
		case <-ctx.Done():
			return
		}
	}
}

// hanging is the first loop that has not gone round for half of the watchdog's time, and for
// how long; excused, only loops that accept connections are looked at.
func (s *service) hanging(loops []*loop, excused bool) (name string, since time.Duration) {
	if !excused {
		for _, l := range loops {
			if since := s.since() - time.Duration(l.answered.Load()); since > s.watchdog/2 {
				return l.name, since
			}
		}
	}
	for _, l := range s.acceptLoops() {
		if since := l.away(); since > s.watchdog/2 {
			return l.name, since
		}
	}
	return "", 0
}

// acceptLoop is a listener that knows whether the loop that accepts from it goes round: it
// does while it waits here, for a connection or for one of as many as there may be to end.
type acceptLoop struct {
	net.Listener
	name    string
	service *service
	once    sync.Once
	begun   chan struct{} // closed by the first Accept
	left    atomic.Int64  // when Accept last returned, since the service began; 0 while it waits
}

// Accept satisfies net.Listener.
func (l *acceptLoop) Accept() (net.Conn, error) {
	l.left.Store(0)
	l.once.Do(func() { close(l.begun) })
	defer func() { l.left.Store(int64(l.service.since())) }()
	return l.Listener.Accept()
}

// away is for how long the loop has not waited for a connection.
func (l *acceptLoop) away() time.Duration {
	if left := l.left.Load(); left != 0 {
		return l.service.since() - time.Duration(left)
	}
	return 0
}
