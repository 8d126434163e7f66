//go:build engine

package natsserver

import (
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// mostWarnings is how many warnings a minute are logged as such: most are of what clients do.
const mostWarnings = 10

// logger is a server's. Its notices are details here.
type logger struct {
	log   *slog.Logger
	fatal chan string // the first reason not to start

	mu     sync.Mutex
	minute time.Time
	logged int
}

func newLogger(log *slog.Logger) *logger {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &logger{log: log, fatal: make(chan string, 1)}
}

func (l *logger) Noticef(format string, v ...any) {
	l.log.Debug("engine: " + fmt.Sprintf(format, v...))
}
func (l *logger) Debugf(string, ...any) {}
func (l *logger) Tracef(string, ...any) {}

func (l *logger) Warnf(format string, v ...any) {
	text := "engine: " + fmt.Sprintf(format, v...)
	l.mu.Lock()
	if now := time.Now(); now.Sub(l.minute) >= time.Minute {
		l.minute, l.logged = now, 0
	}
	l.logged++
	many := l.logged > mostWarnings
	l.mu.Unlock()
	if many {
		l.log.Debug(text)
		return
	}
	l.log.Warn(text)
}

// Errorf logs what clients do wrong, for the most part.
func (l *logger) Errorf(format string, v ...any) { l.Warnf(format, v...) }

// Fatalf takes why the server does not start.
func (l *logger) Fatalf(format string, v ...any) {
	select {
	case l.fatal <- fmt.Sprintf(format, v...):
	default:
	}
}
